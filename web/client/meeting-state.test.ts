import { describe, expect, it } from 'vitest';
import {
  type ChatMessage,
  isRunning,
  mergeChat,
  type Output,
  withHand,
  withOutput,
  withPlayable,
  withProblem,
} from './meeting-state.ts';

const message = (id: string, second: number): ChatMessage => ({
  id,
  senderId: 'ann',
  senderName: 'Ann',
  text: id,
  at: new Date(second * 1000),
});

describe('chat', () => {
  it('has every message once and in order, also when history comes again', () => {
    const known = [message('a', 1), message('c', 3)];
    const merged = mergeChat(known, [message('a', 1), message('b', 2), message('c', 3)]);
    expect(merged.map((it) => it.id)).toEqual(['a', 'b', 'c']);
    expect(mergeChat(known, [message('a', 1)])).toBe(known);
  });
});

describe('hands', () => {
  it('are in the order in which they were raised', () => {
    const hands = withHand(withHand([], 'ann', true), 'bob', true);
    expect(hands).toEqual(['ann', 'bob']);
    expect(withHand(hands, 'ann', true)).toBe(hands);
    expect(withHand(hands, 'ann', false)).toEqual(['bob']);
  });
});

describe('outputs', () => {
  const NOW = new Date('2026-03-05T14:30:00Z');
  const id = (madeAt: Date) => `${Math.floor(madeAt.getTime() / 1000).toString(16)}${'0'.repeat(16)}`;
  const moved = (outputs: readonly Output[], facts: Partial<Output> & { id: string }, now = NOW) =>
    withOutput(outputs, { kind: 'recording', status: 'STARTED', playbackUrl: undefined, ...facts }, now);

  it('are followed by their id from start to end', () => {
    let outputs = moved([], { id: 'a', status: 'STARTING' });
    expect(outputs[0]?.since).toBeUndefined();
    outputs = moved(outputs, { id: 'a', status: 'STARTED' });
    outputs = moved(outputs, { id: 'b', kind: 'hls', status: 'STARTING' });
    outputs = moved(outputs, { id: 'a', status: 'STOPPED' }, new Date(NOW.getTime() + 5_000));
    expect(outputs.map((it) => [it.id, it.kind, it.status, it.since])).toEqual([
      ['a', 'recording', 'STOPPED', NOW],
      ['b', 'hls', 'STARTING', undefined],
    ]);
    expect(outputs.map(isRunning)).toEqual([false, true]);
  });

  it('have run since they were made for whoever comes later', () => {
    const made = new Date(NOW.getTime() - 600_000);
    expect(moved([], { id: id(made) })[0]?.since).toEqual(made);
    expect(moved([], { id: id(new Date(NOW.getTime() + 60_000)) })[0]?.since).toEqual(NOW);
    expect(moved([], { id: 'odd' })[0]?.since).toEqual(NOW);
  });

  it('are playable by their address, and failed by their kind', () => {
    let outputs = moved([], { id: 'a', kind: 'hls', playbackUrl: 'https://a.b/1' });
    outputs = moved(outputs, { id: 'b', kind: 'hls', playbackUrl: 'https://a.b/2' });
    outputs = withPlayable(outputs, 'https://a.b/2');
    expect(outputs.map(({ playable }) => playable)).toEqual([false, true]);
    outputs = moved(outputs, { id: 'b', kind: 'hls', status: 'STOPPED' });
    expect(outputs[1]).toMatchObject({ playable: true, playbackUrl: 'https://a.b/2' });
    outputs = withProblem(outputs, 'hls', 'disk full');
    expect(outputs.map(({ problem }) => problem)).toEqual([undefined, 'disk full']);
    expect(withProblem(outputs, 'recording', 'x').map(({ problem }) => problem)).toEqual([undefined, 'disk full']);
  });
});
