import { expect, it } from 'vitest';
import { dropOldest } from './bounded.ts';

it('a full map or set loses its oldest entry, and one with room loses nothing', () => {
  const map = new Map([
    [undefined, 1],
    ['b', 2],
  ]);
  dropOldest(map, 3);
  expect(map.size).toBe(2);
  dropOldest(map, 2);
  expect([...map.keys()]).toEqual(['b']);
  const set = new Set<number>();
  dropOldest(set, 0);
  expect(set.size).toBe(0);
});
