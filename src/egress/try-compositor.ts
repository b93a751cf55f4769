// Starts a compositor as a recording would, without anything to compose, and ends it again.
import { once } from 'node:events';
import type { Logger } from '../log.ts';
import { planOf } from './plan.ts';
import { EgressChild } from './supervisor.ts';

/** Longer than a recording waits: a machine that is slow now is not broken. */
const READY_TIMEOUT_MS = 15_000;
const EXIT_TIMEOUT_MS = 5_000;

/** Rejects with the reason when it could not be started. */
export async function tryCompositor(program: string, log: Logger): Promise<void> {
  const { config } = planOf('recording', {}, (url) => new URL(url));
  const child = EgressChild.launch(
    { program, log, readyTimeoutMs: READY_TIMEOUT_MS },
    { type: 'start', egressId: 'doctor', config, sinks: [] },
  );
  try {
    await child.ready;
    const gone = once(child, 'gone', { signal: AbortSignal.timeout(EXIT_TIMEOUT_MS) });
    child.finish();
    await gone;
  } finally {
    child.kill();
  }
}
