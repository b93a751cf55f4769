import { describe, expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import type { EgressStatus } from '../protocol/egress.ts';
import { eventOf, isFinal, statesBefore } from './egress-state.ts';

const ALL: EgressStatus[] = ['queued', 'starting', 'active', 'stopping', 'completed', 'failed', 'aborted'];

describe('states', () => {
  it('only ever move forward', () => {
    const reachable = (from: EgressStatus, seen = new Set<EgressStatus>()): Set<EgressStatus> => {
      for (const to of ALL) {
        if (!statesBefore(to).includes(from) || seen.has(to)) continue;
        seen.add(to);
        reachable(to, seen);
      }
      return seen;
    };
    for (const state of ALL) expect(reachable(state).has(state)).toBe(false);
  });

  it('end in one that nothing follows', () => {
    for (const state of ALL) expect(ALL.some((to) => statesBefore(to).includes(state))).toBe(!isFinal(state));
  });

  it('all have a way to an end', () => {
    for (const state of ALL.filter((it) => !isFinal(it))) expect(statesBefore('failed')).toContain(state);
  });
});

describe('events', () => {
  it.each([
    ['queued', undefined],
    ['starting', 'recording-starting'],
    ['active', 'recording-started'],
    ['stopping', 'recording-stopping'],
    ['completed', 'recording-stopped'],
    ['failed', 'recording-failed'],
    ['aborted', 'recording-failed'],
  ] as const)('of %s is %s', (status, type) => {
    expect(eventOf(anEgress({ status }))?.type).toBe(type);
  });

  it('of HLS that has started name its addresses', () => {
    const { data } = eventOf(anEgress({ kind: 'hls', status: 'active', folder: 'f' })) ?? {};
    expect(data).toEqual({
      meetingId: 'abcd-efgh-ijkl',
      sessionId: 's'.repeat(24),
      playbackHlsUrl: 'https://rooms.example.com/meetings-hls/f/index.m3u8',
      downstreamUrl: 'https://rooms.example.com/meetings-hls/f/index.m3u8',
    });
  });
});
