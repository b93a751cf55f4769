import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addressGroup, FailedAttempts } from './attempts.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

test('whoever fails too often waits until the window has passed, others do not', () => {
  const attempts = new FailedAttempts(3, 10 * 60_000);
  for (let i = 0; i < 3; i++) {
    expect(attempts.waitMs('a')).toBe(0);
    attempts.failed('a');
  }
  vi.advanceTimersByTime(60_000);
  expect([attempts.waitMs('a'), attempts.waitMs('b')]).toEqual([9 * 60_000, 0]);
  vi.advanceTimersByTime(9 * 60_000);
  expect(attempts.waitMs('a')).toBe(0);
  attempts.failed('a');
  expect(attempts.waitMs('a')).toBe(0);
});

test('any number of strangers is forgotten again, the oldest first', () => {
  const attempts = new FailedAttempts(1, 10 * 60_000);
  for (let i = 0; i < 20_001; i++) attempts.failed(`stranger-${i}`);
  expect([attempts.waitMs('stranger-0'), attempts.waitMs('stranger-1') > 0]).toEqual([0, true]);
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8:1::9', '2001:db8:1::/64'],
  ['2001:db8:1:0:9:8:7:6', '2001:db8:1::/64'],
  ['2001::1:2:3:4:5', '2001:0:0:1::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['no address', 'no address'],
])('%s counts as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
