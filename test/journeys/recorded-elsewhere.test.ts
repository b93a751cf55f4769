// A meeting on one node is recorded, streamed and filmed by others, and goes on being so when one of those dies.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watch } from '../harness/film.ts';
import { TestServer } from '../harness/server.ts';
import { Stage } from '../harness/stage.ts';
import { createTestDatabase } from '../harness/test-database.ts';
import type { ReceivedEvent } from '../harness/webhook-receiver.ts';

const around = new AsyncDisposableStack();
let stage: Stage;
let runners: TestServer[];

/** A node is missed after a quarter of a minute. */
const MISSED_MS = 40_000;
const START_MS = 30_000;
const PATIENCE_MS = 150_000;

beforeAll(async () => {
  const { url } = around.use(await createTestDatabase());
  const key = { ROOMFUL_API_KEY: 'shared-key', ROOMFUL_API_SECRET: 'shared-secret-of-all' };
  const env = { DATABASE_URL: url, ...key };
  stage = around.use(await Stage.set({ database: 'embedded', env: { ...env, ROOMFUL_ROLES: 'api,media' } }));
  const runnerEnv = { ...env, ROOMFUL_ROLES: 'egress', ROOMFUL_EGRESS_SLOTS: '4' };
  const runner = async () => around.use(await TestServer.start({ env: runnerEnv }));
  runners = [await runner(), await runner()];
});
afterAll(() => around.disposeAsync());

test('what one node meets is recorded by another, and by a third when that dies', {
  timeout: PATIENCE_MS,
}, async () => {
  const room = await stage.room();
  const of = (kind: string) => (event: ReceivedEvent) => event.data.meetingId === room && event.type === kind;
  const told = (kind: string, from = 0) =>
    stage.receiver.events.waitFor(kind, of(kind), { from, timeoutMs: MISSED_MS });
  await using ann = await stage.enter(room, 'ann', { speaks: true });
  await using bob = await stage.enter(room, 'bob', { camera: false, mic: false });
  await stage.backend.recordings.start(room, { composition: { quality: 'low' } });
  await stage.backend.hls.start(room, { composition: { quality: 'low' } });
  await told('recording-started');
  const playable = await told('hls-playable');
  await bob.event('recording-state-changed', stateIs('RECORDING_STARTED'));
  await using cat = await stage.enter(room, 'cat', { camera: false, mic: false });
  await cat.event('recording-state-changed', stateIs('RECORDING_STARTED'));
  await cat.event('hls-state-changed', {
    where: ({ data }) => (data[0] as { isPlayable?: boolean }).isPlayable === true,
  });
  expect(await (await fetched(String(playable.data.playbackHlsUrl))).text()).toContain('#EXT-X-MAP');

  const recorder = runners.find((runner) => runner.log.filter((line) => isRecording(line)).length > 0) as TestServer;
  const streamer = runners.find((runner) => runner !== recorder) as TestServer;
  expect(new URL(String(playable.data.playbackHlsUrl)).host).toBe(streamer.base);
  await twoSegmentsMore(String(playable.data.playbackHlsUrl));
  const before = stage.receiver.events.entries.length;
  const bobBefore = bob.events.mark();
  await recorder.kill('SIGKILL');
  await told('recording-stopping', before);
  await told('recording-started', before);
  await bob.event('recording-state-changed', { ...stateIs('RECORDING_STARTED'), from: bobBefore });
  await recorder.restart();
  const first = await told('recording-stopped', before);
  await twoSegmentsMore(String(playable.data.playbackHlsUrl));

  const afterFirst = stage.receiver.events.entries.length;
  await Promise.all([bob.leave(), cat.leave()]);
  await ann.leave();
  const second = await told('recording-stopped', afterFirst);
  await told('hls-stopped', afterFirst);
  expect(new URL(String(first.data.fileUrl)).host).toBe(recorder.base);
  expect(new URL(String(second.data.fileUrl)).host).toBe(streamer.base);
  for (const url of [first, second].map(({ data }) => String(data.fileUrl))) {
    const seen = await seenIn(url);
    expect(seen.seconds).toBeGreaterThan(3);
    expect(seen.pictures).toBeGreaterThan(20);
    expect(seen.isHeard).toBe(true);
  }
  const { data: recordings } = await stage.backend.recordings.list({ roomId: room });
  expect(recordings.map(({ status }) => status)).toEqual(['completed', 'completed']);
});

