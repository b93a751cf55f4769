import { expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { createLogger } from '../log.ts';
import type { EgressStore } from './ports.ts';
import { WaitingLine } from './waiting-line.ts';

it('lets owners take turns, and serves each in the order of its coming', async () => {
  const store = { handOver: async () => undefined } as unknown as EgressStore;
  const line = new WaitingLine({ store, log: createLogger('silent') });
  for (const id of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'])
    await line.join(anEgress({ id, ownerId: id.slice(0, 1) }));
  const slots = new Map([['a', 1.5]]);
  const served: string[] = [];
  for (let next = line.next(slots); next; next = line.next(slots)) {
    served.push(next.id);
    line.leave(next.id);
    slots.set(next.ownerId, (slots.get(next.ownerId) ?? 0) + 1);
  }
  expect(served).toEqual(['b1', 'c1', 'b2', 'a1', 'a2', 'a3', 'a4']);
});
