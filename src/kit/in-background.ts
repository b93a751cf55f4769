// Work that nobody waits for. Its failure is logged and ends there: a rejection that nobody handles ends the process.
import type { Logger } from 'pino';

/** Starts `work` now and does not wait for it. `what` names it in the log, such as `'heartbeat'`. Never throws. */
export function inBackground(log: Pick<Logger, 'error'>, what: string, work: () => unknown): void {
  const run = async () => {
    await work();
  };
  run().catch((error: unknown) => log.error({ err: error, what }, 'background work failed'));
}
