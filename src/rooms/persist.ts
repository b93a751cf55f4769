import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A database that is away longer than this has ended the session by its own heartbeat. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/**
 * Repeats a write that tells of something which has already happened (somebody left), until the database takes it:
 * unlike a join it cannot be refused.
 */
export async function persist(write: () => Promise<void>, log: Logger): Promise<void> {
  const deadline = Date.now() + GIVE_UP_AFTER_MS;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    try {
      await write();
      return;
    } catch (error) {
      if (error instanceof AppError || Date.now() > deadline) throw error;
      log.warn({ err: error, delayMs }, 'write to the database failed, trying again');
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}
