// The disk is full or away as a recording ends: it waits, and is completed when there is room.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { createLogger } from '../log.ts';
import type { EgressFile, EgressStatus } from '../protocol/egress.ts';
import { Completion } from './completion.ts';
import type { Finished, Finisher } from './finisher.ts';
import type { Moves } from './moves.ts';
import type { MoveFacts } from './ports.ts';

const running = anEgress({ status: 'active', startedAt: new Date(0) });
const written = { parts: ['part-1.mp4', 'part-2.mp4'], file: undefined, failure: undefined };
const done = { failure: undefined, file: { duration: 60 } as EgressFile, uploads: [] };

function stage(finish: () => Promise<Finished>) {
  const moves: (EgressStatus | undefined)[] = [];
  const reasons: (string | undefined)[] = [];
  const removed: string[] = [];
  const finisher = {
    finish,
    settled: async () => undefined,
    removeFromDisk: async ({ egressId }: { egressId: string }) => void removed.push(egressId),
  };
  const completion = new Completion({
    finisher: finisher as unknown as Finisher,
    moves: {
      move: async (egress: typeof running, to: EgressStatus, { reason }: Partial<MoveFacts> = {}) => {
        moves.push(to);
        reasons.push(reason);
        return { ...egress, status: to };
      },
      current: async (egress: typeof running) => egress,
    } as unknown as Moves,
    log: createLogger('silent'),
  });
  return { completion, moves, reasons, removed };
}

const full = () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));

describe('the last step of a recording', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['full', full],
    ['read-only', () => Promise.reject(new Error('EROFS: read-only file system, open'))],
    ['full, as FFmpeg says it', () => Promise.reject(new Error('could not write the file: No space left on device'))],
    ['kept by a killed process', () => Promise.reject(new Error('broken', { cause: { signal: 'SIGKILL' } }))],
  ])('is made again while the disk is %s', async (_, fail) => {
    let isFull = true;
    const { completion, moves } = stage(async () => (isFull ? fail() : done));
    const completing = completion.complete(running, written);
    await vi.advanceTimersByTimeAsync(24 * 3600_000);
    expect(new Set(moves)).toEqual(new Set(['stopping']));
    isFull = false;
    await vi.advanceTimersByTimeAsync(60_000);
    await completing;
    expect(moves.at(-1)).toBe('completed');
  });

  it('is left to the next start when the server stops', async () => {
    const { completion, moves } = stage(full);
    const completing = completion.complete(running, written).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(1_000);
    completion.giveUp();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await completing).toBe('no space left on device');
    expect(moves).not.toContain('failed');
  });

  it('fails at once for what will not be otherwise', async () => {
    const { completion, moves, reasons } = stage(() => Promise.reject(new Error('no part can be read')));
    await completion.complete(running, written);
    expect([moves, reasons]).toEqual([['failed'], ['no part can be read']]);
  });

  it('keeps what went on although its beginning could not be noted, and nothing shorter', async () => {
    const unnoted = { ...running, startedAt: null };
    const long = stage(async () => done);
    await long.completion.complete(unnoted, written);
    expect([long.moves.at(-1), long.removed]).toEqual(['completed', []]);
    const short = stage(async () => ({ ...done, file: { duration: 1 } as EgressFile }));
    await short.completion.complete(unnoted, written);
    expect([short.moves, short.removed]).toEqual([['failed'], [unnoted.id]]);
  });
});
