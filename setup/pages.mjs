// Builds the pages with Vite into dist/web, when what they are made from has changed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoteTail, runCommand } from './command.mjs';
import { beginStep } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { withSetupLock } from './setup-lock.mjs';

const BUILD_TIMEOUT_MS = 5 * 60_000;
/** Everything that a built page depends on; folders count with all that is in them. */
const MADE_FROM = ['web', join('src', 'protocol'), 'vite.config.ts', 'package-lock.json'];

export async function ensurePages(root) {
  if (isCurrent(root)) return;
  const step = beginStep('pages');
  try {
    const onWait = (pid) => step.update({ note: `waiting for another set-up, process ${pid}` });
    const result = await withSetupLock(join(root, '.setup.lock'), onWait, () => build(root));
    step.done(result);
  } catch (error) {
    step.failed();
    throw error;
  }
}

async function build(root) {
  // The other set-up we waited for has done it.
  const digest = sourceDigest(root);
  if (isCurrent(root, digest)) return 'built by another set-up';
  // Beside the old ones, which a running server may be sending.
  const fresh = join(root, 'dist', 'web.new');
  const node = join(root, 'node_modules', '.bin', 'node');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--logLevel', 'warn', '--outDir', fresh, '--emptyOutDir'];
  const { code, tail } = await runCommand(node, args, { cwd: root, timeoutMs: BUILD_TIMEOUT_MS });
  if (code !== 0) {
    throw new SetupError(`The pages could not be built. Vite says:\n\n${quoteTail(tail)}\n`);
  }
  writeFileSync(join(fresh, STAMP), digest);
  const target = join(root, 'dist', 'web');
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
  return 'built';
}

const STAMP = '.made-from';

function isCurrent(root, digest) {
  const stamp = join(root, 'dist', 'web', STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === (digest ?? sourceDigest(root));
}

/** Names and contents of everything the pages are made from; tests are not part of them. */
function sourceDigest(root) {
  const hash = createHash('sha256');
  for (const file of MADE_FROM.flatMap((path) => filesIn(root, path)).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(root, path) {
  if (path.includes('.test.')) return [];
  let entries;
  try {
    entries = readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
  return entries.flatMap(({ name }) => filesIn(root, join(path, name)));
}
