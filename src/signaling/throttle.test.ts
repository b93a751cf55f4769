import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Throttle } from './throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function throttle(limit: number, queueSize: number) {
  const out: number[][] = [];
  const it = new Throttle<number>({ limit, windowMs: 500, queueSize, out: (items) => void out.push(items) });
  return { it, out };
}

describe('a throttle', () => {
  it('lets everything through without a limit', () => {
    const { it, out } = throttle(0, 0);
    for (let i = 0; i < 5; i++) it.push(i);
    expect(out).toHaveLength(5);
  });

  it('makes what is too much wait for the next window', () => {
    const { it, out } = throttle(2, 10);
    for (let i = 0; i < 5; i++) it.push(i);
    expect(out).toEqual([[0], [1]]);
    vi.advanceTimersByTime(500);
    expect(out.at(-1)).toEqual([2, 3]);
    vi.advanceTimersByTime(500);
    expect(out.at(-1)).toEqual([4]);
  });

  it('drops what finds no place in the queue, the oldest first', () => {
    const { it, out } = throttle(1, 2);
    for (let i = 0; i < 6; i++) it.push(i);
    vi.advanceTimersByTime(2000);
    expect(out).toEqual([[0], [4], [5]]);
  });

  it('gives out nothing after it was closed', () => {
    const { it, out } = throttle(1, 5);
    it.push(1);
    it.push(2);
    it.close();
    vi.advanceTimersByTime(1000);
    expect(out).toEqual([[1]]);
  });
});
