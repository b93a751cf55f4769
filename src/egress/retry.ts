// Starts that no caller waits for are tried again while the database is away.
import { AppError } from '../errors.ts';
import { persist } from '../kit/persist.ts';
import type { Logger } from '../log.ts';

/** Repeats work until it succeeds or is refused. */
export function retryUntilDecided<T>(
  work: () => Promise<T>,
  { log, stopping }: { log: Logger; stopping: AbortSignal },
): Promise<T> {
  return persist(work, {
    isAnswer: (error) => error instanceof AppError,
    onFailure: (error, delayMs) => log.warn({ err: error, delayMs }, 'egress not begun yet, trying again'),
    signal: stopping,
  });
}
