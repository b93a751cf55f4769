// Repeats a write that tells of something which has already happened until the database takes it: unlike a request it
// cannot be refused.

import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** After a database that is away for so long there is more to repair than this. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

export interface PersistOptions {
  /** An answer, and no failure: it is thrown at once. */
  isAnswer(error: unknown): boolean;
  onFailure(error: unknown, delayMs: number): void;
  /** Aborted when nobody can wait any longer; the last failure is thrown then. */
  signal?: AbortSignal;
  longestDelayMs?: number;
  giveUpAfterMs?: number;
}

/** `attempt` counts from 1: one that failed before may have been taken all the same. */
export async function persist<T>(write: (attempt: number) => Promise<T>, options: PersistOptions): Promise<T> {
  const { isAnswer, onFailure, signal, longestDelayMs = LONGEST_DELAY_MS, giveUpAfterMs = GIVE_UP_AFTER_MS } = options;
  const deadline = Date.now() + giveUpAfterMs;
  let delayMs = FIRST_DELAY_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await write(attempt);
    } catch (error) {
      if (isAnswer(error) || Date.now() > deadline || signal?.aborted) throw error;
      onFailure(error, delayMs);
    }
    // An abort ends the waiting, and the next failure is the last.
    await sleep(delayMs, undefined, signal && { signal }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }
}
