// Finds or fetches the RTMP server that livestreams are tested against: nginx with its RTMP module, as the system has it
// or out of Debian's packages, unpacked beside the media worker without being installed.
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { quoteTail, runCommand } from './command.mjs';
import { beginStep } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { isDebianLike, readOsRelease } from './system-packages.mjs';

const PACKAGES = ['nginx', 'libnginx-mod-rtmp'];
const PROGRAM = 'usr/sbin/nginx';
const MODULE = 'usr/lib/nginx/modules/ngx_rtmp_module.so';
const CHECK_TIMEOUT_MS = 10_000;

/** Returns the folder that holds both, or nothing where there is no way to have them: the test is left out there. */
export async function ensureTestRtmpServer(env = process.env) {
  if (isComplete('/')) return '/';
  const folder = cacheFolder(env);
  if (isComplete(folder)) return folder;
  if (!isDebianLike()) return undefined;
  const step = beginStep('RTMP server for the tests');
  try {
    await unpack(folder, step);
    step.done("unpacked from Debian's packages");
    return folder;
  } catch (error) {
    step.failed();
    throw error;
  }
}

function cacheFolder(env) {
  const { ID = process.platform, VERSION_ID = 'rolling' } = readOsRelease();
  const cacheRoot = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cacheRoot, 'roomful', `nginx-rtmp-${process.arch}-${ID}${VERSION_ID}`);
}

function isComplete(folder) {
  try {
    accessSync(join(folder, PROGRAM), constants.X_OK);
    return existsSync(join(folder, MODULE));
  } catch {
    return false;
  }
}

async function unpack(folder, step) {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    step.update({ note: 'downloading packages' });
    let result = await download(draft);
    if (result.code !== 0 && process.getuid?.() === 0) {
      // Package lists are absent in a fresh container and outdated on a machine that has rested.
      await runCommand('apt-get', ['-q', 'update']);
      result = await download(draft);
    }
    if (result.code !== 0) throw notFetched(result.tail);
    for (const name of readdirSync(draft).filter((name) => name.endsWith('.deb'))) {
      await runCommand('dpkg-deb', ['-x', join(draft, name), draft]);
      rmSync(join(draft, name));
    }
    const { code, tail } = await runCommand(join(draft, PROGRAM), ['-v'], { timeoutMs: CHECK_TIMEOUT_MS });
    if (code !== 0) throw notFetched(tail);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function download(folder) {
  // As another user apt could not write into the folder.
  return runCommand('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES], { cwd: folder });
}

function notFetched(tail) {
  return new SetupError(
    `Livestreams are tested against nginx, which could not be had from Debian's packages:\n${quoteTail(tail)}\n` +
      `Install it and run this again:\n\n    apt-get install --no-install-recommends ${PACKAGES.join(' ')}`,
  );
}
