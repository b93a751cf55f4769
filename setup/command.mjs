// Runs other programs. A program that fails, or does not exist, is an ordinary result: the caller knows what to
// tell the operator.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const TAIL_LINES = 30;
const KILL_GRACE_MS = 2_000;

/**
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, silenceMs?: number,
 *   onLine?: (line: string) => void }} [options] `silenceMs` ends a program that prints nothing for so long.
 * @returns {Promise<{ code: number, timedOut: boolean, tail: string[] }>} `tail`: the last lines of both outputs.
 */
export function runCommand(command, args, { cwd, env, timeoutMs, silenceMs, onLine } = {}) {
  return new Promise((resolve) => {
    const tail = [];
    const bounds = [];
    let timedOut = false;
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const finish = (code) => {
      for (const timer of bounds) clearTimeout(timer);
      resolve({ code, timedOut, tail });
    };
    const giveUp = () => {
      timedOut = true;
      child.kill('SIGTERM');
      // Grandchildren may hold the pipes open, so the end is not left to 'close' from here on.
      setTimeout(() => {
        child.kill('SIGKILL');
        finish(1);
      }, KILL_GRACE_MS).unref();
    };
    if (timeoutMs !== undefined) bounds.push(setTimeout(giveUp, timeoutMs));
    const silence = silenceMs === undefined ? undefined : setTimeout(giveUp, silenceMs);
    if (silence !== undefined) bounds.push(silence);

    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', () => silence?.refresh());
      createInterface({ input: stream }).on('line', (line) => {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        onLine?.(line);
      });
    }
    child.on('error', (error) => {
      tail.push(error.message);
      finish(127);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

/** The last lines, indented to stand under a sentence. */
export function quoteTail(tail, lines = 12) {
  return tail
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
