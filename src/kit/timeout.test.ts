import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { within } from './timeout.ts';

afterEach(() => vi.useRealTimers());

it('work in time gives its result or its error, and leaves no timer behind', async () => {
  vi.useFakeTimers();
  expect(await within(Promise.resolve(5), 1000)).toBe(5);
  await expect(within(Promise.reject(new Error('failed')), 1000)).rejects.toThrow('failed');
  expect(vi.getTimerCount()).toBe(0);
});

it('work that takes too long is late, and may still fail without harm', async () => {
  const work = sleep(30).then(() => Promise.reject(new Error('failed after it was given up')));
  expect(await within(work, 1)).toBe('late');
  await sleep(50);
});
