// Two nodes, and a wire between them that loses messages.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fits } from '../../kit/validate.ts';
import type { EgressStream, SrtpKeys } from '../ipc.ts';
import type { SessionSource, TapOptions } from '../ports.ts';
import { LEASE_MS, RENEW_MS, ToFollower, ToHost } from './messages.ts';
import { RemoteSessions } from './remote-sessions.ts';
import { SessionHost } from './session-host.ts';

const log = pino({ level: 'silent' });
const ann = { id: 'ann', name: 'Ann', micOn: true, camOn: true, shareOn: false, pinned: false, joinedAt: 1 };
const camera: EgressStream = {
  id: 'stream',
  participantId: 'ann',
  kind: 'video',
  mimeType: 'video/VP8',
  clockRate: 90_000,
  channels: 1,
  payloadType: 101,
  ssrc: 1234,
  rtxPayloadType: undefined,
  rtxSsrc: undefined,
  headerExtensions: {},
  cname: 'ann',
};

/** Messages to be lost from now on. */
let losing: string[];
let host: SessionHost;
let remote: RemoteSessions;
let source: SessionSource | undefined;
let people: (typeof ann)[];
/** The tap on the node that has the session. */
let tap: { options: TapOptions; wanted: unknown[]; isClosed: boolean } | undefined;
let observers: Set<string>;
let told: unknown[];
let seen: string[];
let isOver: boolean;

function deliver(from: string, to: (from: string, message: never) => void, message: { type: string }): void {
  if (losing.includes(message.type)) return;
  const copy = JSON.parse(JSON.stringify(message));
  expect(fits(from === 'host' ? ToFollower : ToHost, copy)).toBe(true);
  setTimeout(() => to(from, copy as never), 1);
}

beforeEach(() => {
  vi.useFakeTimers();
  losing = [];
  people = [ann];
  tap = undefined;
  observers = new Set();
  told = [];
  seen = [];
  isOver = false;
  source = {
    sessionId: 's1',
    roomId: 'r1',
    live: true,
    isElsewhere: false,
    participants: () => people,
    activeSpeaker: () => 'ann',
    mediaHosts: () => ['127.0.0.1:40000'],
    expectObserver: (id) => {
      observers.add(id);
      return () => observers.delete(id);
    },
    openTap: (options) => {
      const opened = { options, wanted: [] as unknown[], isClosed: false };
      tap = opened;
      return {
        refresh: () => undefined,
        want: (wanted) => {
          opened.wanted = wanted;
        },
        close: () => {
          opened.isClosed = true;
        },
      };
    },
  };
  host = new SessionHost({
    source: (sessionId) => (sessionId === 's1' ? source : undefined),
    tell: (_sessionId, notification) => void told.push(notification),
    send: (_to, message) => deliver('host', (from, it: ToFollower) => remote.receive(from, it), message),
    log,
  });
  remote = new RemoteSessions({
    address: '10.0.0.2',
    send: (_to, message) => deliver('runner', (from, it: ToHost) => host.receive(from, it), message),
    isOver: async () => isOver,
    onChanged: () => void seen.push('changed'),
    onSpoke: (_sessionId, who) => void seen.push(`spoke ${who}`),
    onOver: () => void seen.push('over'),
    log,
  });
});
afterEach(() => {
  remote.close();
  vi.useRealTimers();
});

async function opened(): Promise<SessionSource> {
  const opening = remote.open('s1', 'host');
  await vi.advanceTimersByTimeAsync(RENEW_MS + 10);
  const session = await opening;
  if (!session) throw new Error('there is no such session');
  return session;
}

function openTap(session: SessionSource) {
  const keys: SrtpKeys[] = [];
  const streams: string[] = [];
  const opening = session.openTap({
    port: 5000,
    onSecured: (it) => void keys.push(it),
    onStream: ({ id }) => void streams.push(`+${id}`),
    onStreamGone: (id) => void streams.push(`-${id}`),
    onStreamPaused: (id, paused) => void streams.push(`${id} ${paused ? 'paused' : 'on'}`),
  });
  return { keys, streams, tap: opening };
}

