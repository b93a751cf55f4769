import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../log.ts';
import type { StreamReading } from '../protocol/quality.ts';
import type { ParticipantSample } from './ports.ts';
import { Quality } from './quality.ts';

const INTERVAL_MS = 1_000;
const ann = { row: 'row of ann', media: {} };
const bob = { row: 'row of bob', media: {} };

let packets: number;
let present: (typeof ann)[];
let stored: ParticipantSample[][];
let sampled: number;
let fails: boolean;
let quality: Quality;

/** A microphone of ann that bob hears; 50 packets of 100 bytes a second. */
function readings(): Map<object, StreamReading[]> {
  const common = {
    kind: 'audio' as const,
    atMs: performance.now(),
    bytes: packets * 100,
    packets,
    lost: 0,
    repaired: 0,
  };
  const rest = { pictureRequests: 0, jitterMs: 2, rttMs: 10, height: undefined, missingLayers: 0, paused: false };
  const stream = { producerId: 'mic', ...common, ...rest };
  return new Map<object, StreamReading[]>([
    [ann.media, [{ key: 'mic', direction: 'send', ...stream }]],
    [bob.media, [{ key: 'mic to bob', direction: 'recv', ...stream }]],
  ]);
}

beforeEach(async () => {
  vi.useFakeTimers();
  packets = 0;
  present = [ann, bob];
  stored = [];
  sampled = 0;
  fails = false;
  quality = new Quality({
    store: {
      insert: async (samples) => {
        if (fails) throw new Error('the database is away');
        stored.push([...samples]);
      },
      ofSession: async () => [],
      ofParticipant: async () => [],
    },
    present: () => present,
    readStreams: async () => readings(),
    onSampled: () => sampled++,
    log: createLogger('silent'),
    intervalMs: INTERVAL_MS,
  });
  await quality.start();
});
afterEach(async () => {
  await quality.stop();
  vi.useRealTimers();
});

async function pass(): Promise<void> {
  packets += 50;
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
}

test('everybody gets a sample for each interval, all at the same moment and in one batch', async () => {
  await pass();
  expect(stored).toEqual([]);
  await pass();
  const [samples] = stored;
  expect(samples?.map(({ row }) => row)).toEqual([ann.row, bob.row]);
  expect(samples?.[0]?.audio).toMatchObject({ sendBitrate: 40_000, recvBitrate: 0, sendPackets: 50 });
  expect(samples?.[1]?.audio).toMatchObject({ sendBitrate: 0, recvBitrate: 40_000, rttMs: 10 });
  expect(samples?.[0]?.at).toEqual(samples?.[1]?.at);
  expect(sampled).toBe(1);
});

test('nothing is kept while the database is away, and it goes on when it is back', async () => {
  await pass();
  fails = true;
  await pass();
  fails = false;
  await pass();
  expect([stored.length, sampled]).toEqual([1, 1]);
  expect(stored[0]?.[0]?.audio.sendPackets).toBe(50);
});

test('without anybody nothing is read, and who comes later begins anew', async () => {
  await pass();
  present = [];
  await pass();
  present = [ann];
  await pass();
  expect(stored).toEqual([]);
  await pass();
  expect(stored).toHaveLength(1);
});

test('after the stop no pass begins', async () => {
  await pass();
  await quality.stop();
  await pass();
  await pass();
  expect(stored).toEqual([]);
});
