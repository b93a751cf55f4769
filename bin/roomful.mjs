#!/usr/bin/env node
// `npx roomful …`: sets up whatever is missing, then runs the program on the Node.js that it is made for.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

/** As for `npm start`: V8 would keep 48 MB for what is young, of which a server with nothing to do needs a few. */
const NODE_FLAGS = ['--max-semi-space-size=8'];

/** Ctrl-C and SIGTERM are the program's to answer; we stay for its exit code. */
function run(command, commandArgs, stdio) {
  const child = spawn(command, commandArgs, { stdio });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

// What set-up says goes to the error output: the output of `roomful token` is the token alone.
const setUp = await run(process.execPath, [join(root, 'setup', 'setup.mjs')], ['inherit', 2, 2]);
if (setUp !== 0) process.exit(setUp);
const pinned = join(root, 'node_modules', '.bin', 'node');
process.exitCode = await run(
  existsSync(pinned) ? pinned : process.execPath,
  [...NODE_FLAGS, join(root, 'src', 'main.ts'), ...args],
  'inherit',
);
