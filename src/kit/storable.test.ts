import { describe, expect, it } from 'vitest';
import { findUnstorable } from './storable.ts';

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe('a parsed body', () => {
  it.each([
    ['nothing special', { a: ['b', 1, null, true, { c: '💩' }] }],
    ['much, but not too much', { a: Array.from({ length: 10_000 }, () => 'x') }],
    ['as deep as allowed', nested(32)],
    ['a prototype', JSON.parse('{"__proto__":{"a":1}}')],
  ])('with %s can be stored', (_what, value) => expect(findUnstorable(value)).toEqual([]));

  it.each([
    ['a NUL in text', { a: [{ b: 'x\0' }] }, 'a.0.b'],
    ['a NUL in a key', { 'a\0': 1 }, 'a�'],
    ['half a surrogate pair', { a: '\ud800' }, 'a'],
    ['too much depth', { a: nested(40) }, 'a'],
    ['too many items', { a: Array.from({ length: 20_001 }, () => 1) }, 'a'],
    ['too many members', Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`k${i}`, 1])), 'body'],
    ['too many in all', Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => 1)), ''],
    ['a prototype that hides something', JSON.parse('{"__proto__":{"a":"\\u0000"}}'), '__proto__.a'],
  ])('with %s cannot', (_what, value, field) => {
    const [problem, ...others] = findUnstorable(value);
    expect(others).toEqual([]);
    expect(problem?.field.startsWith(field)).toBe(true);
  });
});
