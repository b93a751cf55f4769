import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { StallTimer } from './stall.ts';

it('ends what has not moved for its time, and nothing that moves', () => {
  vi.useFakeTimers();
  using stall = new StallTimer(1_000);
  for (let i = 0; i < 100; i++) {
    vi.advanceTimersByTime(900);
    stall.moved();
  }
  expect(stall.signal.aborted).toBe(false);
  stall.moved(5_000);
  vi.advanceTimersByTime(5_900);
  expect(stall.signal.aborted).toBe(false);
  vi.advanceTimersByTime(200);
  expect(stall.signal.reason).toMatchObject({ message: 'nothing moved for 1 s' });
  vi.useRealTimers();
});

it('ends nothing once it is disposed of', async () => {
  const stall = new StallTimer(1);
  stall[Symbol.dispose]();
  using other = new StallTimer(1);
  await once(other.signal, 'abort');
  expect(stall.signal.aborted).toBe(false);
});
