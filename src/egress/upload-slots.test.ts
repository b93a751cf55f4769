import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UploadSlots } from './upload-slots.ts';

const LIMITS = { uploadsAtOnce: 6, uploadsPerOwner: 4, uploadsPerHost: 2 };
const upload = (id: string, ownerId: string, host = 'here') => ({ id, ownerId, host });

function takeAll(slots: UploadSlots, due: ReturnType<typeof upload>[]): string[] {
  const taken: string[] = [];
  for (let next = slots.takeNext(due); next; next = slots.takeNext(due)) taken.push(next.id);
  return taken;
}

describe('slots of uploads', () => {
  it('go to owners in turn, and to the longest waiting of each', () => {
    const due = [...'abcdef'].map((id) => upload(id, 'ann', id)).concat(upload('z', 'bob'));
    expect(takeAll(new UploadSlots(LIMITS), due)).toEqual(['a', 'z', 'b', 'c', 'd']);
  });

  it('of one owner leave room for the others, and those to one host for other hosts', () => {
    const due = [...'abcdef'].map((id) => upload(id, 'ann', 'silent')).concat(upload('y', 'ann', 'good'));
    const slots = new UploadSlots(LIMITS);
    expect(takeAll(slots, due)).toEqual(['a', 'b', 'y']);
    // What others send to the same host is not held up by it.
    expect(takeAll(slots, [upload('z', 'bob', 'silent')])).toEqual(['z']);
    slots.free('a');
    expect(takeAll(slots, due)).toEqual(['a']);
  });

  it('are never more than allowed, whatever is due', () => {
    const queued = fc.record({ ownerId: fc.constantFrom('a', 'b', 'c'), host: fc.constantFrom('x', 'y', 'z') });
    fc.assert(
      fc.property(fc.array(queued, { maxLength: 40 }), (all) => {
        const due = all.map((one, index) => ({ ...one, id: String(index) }));
        const slots = new UploadSlots(LIMITS);
        const taken = takeAll(slots, due).map((id) => due[Number(id)]);
        const most = (of: (one: (typeof taken)[number]) => string) =>
          Math.max(0, ...Object.values(Object.groupBy(taken, of)).map((group) => group?.length ?? 0));
        expect(taken.length).toBeLessThanOrEqual(LIMITS.uploadsAtOnce);
        expect(most((one) => String(one?.ownerId))).toBeLessThanOrEqual(LIMITS.uploadsPerOwner);
        expect(most((one) => `${one?.ownerId} ${one?.host}`)).toBeLessThanOrEqual(LIMITS.uploadsPerHost);
      }),
    );
  });
});
