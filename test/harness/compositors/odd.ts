// A compositor that does what its composition's id says: `silent`, `reports-once`, `reads-nothing` or `garbage`.
import type { FromChild, ToChild } from '../../../src/egress/ipc.ts';

const say = (message: FromChild) => process.send?.(message, undefined, undefined, () => undefined);
const STATS = { type: 'stats', cpu: 0, droppedTicks: 0, encodedFrames: 0, driftMs: 0, rssBytes: 0 } as const;

process.on('message', ({ egressId }: ToChild & { type: 'start' }) => {
  if (egressId === 'silent') return;
  say({ type: 'ready', port: 1234 });
  if (egressId === 'reports-once') say(STATS);
  if (egressId === 'garbage') process.send?.({ type: 'ready', port: 'many' });
  // For ever, so that nothing sent to it is read.
  if (egressId === 'reads-nothing') setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);
});
