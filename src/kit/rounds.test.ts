import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rounds } from './rounds.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counted(restMs: number) {
  const begun: PromiseWithResolvers<number>[] = [];
  const rounds = new Rounds(() => {
    const round = Promise.withResolvers<number>();
    begun.push(round);
    return round.promise;
  });
  const end = async () => {
    begun.at(-1)?.resolve(restMs);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { rounds, begun, end };
}

test('asked during a round, however often, one more follows it', async () => {
  const { rounds, begun, end } = counted(1_000);
  rounds.ask();
  rounds.ask();
  rounds.ask();
  expect(begun).toHaveLength(1);
  await end();
  expect(begun).toHaveLength(2);
  await end();
  expect([begun.length, rounds.running]).toEqual([2, undefined]);
});

test('the next comes after the rest that the last one wants, or when it is asked for', async () => {
  const { rounds, begun, end } = counted(1_000);
  rounds.ask();
  await end();
  await vi.advanceTimersByTimeAsync(999);
  expect(begun).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toHaveLength(2);
  await end();
  rounds.ask();
  expect(begun).toHaveLength(3);
  await end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toHaveLength(4);
});

test('none begins once it was stopped, neither asked for nor after a rest', async () => {
  const { rounds, begun, end } = counted(1_000);
  rounds.ask();
  rounds.ask();
  rounds.stop();
  await end();
  rounds.ask();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(begun).toHaveLength(1);
});
