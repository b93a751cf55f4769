// Finds or makes the mediasoup-worker binary: given in the environment, in this machine's cache, mediasoup's official
// prebuilt one, or built here. The cache is shared by all checkouts of a user and keyed by everything that decides
// whether a binary fits: mediasoup's version, the platform, the distribution (a build links to its libraries) and
// our build kit.

import { createHash } from 'node:crypto';
import { accessSync, constants, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command.mjs';
import { BUILD_PACKAGES, buildMediaWorker } from './media-worker/build.mjs';
import { beginStep } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { withSetupLock } from './setup-lock.mjs';
import { installDebianPackages, isDebianLike, missingDebianPackages, readOsRelease } from './system-packages.mjs';

const DOWNLOAD_TIMEOUT_MS = 60_000;
const CHECK_TIMEOUT_MS = 10_000;

// The worker's way of saying "I run here, but nobody who knows the protocol started me" (its main.cpp).
const NOT_STARTED_BY_MEDIASOUP = 41;

const kitFolder = join(dirname(fileURLToPath(import.meta.url)), 'media-worker');
const binaryName = process.platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker';

/** Returns the path of a worker that runs on this machine. */
export async function ensureMediaWorker(root, env = process.env) {
  if (env.MEDIASOUP_WORKER_BIN) return givenWorker(env.MEDIASOUP_WORKER_BIN);
  const packageFolder = join(root, 'node_modules', 'mediasoup');
  const cached = cachedWorkerPath(packageFolder, env);
  if (await runsHere(cached)) return cached;

  const step = beginStep('media worker');
  try {
    mkdirSync(dirname(cached), { recursive: true });
    const onWait = (pid) => step.update({ note: `waiting for another set-up, process ${pid}` });
    step.done(await withSetupLock(`${dirname(cached)}.lock`, onWait, () => fillCache(packageFolder, cached, step)));
  } catch (error) {
    step.failed();
    throw error;
  }
  return cached;
}

/** Returns where the worker came from, in words. */
async function fillCache(packageFolder, cached, step) {
  if (await runsHere(cached)) return "from this machine's cache";
  // Whatever is here was left by a set-up that was killed.
  for (const name of readdirSync(dirname(cached))) rmSync(join(dirname(cached), name), { recursive: true });
  const draft = join(dirname(cached), `draft-${binaryName}`);
  const source = (await downloadPrebuilt(packageFolder, draft, step)) ?? (await build(packageFolder, draft, step));
  if (!(await runsHere(draft))) {
    throw new SetupError(
      'The media worker was built, but does not start on this machine. ' +
        'Point MEDIASOUP_WORKER_BIN at a mediasoup-worker that does, and run this again.',
    );
  }
  renameSync(draft, cached);
  return source;
}

function givenWorker(given) {
  const path = resolve(given);
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    const why = error.code === 'ENOENT' ? 'there is no such file' : 'it is not an executable file';
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is ${given}, but ${why}. Correct it, or unset it to let set-up provide the worker.`,
    );
  }
  return path;
}

function cachedWorkerPath(packageFolder, env) {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const { ID = process.platform, VERSION_ID = 'rolling' } = readOsRelease();
  const parts = ['mediasoup-worker', version, process.platform, process.arch, `${ID}${VERSION_ID}`, kitDigest()];
  const cacheRoot = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cacheRoot, 'roomful', parts.join('-'), binaryName);
}

function kitDigest() {
  const digest = createHash('sha256');
  const entries = readdirSync(kitFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.md'));
  // `parentPath` was called `path` before Node 20.12.
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
  for (const path of paths) digest.update(basename(path)).update(readFileSync(path));
  return digest.digest('hex').slice(0, 8);
}

async function runsHere(path) {
  // An empty environment: a variable could make the worker believe that mediasoup started it.
  const { code } = await runCommand(path, [], { env: {}, timeoutMs: CHECK_TIMEOUT_MS });
  return code === NOT_STARTED_BY_MEDIASOUP;
}

/**
 * mediasoup's install script knows the name and place of its prebuilt binaries and checks that they run. When it
 * gets none it starts its own build through Python, which would download more; a Python that does not exist ends it
 * there.
 */
async function downloadPrebuilt(packageFolder, output, step) {
  step.update({ note: "downloading mediasoup's prebuilt binary" });
  const env = { ...process.env, PYTHON: join(packageFolder, 'no-python') };
  const { code } = await runCommand(process.execPath, ['npm-scripts.mjs', 'postinstall'], {
    cwd: packageFolder,
    env,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  step.update({ note: '' });
  if (code !== 0) return undefined;
  copyFileSync(join(packageFolder, 'worker', 'out', 'Release', binaryName), output);
  return "downloaded mediasoup's prebuilt binary";
}

async function build(packageFolder, output, step) {
  if (process.platform !== 'linux') {
    throw new SetupError(
      "mediasoup's prebuilt worker could not be downloaded, and this platform has no build of ours. " +
        'Give this machine access to the download (MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL names a mirror), ' +
        'or point MEDIASOUP_WORKER_BIN at a mediasoup-worker.',
    );
  }
  if (isDebianLike()) {
    const missing = missingDebianPackages(BUILD_PACKAGES);
    if (missing.length > 0) {
      await installDebianPackages(
        step,
        missing,
        "mediasoup's prebuilt worker could not be downloaded; building the media worker here",
      );
    }
  }
  await buildMediaWorker({ packageFolder, output, step });
  return 'built here, kept for next time';
}