test('a page is filmed by a node that the meeting is not on', async () => {
  const room = await stage.room();
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  await using ann = await stage.enter(room, 'ann', { speaks: true });
  const templateUrl = stage.templateUrl({ participantId: 'RECORDER_ID', token: await stage.token() });
  await stage.backend.recordings.start(room, { composition: { layout: { custom: templateUrl }, quality: 'low' } });
  await stage.receiver.waitFor('recording-started', ofRoom, { timeoutMs: START_MS });
  await stage.server.waitForLog('the page joins', ({ msg, roomId }) => msg === 'observer joined' && roomId === room);
  await ann.publish('COLOUR', '#00ff00');
  await expect.poll(async () => (await stage.backend.recordings.list({ roomId: room })).data.length).toBe(1);
  await stage.backend.recordings.stop(room);
  const stopped = await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: START_MS });
  const seen = await seenIn(String(stopped.data.fileUrl));
  expect(seen.seconds).toBeGreaterThan(1);
  const types = stage.receiver.ofRoom(room).map(({ type }) => type);
  expect(types.filter((type) => type === 'participant-joined')).toHaveLength(1);
});

test('a node that is stopped hands on what it records of others, and finishes what it has', async () => {
  const room = await stage.room();
  const of = (kind: string) => (event: ReceivedEvent) => event.data.meetingId === room && event.type === kind;
  await using ann = await stage.enter(room, 'ann', { speaks: true });
  await stage.backend.recordings.start(room, { composition: { quality: 'low' } });
  await stage.receiver.events.waitFor('start', of('recording-started'), { timeoutMs: START_MS });
  const [recording] = (await stage.backend.recordings.list({ roomId: room })).data;
  const before = stage.receiver.events.entries.length;
  const recorder = runners.find((runner) => runner.log.filter((line) => isRecording(line, recording?.id)).length > 0);
  const stopping = recorder?.kill('SIGTERM');
  const next = await stage.receiver.events.waitFor('start', of('recording-started'), {
    from: before,
    timeoutMs: START_MS,
  });
  expect(next.data.meetingId).toBe(room);
  const stopped = await stage.receiver.events.waitFor('stop', of('recording-stopped'), {
    from: before,
    timeoutMs: START_MS,
  });
  await stopping;
  await recorder?.restart();
  expect((await seenIn(String(stopped.data.fileUrl))).isHeard).toBe(true);
  await ann.leave();
});

function isRecording({ msg, kind, egressId }: Record<string, unknown>, id = egressId): boolean {
  return msg === 'egress.started' && kind === 'recording' && egressId === id;
}

function stateIs(status: string) {
  return { where: ({ data }: { data: unknown[] }) => (data[0] as { status?: unknown })?.status === status };
}

/** Public addresses have self-signed certificates; the other listeners answer the same. */
function fetched(url: string): Promise<Response> {
  const { host, pathname } = new URL(url);
  const server = [stage.server, ...runners].find(({ base }) => base === host);
  if (!server) throw new Error(`${url} is the address of no node`);
  return fetch(new URL(pathname, server.httpUrl));
}

async function twoSegmentsMore(playlistUrl: string): Promise<void> {
  const segments = async () => (await (await fetched(playlistUrl)).text()).split('#EXTINF').length;
  const before = await segments();
  await expect.poll(segments, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 2);
}

/** How much of the fake camera and its sound is in a file. */
async function seenIn(url: string): Promise<{ seconds: number; pictures: number; isHeard: boolean }> {
  const path = join(stage.server.dataDir, `fetched-${Date.now()}.mp4`);
  await writeFile(path, Buffer.from(await (await fetched(url)).arrayBuffer()));
  const pictures = new Set<number>();
  let seconds = 0;
  const sound = watch(path, ({ time, width, height, luma }) => {
    seconds = time;
    let sum = 0;
    for (let point = 0; point < 3000; point++) {
      sum = (sum * 31 + luma(((point % 60) * width) / 60, (Math.floor(point / 60) * height) / 50)) % 1_000_003;
    }
    pictures.add(sum);
  });
  return { seconds, pictures: pictures.size, isHeard: sound.samples.some((sample) => Math.abs(sample) > 0.05) };
}
