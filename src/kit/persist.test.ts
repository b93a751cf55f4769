import { expect, it, vi } from 'vitest';
import { persist } from './persist.ts';

const patient = { isAnswer: () => false, onFailure: () => undefined };

it('repeats what fails until it is taken, and counts', async () => {
  const failures: unknown[] = [];
  const write = vi.fn(async (attempt: number) => {
    if (attempt < 3) throw new Error(`no ${attempt}`);
    return attempt;
  });
  expect(await persist(write, { ...patient, onFailure: (error) => failures.push(error) })).toBe(3);
  expect(failures).toEqual([new Error('no 1'), new Error('no 2')]);
});

it('takes an answer for an answer', async () => {
  const write = vi.fn(() => Promise.reject(new TypeError('it is not so')));
  await expect(persist(write, { ...patient, isAnswer: (error) => error instanceof TypeError })).rejects.toThrow(
    'not so',
  );
  expect(write).toHaveBeenCalledTimes(1);
});

it('gives up when nobody can wait any longer', async () => {
  const patience = new AbortController();
  const onFailure = () => patience.abort();
  const write = vi.fn(() => Promise.reject(new Error('away')));
  await expect(persist(write, { ...patient, onFailure, signal: patience.signal })).rejects.toThrow('away');
  expect(write).toHaveBeenCalledTimes(2);
});
