// New work is refused while what runs takes all there is. `@fastify/under-pressure` is made for this, but looks at the
// memory of the process, which opens a file: without descriptors that ends the process.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance } from 'fastify';
import { serverBusy } from '../errors.ts';
import type { Limits } from '../limits.ts';

const LOOK_EVERY_MS = 1_000;
const RESOLUTION_MS = 20;

/** Answers 503 to all but what has to be answered always, which says so in its route's config. */
export function refuseUnderPressure(
  app: FastifyInstance,
  limits: Pick<Limits, 'eventLoopDelayMs' | 'heapPercent'>,
): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let isBusy = false;
  const look = setInterval(() => {
    // Nothing is measured while the machine sleeps: that is no load.
    const delayMs = delays.count > 0 ? delays.mean / 1e6 - RESOLUTION_MS : 0;
    delays.reset();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    isBusy = delayMs > limits.eventLoopDelayMs || used > (limit * limits.heapPercent) / 100;
  }, LOOK_EVERY_MS);
  look.unref();
  app.addHook('onClose', async () => {
    clearInterval(look);
    delays.disable();
  });
  app.addHook('onRequest', ({ routeOptions }, _reply, done) => {
    const isRefused = isBusy && routeOptions.config?.openAs !== 'none';
    done(isRefused ? serverBusy('The server is overloaded; try again in a moment.') : undefined);
  });
}