describe('a session of another node', () => {
  it('is told with who is there, also when the first question is lost', async () => {
    losing = ['follow'];
    const opening = remote.open('s1', 'host');
    await vi.advanceTimersByTimeAsync(10);
    losing = [];
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect((await opening)?.participants()).toEqual([ann]);
  });

  it('is none when that node has none', async () => {
    source = undefined;
    const opening = remote.open('s1', 'host');
    await vi.advanceTimersByTimeAsync(10);
    expect(await opening).toBeUndefined();
  });

  it('whose node does not answer is not waited for without end', async () => {
    losing = ['scene', 'over'];
    const opening = remote.open('s1', 'host').catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(3 * RENEW_MS + 10);
    expect(await opening).toBe('The server that has the session does not answer.');
  });

  it('changes as it changes there, once for all of one turn', async () => {
    await opened();
    seen = [];
    people = [ann, { ...ann, id: 'bob' }];
    host.sessionChanged('s1');
    host.sessionChanged('s1');
    await vi.advanceTimersByTimeAsync(10);
    expect(seen).toEqual(['changed', 'spoke ann']);
  });

  it('sends streams to the port, under keys of both sides, and tells of each', async () => {
    const { keys, streams, tap: remoteTap } = openTap(await opened());
    await vi.advanceTimersByTimeAsync(10);
    const { options } = tap as { options: TapOptions };
    expect(options).toMatchObject({ port: 5000, elsewhere: { ip: '10.0.0.2' } });
    remoteTap.want([{ participantId: 'ann', kind: 'video', width: 640, height: 360 }]);
    await vi.advanceTimersByTimeAsync(10);
    expect(tap?.wanted).toHaveLength(1);
    options.onSecured?.({ send: 'theirs', receive: 'ours' });
    options.onStream(camera);
    await vi.advanceTimersByTimeAsync(10);
    expect(keys).toEqual([{ send: options.elsewhere?.sendKey, receive: 'ours' }]);
    options.onStreamPaused('stream', true);
    await vi.advanceTimersByTimeAsync(10);
    losing = ['tapped'];
    options.onStreamGone('stream');
    await vi.advanceTimersByTimeAsync(10);
    expect(streams).toEqual(['+stream', 'stream paused']);
    losing = [];
    await vi.advanceTimersByTimeAsync(RENEW_MS);
    expect(streams).toEqual(['+stream', 'stream paused', '-stream']);
    remoteTap.close();
    await vi.advanceTimersByTimeAsync(10);
    expect(tap?.isClosed).toBe(true);
  });

  it('lets observers in, and tells the meeting', async () => {
    const session = await opened();
    expect(session.mediaHosts()).toEqual(['127.0.0.1:40000']);
    const dismiss = session.expectObserver('recorder-1');
    await vi.advanceTimersByTimeAsync(10);
    expect([...observers]).toEqual(['recorder-1']);
    dismiss();
    remote.tell('s1', { method: 'recordingStateChanged' } as never);
    await vi.advanceTimersByTimeAsync(10);
    expect([...observers]).toEqual([]);
    expect(told).toEqual([{ method: 'recordingStateChanged' }]);
  });

  it('is over when its node says so, or is silent and the database knows', async () => {
    const session = await opened();
    host.sessionEnded('s1');
    await vi.advanceTimersByTimeAsync(10);
    expect([session.live, seen.at(-1)]).toEqual([false, 'over']);
    remote.release('s1');

    const again = await opened();
    losing = ['scene', 'over', 'tapped'];
    await vi.advanceTimersByTimeAsync(4 * RENEW_MS);
    expect(again.live).toBe(true);
    isOver = true;
    await vi.advanceTimersByTimeAsync(RENEW_MS + 10);
    expect(again.live).toBe(false);
  });

  it('is followed no more by a node that died', async () => {
    openTap(await opened());
    await vi.advanceTimersByTimeAsync(10);
    expect(host.isFollowed('s1')).toBe(true);
    losing = ['follow', 'unfollow'];
    await vi.advanceTimersByTimeAsync(LEASE_MS + 10);
    expect([host.isFollowed('s1'), tap?.isClosed]).toEqual([false, true]);
  });
});
