// A meeting of two browsers is recorded and streamed, from its first join to its end, by the real compositor.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const ENOUGH_MS = 5_000;

test('a room that records and streams by itself ends with a file, a playable stream and all its events', async () => {
  const config = { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } };
  const room = await stage.room({ autoStartConfig: { recording: { config }, hls: { config } } });
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  const ann = await stage.enter(room, 'ann');
  const bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  const playable = await stage.receiver.waitFor('hls-playable', ofRoom, { timeoutMs: 30_000 });
  expect(await (await fetched(playable.data.playbackHlsUrl)).text()).toContain('#EXT-X-MAP');
  await new Promise((resolve) => setTimeout(resolve, ENOUGH_MS));
  await bob.leave();
  await ann.leave();

  const stopped = await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: 30_000 });
  await stage.receiver.waitFor('hls-stopped', ofRoom, { timeoutMs: 30_000 });
  const [recording] = (await stage.backend.recordings.list({ roomId: room })).data;
  expect(recording?.file).toMatchObject({ fileUrl: stopped.data.fileUrl, meta: { resolution: { height: 720 } } });
  const file = await (await fetched(stopped.data.fileUrl)).arrayBuffer();
  expect(file.byteLength).toBe(recording?.file?.size);

  const story = stage.receiver.ofRoom(room);
  const types = story.map(({ type }) => type);
  expect(story.map(({ sequence }) => sequence)).toEqual(story.map((_, index) => index + 1));
  const end = types.indexOf('session-ended');
  expect(types.slice(end - 2, end).sort()).toEqual(['hls-stopping', 'recording-stopping']);
  for (const type of [
    'recording-starting',
    'recording-started',
    'hls-starting',
    'hls-started',
    'hls-playable',
  ] as const) {
    expect(types.filter((it) => it === type)).toHaveLength(1);
  }
});

test('somebody in the meeting records it, and everybody sees the state', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob', { claims: { permissions: ['allow_join'] } });
  const state = (status: string) => ({ where: ({ data }: { data: unknown[] }) => statusOf(data) === status });
  await ann.meeting('startRecording', null, null, { layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 4 } });
  for (const status of ['RECORDING_STARTING', 'RECORDING_STARTED']) {
    await ann.event('recording-state-changed', state(status));
    await bob.event('recording-state-changed', state(status));
  }
  await using cat = await stage.enter(room, 'cat', { camera: false, mic: false });
  await cat.event('recording-state-changed', state('RECORDING_STARTED'));
  await expect(bob.meeting('stopRecording')).rejects.toThrow(/allow_mod/);
  await ann.meeting('stopRecording');
  for (const status of ['RECORDING_STOPPING', 'RECORDING_STOPPED']) {
    await bob.event('recording-state-changed', state(status));
  }
});

function statusOf(data: unknown[]): unknown {
  return (data[0] as { status?: unknown } | undefined)?.status;
}

/** The public address is that of the listener with the self-signed certificate; the other one answers the same. */
function fetched(url: string | undefined): Promise<Response> {
  return fetch(new URL(new URL(String(url)).pathname, stage.server.httpUrl));
}
