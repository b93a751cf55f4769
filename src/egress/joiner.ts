// Makes one file of the parts of a recording; see `joiner/main.ts`, which does it in a process of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment } from '../kit/child-process.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import { fits } from '../kit/validate.ts';
import { FileFacts } from './ipc.ts';

const PROGRAM = fileURLToPath(new URL('./joiner/main.ts', import.meta.url));
/** A day of recording is copied in minutes. */
const TIMEOUT_MS = 15 * 60_000;
const LAST_WORDS = 300;

/** After a crash there may be many recordings to join; each takes a process and much of the disk. */
const LANES = [new SerialQueue(), new SerialQueue()];
let joined = 0;

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  joined += 1;
  return (LANES[joined % LANES.length] as SerialQueue).run(work);
}

/** Joins parts, also such as break off, into `output`. Throws when none of them can be read. */
export async function joinParts(output: string, parts: readonly string[]): Promise<FileFacts> {
  const join = () =>
    promisify(execFile)(process.execPath, [PROGRAM, output, ...parts], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      env: childEnvironment(),
    });
  const { stdout } = await inTurn(join).catch((cause: { stderr?: string; message: string }) => {
    const words = (cause.stderr || cause.message).trim().slice(-LAST_WORDS).toWellFormed();
    throw new Error(`the parts could not be joined: ${words}`, { cause });
  });
  const facts: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (!fits(FileFacts, facts)) throw new Error('the joiner answered something else than facts');
  return facts;
}
