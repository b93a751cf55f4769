import { expect, test } from 'vitest';
import { elapsedInWords } from './elapsed.ts';

test('elapsed time is told as on a clock', () => {
  expect(elapsedInWords(247_000)).toBe('4:07');
  expect(elapsedInWords(3_753_000)).toBe('1:02:33');
  expect(elapsedInWords(-5)).toBe('0:00');
});
