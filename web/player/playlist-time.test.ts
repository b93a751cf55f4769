import { expect, test } from 'vitest';
import { dateAt, timeAt } from './playlist-time.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
/** Two seconds each; a crash left five seconds out after the second one. */
const SEGMENTS = [0, 2, 9, 11].map((at, index) => ({
  start: index * 2,
  duration: 2,
  programDateTime: T0 + at * 1000,
}));

test.each([
  [0, 0],
  [3.5, 3.5],
  [4, 9],
  [7.25, 12.25],
  [9, 14],
])('what is at %d s was filmed at %d s', (time, filmed) => {
  expect(dateAt(SEGMENTS, time)).toBe(T0 + filmed * 1000);
});

test.each([
  [0, 0],
  [3.5, 3.5],
  [12.25, 7.25],
  [5, 4],
  [8.9, 4],
])('what was filmed at %d s is at %d s, and a break takes no time', (filmed, time) => {
  expect(timeAt(SEGMENTS, T0 + filmed * 1000)).toBeCloseTo(time, 6);
});

test('outside of the playlist there is nothing, and before it one can count back', () => {
  expect(timeAt(SEGMENTS, T0 - 1)).toBeUndefined();
  expect(timeAt(SEGMENTS, T0 + 13_000)).toBeUndefined();
  expect(timeAt([], T0)).toBeUndefined();
  expect(dateAt(SEGMENTS.slice(2), 1)).toBe(T0 + 6_000);
  expect(dateAt([], 1)).toBeUndefined();
  expect(dateAt([{ start: 0, duration: 2, programDateTime: null }], 1)).toBeUndefined();
});
