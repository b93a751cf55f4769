import { expect, test } from 'vitest';
import type { WatchedHls } from '../../src/protocol/rest/watching.ts';
import { waitBefore } from './api.ts';

const hls = (facts: Partial<WatchedHls>) => ({
  data: { status: 'starting', playable: false, end: null, continuedBy: null, ...facts } as WatchedHls,
});

test('a stream is asked for again until it plays or has ended, and less often while it waits', () => {
  const starting = waitBefore(hls({ status: 'starting' })) ?? 0;
  expect(starting).toBeGreaterThan(0);
  expect(waitBefore(hls({ status: 'active' }))).toBe(starting);
  expect(waitBefore(hls({ status: 'queued' }))).toBeGreaterThan(starting);
  expect(waitBefore(hls({ status: 'active', playable: true }))).toBeUndefined();
  expect(waitBefore(hls({ status: 'stopping', playable: true }))).toBe(starting);
  for (const status of ['completed', 'failed', 'aborted'] as const) {
    expect(waitBefore(hls({ status, end: '2026-01-01T10:00:00.000Z' }))).toBeUndefined();
  }
});

test('what has just ended is asked for a little longer, until it is known whether it goes on', () => {
  const ended = { status: 'completed', end: '2026-01-01T10:00:00.000Z' } as const;
  expect(waitBefore(hls(ended), 2)).toBeGreaterThan(0);
  expect(waitBefore(hls({ ...ended, continuedBy: { id: 'next', ended: false } }), 2)).toBeUndefined();
  expect(waitBefore(hls(ended), 0)).toBeUndefined();
});

test('a link that leads nowhere is not asked for again, a server that is away is', () => {
  expect(waitBefore({ problem: 'unknown' })).toBeUndefined();
  expect(waitBefore({ problem: 'unreachable' })).toBeGreaterThan(0);
  expect(waitBefore(undefined)).toBeUndefined();
});
