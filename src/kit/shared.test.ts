import { expect, it } from 'vitest';
import { shared } from './shared.ts';

it('does the work once for all who ask at once, and again for those who ask later', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const work = shared(async () => {
    await promise;
    return ++runs;
  });
  const asked = [work(), work()];
  resolve();
  expect(await Promise.all(asked)).toEqual([1, 1]);
  expect(await work()).toBe(2);
});

it('passes a failure on to all of them, and keeps none', async () => {
  let runs = 0;
  const work = shared(async () => {
    if (++runs === 1) throw new Error('away');
    return runs;
  });
  const asked = await Promise.allSettled([work(), work()]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await work()).toBe(2);
});
