// Work that nobody waits for. Its failure is logged and ends there: a rejection that nobody handles ends the process.

/** Where failures are written: a logger, or what brings them to one. */
interface FailureLog {
  error(facts: { err: unknown; what: string }, message: string): void;
}

/** Starts `work` now and does not wait for it. `what` names it in the log, such as `'heartbeat'`. Never throws. */
export function inBackground(log: FailureLog, what: string, work: () => unknown): void {
  const run = async () => {
    await work();
  };
  run().catch((error: unknown) => log.error({ err: error, what }, 'background work failed'));
}
