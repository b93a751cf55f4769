// Makes complete what an egress has written, and tells how it ended. A recording is worth waiting for: while the disk is
// full or away it is tried again, for days and over restarts.
import { inBackground } from '../kit/in-background.ts';
import { persist } from '../kit/persist.ts';
import type { Logger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import type { Failure, OutputEnd } from './composition.ts';
import type { Finished, Finisher } from './finisher.ts';
import type { Moves } from './moves.ts';
import type { MoveFacts } from './ports.ts';

export interface Written {
  /** Files, in order. */
  parts: readonly string[];
  /** Facts of the last of them, when its writer finished it. */
  file: OutputEnd['file'];
  failure: Failure | undefined;
}

const LONGEST_DELAY_MS = 60_000;
const GIVE_UP_AFTER_MS = 3 * 24 * 3600_000;
/** With less than this, what was stopped before its beginning could be noted had not begun. */
const LATE_NOTED_SECONDS = 10;
const NEVER_BEGAN = 'It was stopped before it had begun.';
/** What may be otherwise later, as the system says it and as FFmpeg does. */
const PASSING =
  /\b(ENOSPC|EDQUOT|EROFS|EIO|EACCES|EPERM|EMFILE|ENFILE|ENOMEM|EAGAIN|EBUSY|ESTALE)\b|no space left|quota exceeded|read-only file system|input\/output error|permission denied|too many open files|cannot allocate memory/i;

export class Completion {
  readonly #finisher: Finisher;
  readonly #moves: Moves;
  readonly #log: Logger;
  readonly #stopped = new AbortController();

  constructor(deps: { finisher: Finisher; moves: Moves; log: Logger }) {
    this.#finisher = deps.finisher;
    this.#moves = deps.moves;
    this.#log = deps.log;
  }

  /** Rejects when it is left to the next start. */
  async complete(egress: Egress, written: Written): Promise<void> {
    const finished = await this.#finish(egress, written);
    const isKept = written.failure !== undefined || (await this.#hasBegun(egress, finished));
    const reason = written.failure?.reason ?? (isKept ? finished.failure : NEVER_BEGAN);
    const facts: Partial<MoveFacts> = {
      ...(isKept && finished.file && { file: finished.file }),
      ...(isKept && finished.uploads && { uploads: finished.uploads }),
    };
    // What ended by itself was never asked to stop.
    if (reason === undefined) await this.#moves.move(egress, 'stopping', {});
    const done =
      reason === undefined
        ? await this.#moves.move(egress, 'completed', facts)
        : await this.#moves.move(egress, 'failed', { ...facts, reason, isCalledOff: !isKept });
    if (!isKept) await this.#discard(egress, finished);
    else if (done && finished.failure === undefined) await this.#finisher.settled(done);
    const level = reason === undefined ? 'info' : 'warn';
    this.#log[level]({ egressId: egress.id, kind: egress.kind, reason, file: done?.file?.key }, 'egress.ended');
  }

  /** What could not be done now is left to the next start. */
  giveUp(): void {
    this.#stopped.abort();
  }

  /** Tries until it is done, or cannot be. */
  async #finish(egress: Egress, { parts, file }: Written): Promise<Finished> {
    const facts = { egressId: egress.id };
    try {
      return await persist(() => this.#finisher.finish(egress, parts, file), {
        isAnswer: (error) => !mayPass(error),
        onFailure: (error, delayMs) => {
          this.#log.warn({ ...facts, err: error, delayMs }, 'egress not finished yet');
          // It has ended, however long the rest takes.
          inBackground(this.#log, 'note of an end', () => this.#moves.move(egress, 'stopping', {}));
        },
        signal: this.#stopped.signal,
        longestDelayMs: LONGEST_DELAY_MS,
        giveUpAfterMs: GIVE_UP_AFTER_MS,
      });
    } catch (error) {
      if (this.#stopped.signal.aborted && mayPass(error)) throw error;
      // Its parts stay on this disk, for the operator.
      this.#log.error({ ...facts, err: error }, 'egress could not be finished');
      return { failure: (error as Error).message, file: undefined, uploads: undefined };
    }
  }

  /** Nothing of it has left this disk. */
  #discard({ id, folder }: Egress, { file }: Finished): Promise<void> {
    const key = file?.key ?? null;
    return this.#finisher.removeFromDisk({ egressId: id, folder, key, isFolder: file?.format === 'm3u8' });
  }

  /** Everything that is kept has had its beginning noted, unless the database was away for long. */
  async #hasBegun(egress: Egress, { file }: Finished): Promise<boolean> {
    if (egress.startedAt || (file && file.duration >= LATE_NOTED_SECONDS)) return true;
    return (await this.#moves.current(egress)).startedAt !== null;
  }
}

/** A process that was ended from outside may come through another time. */
function mayPass(error: unknown): boolean {
  const { code, message, cause } = error as NodeJS.ErrnoException & { cause?: { signal?: unknown } };
  return PASSING.test(`${code} ${message}`) || Boolean(cause?.signal);
}
