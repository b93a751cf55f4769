import { expect, it } from 'vitest';
import { inBackground } from './in-background.ts';

function logger() {
  const lines: unknown[] = [];
  return { lines, log: { error: (...line: unknown[]) => void lines.push(line) } as never };
}

it('starts the work at once', () => {
  const { log } = logger();
  let started = false;
  inBackground(log, 'work', () => {
    started = true;
  });
  expect(started).toBe(true);
});

it.each([
  ['rejects', () => Promise.reject(new Error('broken'))],
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
])('logs work that %s, by name', async (_, work) => {
  const { log, lines } = logger();
  inBackground(log, 'a span', work);
  await expect
    .poll(() => lines)
    .toEqual([[{ err: expect.objectContaining({ message: 'broken' }), what: 'a span' }, 'background work failed']]);
});
