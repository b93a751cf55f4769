// Builds mediasoup-worker from the C++ sources inside the mediasoup npm package, against the system's libraries.
//
// The package's own build downloads its third-party libraries. They are Meson subprojects, and Meson uses a folder
// of the expected name as it is; the folders under subprojects/ here stand in for them and resolve to what the
// distribution ships. Proven on Debian 12 (x86-64) with mediasoup 3.27.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteTail, runCommand } from '../command.mjs';
import { SetupError } from '../setup-error.mjs';

export const BUILD_PACKAGES = [
  'g++',
  'pkg-config',
  'meson',
  'ninja-build',
  'flatbuffers-compiler',
  'libflatbuffers-dev',
  'libuv1-dev',
  'libssl-dev',
  'libsrtp2-dev',
  'libabsl-dev',
];

// What the compiler takes for the largest of the worker's files, with room to spare.
const MEMORY_PER_JOB_BYTES = 1_000_000_000;

const kitFolder = dirname(fileURLToPath(import.meta.url));
const standIns = ['abseil-cpp', 'flatbuffers', 'libsrtp3', 'libuv', 'openssl', 'unordered-dense'];

/** Leaves the finished binary at `output`, which must lie in an existing folder of our own. */
export async function buildMediaWorker({ packageFolder, output, step }) {
  const work = mkdtempSync(join(dirname(output), 'build-'));
  try {
    prepareSources(packageFolder, work);
    await compile(work, output, step);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies the package's sources into the folder `work` and makes them fit the system's libraries. */
export function prepareSources(packageFolder, work) {
  cpSync(join(packageFolder, 'worker'), work, { recursive: true });
  placeStandIns(work);
  relaxMesonVersion(work);
  correctBioCallback(work);
}

function placeStandIns(work) {
  for (const name of standIns) {
    const folder = join(work, 'subprojects', subprojectFolder(work, name));
    mkdirSync(folder, { recursive: true });
    cpSync(join(kitFolder, 'subprojects', name), folder, { recursive: true });
  }
}

/** The folder Meson looks for carries the library's version; the package's wrap file says which. */
function subprojectFolder(work, name) {
  const wrap = readFileSync(join(work, 'subprojects', `${name}.wrap`), 'utf8');
  const directory = /^directory\s*=\s*(\S+)\s*$/m.exec(wrap)?.[1];
  if (directory === undefined) throw doesNotFit(`subprojects/${name}.wrap names no directory`);
  return directory;
}

/** Debian 12 ships Meson 1.0.1; the build file asks for 1.1 but uses nothing newer than 1.0. */
function relaxMesonVersion(work) {
  edit(join(work, 'meson.build'), (text) => text.replace(/meson_version: *'[^']*'/, "meson_version: '>= 1.0.0'"));
}

/**
 * OpenSSL's BIO callback is told the operation with the bit BIO_CB_RETURN or'ed in. The worker compares for equality,
 * so it loses the return value, and recent 3.0 releases (3.0.22 seen) then write through a bad pointer in the first
 * DTLS handshake: SIGSEGV, long after the worker has started well. OpenSSL 3.0.8, which the official binary
 * contains, happens to survive it.
 */
function correctBioCallback(work) {
  edit(join(work, 'src/RTC/DtlsTransport.cpp'), (text) => {
    const corrected = text.replaceAll(/operationType\s*==\s*BIO_CB_RETURN/g, 'operationType & BIO_CB_RETURN');
    if (/operationType\s*&\s*BIO_CB_RETURN/.test(corrected)) return corrected;
    throw doesNotFit('the BIO callback in src/RTC/DtlsTransport.cpp is no longer where the correction expects it');
  });
}

function doesNotFit(what) {
  return new SetupError(
    `The build of the media worker does not fit this version of mediasoup: ${what}. ` +
      'Bring setup/media-worker/build.mjs up to date, or point MEDIASOUP_WORKER_BIN at a worker built elsewhere.',
  );
}

function edit(path, change) {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

async function compile(work, output, step) {
  // The options are those of mediasoup's own release build.
  const options = ['--buildtype', 'release', '-Db_ndebug=true', '-Db_pie=true', '-Db_staticpic=true'];
  step.update({ note: 'configuring' });
  await mustRun(work, 'meson', ['setup', ...options, '--wrap-mode=nodownload', 'out']);

  step.update({ note: 'compiling', percent: 0 });
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / MEMORY_PER_JOB_BYTES)));
  await mustRun(work, 'ninja', ['-C', 'out', '-j', String(jobs), 'mediasoup-worker'], (line) => {
    const [, done, total] = /^\[(\d+)\/(\d+)\]/.exec(line) ?? [];
    if (total) step.update({ note: `compiling, ${done} of ${total}`, percent: (100 * done) / total });
  });
  step.update({ note: '' });
  await mustRun(work, 'strip', ['-o', output, 'out/mediasoup-worker']);
}

async function mustRun(cwd, command, args, onLine) {
  const { code, tail } = await runCommand(command, args, { cwd, onLine });
  if (code === 0) return;
  throw new SetupError(
    `Building the media worker failed in \`${command}\`:\n${quoteTail(tail)}\n` +
      `It needs these packages (names of Debian 12): ${BUILD_PACKAGES.join(' ')}. ` +
      'A worker built on another machine of the same kind can be used by pointing MEDIASOUP_WORKER_BIN at it.',
  );
}
