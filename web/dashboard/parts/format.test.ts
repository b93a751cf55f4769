import { expect, test } from 'vitest';
import { bytes } from '../../ui/bytes.ts';
import { ago, duration, latency, plural } from './format.ts';

test.each([
  [0, '0.0 s'],
  [-5, '0.0 s'],
  [4_200, '4.2 s'],
  [42_000, '42 s'],
  [750_000, '12 min 30 s'],
  [3_900_000, '1 h 05 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms last %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('sizes, latencies and counts', () => {
  expect([0, 999, 1_500, 20_000_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.5 kB', '20.0 GB']);
  expect([12.4, 1_400].map(latency)).toEqual(['12 ms', '1.4 s']);
  expect([plural(1, 'room'), plural(0, 'room'), plural(2, 'person', 'people')]).toEqual([
    '1 room',
    '0 rooms',
    '2 people',
  ]);
});

test('times before and after now', () => {
  const now = Date.UTC(2026, 0, 10);
  expect(ago(now - 5_000, now)).toBe('just now');
  expect(ago(now - 180_000, now)).toMatch(/3/);
  expect(ago(now + 7_200_000, now)).toMatch(/2/);
  expect(ago(now - 60 * 86_400_000, now)).toMatch(/2025/);
});
