import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompositionConfig } from '../protocol/composition.ts';
import { type CompositorCommand, type CompositorEvent, readCommand, readEvent } from './ipc.ts';

type OneOfEach<M extends { type: string }> = { [T in M['type']]: Extract<M, { type: T }> };

const config: CompositionConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25 },
  theme: 'DARK',
  mode: 'video-and-audio',
  quality: 'low',
  orientation: 'landscape',
  templateUrl: null,
};

const stream = {
  id: 'consumer',
  participantId: 'ann',
  kind: 'video' as const,
  mimeType: 'video/VP8',
  clockRate: 90_000,
  channels: 0,
  payloadType: 101,
  ssrc: 1,
  rtxPayloadType: 102,
  rtxSsrc: undefined,
  headerExtensions: { 'urn:3gpp:video-orientation': 4 },
  cname: 'ann',
};

const page = {
  url: 'https://example.com/',
  browser: '/usr/bin/chromium',
  ownHosts: ['localhost:8080'],
  certificates: [`${'A'.repeat(43)}=`],
  sandboxed: true,
  bounds: { memoryBytes: 1, diskBytes: 1, threads: 1 },
};

const person = { id: 'ann', name: 'Ann', micOn: true, camOn: true, shareOn: false, pinned: false, joinedAt: 1 };
const srtpKey = `${'A'.repeat(38)}==`;

const commands: OneOfEach<CompositorCommand> = {
  start: {
    type: 'start',
    egressId: 'e',
    config,
    page,
    isSecure: undefined,
    sinks: [
      { id: '1', kind: 'file', format: 'mp4', path: '/recordings/1.mp4' },
      { id: '2', kind: 'hls', folder: '/hls/2' },
      { id: '3', kind: 'rtmp', url: 'rtmp://example.com/live/key' },
    ],
    outboundAllow: ['127.0.0.1'],
  },
  secure: { type: 'secure', keys: { send: srtpKey, receive: srtpKey } },
  participants: { type: 'participants', participants: [person] },
  'active-speaker': { type: 'active-speaker', participantId: null },
  'add-stream': { type: 'add-stream', stream },
  'remove-stream': { type: 'remove-stream', streamId: 'consumer' },
  'stream-paused': { type: 'stream-paused', streamId: 'consumer', paused: true },
  'add-sink': { type: 'add-sink', sink: { id: '4', kind: 'file', format: 'webm', path: '/recordings/4.webm' } },
  'remove-sink': { type: 'remove-sink', sinkId: '4' },
  stop: { type: 'stop' },
};

const events: OneOfEach<CompositorEvent> = {
  ready: { type: 'ready', port: 40_000 },
  wanted: { type: 'wanted', streams: [{ participantId: 'ann', kind: 'share', width: 640, height: 360 }] },
  'sink-started': { type: 'sink-started', sinkId: '1' },
  'sink-playable': { type: 'sink-playable', sinkId: '2' },
  'sink-finished': { type: 'sink-finished', sinkId: '1', file: { size: 1, duration: 1.5, path: '/recordings/1.mp4' } },
  'sink-failed': { type: 'sink-failed', sinkId: '3', reason: 'refused', blame: 'destination' },
  stats: { type: 'stats', cpu: 0.4, droppedTicks: 0, encodedFrames: 30, driftMs: -2, rssBytes: 1e8 },
  log: { type: 'log', level: 'warn', msg: 'livestream disconnected', facts: { server: 'rtmp://example.com/live' } },
  fatal: { type: 'fatal', reason: 'the encoder failed', blame: 'us' },
};

const overIpc = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

describe('a command of the server', () => {
  it.each(Object.values(commands))('$type is read as it was sent', (command) => {
    expect(readCommand(overIpc(command))).toEqual(overIpc(command));
  });

  it.each([
    [undefined, 'a message of an unknown type'],
    [null, 'a message of an unknown type'],
    [{ type: 'ready', port: 1 }, 'a message of an unknown type'],
    [
      { ...commands.start, config: { ...config, quality: 'best' } },
      'start: config.quality must be one of low, med, high',
    ],
    [{ ...commands.secure, keys: { send: srtpKey, receive: 'short' } }, /^secure: keys\.receive must/],
    [{ type: 'remove-sink' }, /^remove-sink: sinkId must be a string/],
    [{ ...commands['add-stream'], stream: { ...stream, ssrc: -1 } }, /^add-stream: stream\.ssrc must be an integer/],
  ])('%o is refused with the reason', (value, reason) => {
    expect(() => readCommand(value)).toThrow(reason);
  });

  it('is never shown in the reason, since it may hold a stream key', () => {
    const sink = { id: '3', kind: 'rtmp', url: ['rtmp://example.com/live/secret'] };
    expect(() => readCommand({ type: 'add-sink', sink })).toThrow(/^add-sink: (?!.*secret)/);
  });

  it('ends the compositor with the reason when it is invalid', async () => {
    const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), { execArgv: [], stdio: 'ignore' });
    const exit = once(child, 'exit');
    child.send({ type: 'remove-sink', sinkId: 4 });
    const [event] = await once(child, 'message');
    expect(readEvent(event)).toMatchObject({
      type: 'fatal',
      reason: expect.stringMatching(/^the server sent an invalid message \(remove-sink: sinkId must be a string/),
    });
    expect(await exit).toEqual([1, null]);
  }, 30_000);
});

describe('an event of the compositor', () => {
  it.each(Object.values(events))('$type is read as it was sent', (event) => {
    expect(readEvent(overIpc(event))).toEqual(overIpc(event));
  });

  it.each([
    ['garbage', 'a message of an unknown type'],
    [{ type: 'stop' }, 'a message of an unknown type'],
    [{ type: 'ready', port: 'many' }, 'ready: port must be an integer from 1 to 65535'],
    [{ ...events['sink-failed'], blame: 'caller' }, 'sink-failed: blame must be one of destination, us'],
    [{ ...events.stats, cpu: null }, /^stats: cpu must be a number/],
  ])('%o is refused with the reason', (value, reason) => {
    expect(() => readEvent(value)).toThrow(reason);
  });
});

it('any value is read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(commands), ...Object.keys(events)), (value, type) => {
      for (const read of [readCommand, readEvent]) {
        for (const message of [value, { ...(value as object), type }]) {
          try {
            read(message);
          } catch (error) {
            expect((error as Error).message).toMatch(/^(a message of an unknown type|[\w-]+: .+)/);
          }
        }
      }
    }),
  );
});
