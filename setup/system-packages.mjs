// Packages of the operating system, on Debian and its relatives: what is missing, and installing it when we may.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { quoteTail, runCommand } from './command.mjs';
import { SetupError } from './setup-error.mjs';

const APT_LOCK_WAIT_S = 300;

/** The fields of /etc/os-release; empty where there is none. */
export function readOsRelease() {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Not a Linux distribution of the usual kind.
  }
  const fields = text.matchAll(/^([A-Z_]+)="?(.*?)"?$/gm);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
}

export function isDebianLike(osRelease = readOsRelease()) {
  return [osRelease.ID, ...(osRelease.ID_LIKE ?? '').split(' ')].includes('debian');
}

export function missingDebianPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills these in.
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  // Some versions print `name:arch`.
  const installed = new Set([...(query.stdout ?? '').matchAll(/^([^ :]+)(?::\S+)? installed$/gm)].map(([, n]) => n));
  return names.filter((name) => !installed.has(name));
}

/** Installs packages when we are root; otherwise the error is the command to run. */
export async function installDebianPackages(step, names, purpose) {
  const byHand = `apt-get install --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new SetupError(`${purpose} needs system packages. Install them and run this again:\n\n    sudo ${byHand}`);
  }
  let result = await aptGet(step, ['install', '--no-install-recommends', ...names]);
  if (result.code !== 0) {
    // Package lists are absent in a fresh container and outdated on a machine that has rested.
    await aptGet(step, ['update']);
    result = await aptGet(step, ['install', '--no-install-recommends', ...names]);
  }
  if (result.code !== 0) {
    throw new SetupError(
      `${purpose} needs system packages, and apt-get could not install them:\n${quoteTail(result.tail)}\n` +
        `Install them by hand and run this again:\n\n    ${byHand}`,
    );
  }
}

async function aptGet(step, args) {
  step.update({ note: `apt-get ${args[0]}` });
  const settings = ['-y', '-q', '-o', 'APT::Status-Fd=1', '-o', `DPkg::Lock::Timeout=${APT_LOCK_WAIT_S}`];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  // Status lines look like `dlstatus:3:41.5:Retrieving …` and `pmstatus:meson:62.1:Unpacking …`.
  const onLine = (line) => {
    const status = /^(dlstatus|pmstatus):[^:]*:([\d.]+):/.exec(line);
    if (!status) return;
    const note = status[1] === 'dlstatus' ? 'downloading packages' : 'installing packages';
    step.update({ note, percent: Number(status[2]) });
  };
  const result = await runCommand('apt-get', [...settings, ...args], { env, onLine });
  const tail = result.tail.filter((line) => !/^(dl|pm)status:/.test(line));
  step.update({ note: '' });
  return { ...result, tail };
}
