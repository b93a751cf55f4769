import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('lets ten seconds’ worth pass at once, then the rate', () => {
  const limit = new RateLimit(2, 0);
  const passed = (count: number, now: number) =>
    Array.from({ length: count }, () => limit.take(1, now)).filter(Boolean);
  expect(passed(30, 0)).toHaveLength(20);
  expect(passed(30, 1_000)).toHaveLength(2);
  expect(passed(30, 1_250)).toHaveLength(0);
  expect(passed(30, 1_500)).toHaveLength(1);
  expect(passed(30, 100_000)).toHaveLength(20);
});

it('takes nothing for what is too much at once', () => {
  const limit = new RateLimit(10, 0);
  expect(limit.take(101, 0)).toBe(false);
  expect(limit.take(100, 0)).toBe(true);
  expect(limit.take(1, 0)).toBe(false);
});
