import { AppError } from '../errors.ts';
import { persist as repeat } from '../kit/persist.ts';
import type { Logger } from '../log.ts';

/** Repeats a write of something that has happened (somebody left) until the database takes it. */
export function persist(write: () => Promise<void>, log: Logger): Promise<void> {
  return repeat(write, {
    isAnswer: (error) => error instanceof AppError,
    onFailure: (error, delayMs) => log.warn({ err: error, delayMs }, 'write to the database failed, trying again'),
  });
}
