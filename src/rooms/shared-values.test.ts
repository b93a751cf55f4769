import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../limits.ts';
import { SharedValues } from './shared-values.ts';

describe('shared values', () => {
  it('tell those who observe a key, the writer included, until they stop', () => {
    const values = new SharedValues(DEFAULT_LIMITS);
    const seen: unknown[] = [];
    const observer = { valueChanged: (...change: unknown[]) => void seen.push(change) };
    values.observe('color', observer);
    values.set('color', 'red', 'ada');
    values.set('size', 'big', 'ada');
    values.set('color', null, 'ben');
    values.forget(observer);
    values.set('color', 'blue', 'ben');
    expect(seen).toEqual([
      ['color', 'red', 'ada'],
      ['color', null, 'ben'],
    ]);
    expect([values.get('color'), values.get('none')]).toEqual(['blue', null]);
  });

  it('have a bound, and can still change and delete when it is reached', () => {
    const values = new SharedValues(DEFAULT_LIMITS);
    for (let i = 0; i < 1000; i++) expect(values.set(`key ${i}`, 'x', 'ada')).toBe(true);
    expect(values.set('one more', 'x', 'ada')).toBe(false);
    expect(values.set('key 1', 'y', 'ada')).toBe(true);
    values.set('key 2', null, 'ada');
    expect(values.set('one more', 'x', 'ada')).toBe(true);
  });
});
