// A page that an app's author wrote is recorded and streamed instead of the built-in picture: it joins the meeting with
// the official SDK, and nobody in it notices.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Shot, watch } from '../harness/film.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const MAGENTA = { u: 202, v: 222 };
const GREEN = { u: 54, v: 34 };

test('a template page is filmed with picture and sound, driven by pub/sub, and seen by nobody', async () => {
  const room = await stage.room();
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  await using ann = await stage.enter(room, 'ann', { speaks: true });
  await using bob = await stage.enter(room, 'bob', { camera: false, mic: false });
  const templateUrl = stage.templateUrl({ participantId: 'RECORDER_ID', token: await stage.token() });
  const composition = { layout: { custom: templateUrl }, quality: 'low' } as const;
  await stage.backend.recordings.start(room, { composition });
  await stage.backend.hls.start(room, { composition });
  expect(browsersThatFilm()).toHaveLength(1);
  await stage.receiver.waitFor('recording-started', ofRoom);
  const playable = await stage.receiver.waitFor('hls-playable', ofRoom, { timeoutMs: 20_000 });

  await ann.publish('COLOUR', '#00ff00');
  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  expect(session?.participants?.map(({ participantId }) => participantId).sort()).toEqual(['ann', 'bob']);
  expect((await bob.view()).others.map(({ id }) => id)).toEqual(['ann']);
  await twoSegmentsMore(String(playable.data.playbackHlsUrl));
  await stage.backend.recordings.stop(room);
  const stopped = await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: 30_000 });
  await stage.backend.hls.stop(room);
  await stage.receiver.waitFor('hls-stopped', ofRoom, { timeoutMs: 30_000 });
  await expect.poll(browsersThatFilm).toEqual([]);

  const corners: { u: number; v: number }[] = [];
  const middles = new Set<number>();
  const sound = watch(await download(String(stopped.data.fileUrl)), (shot) => {
    corners.push(shot.chroma(8, 8));
    middles.add(fingerprint(shot));
  });
  const last = corners.length - 1;
  expect(looksLike(corners[0], MAGENTA)).toBe(true);
  expect(looksLike(corners[last], GREEN)).toBe(true);
  // Ann's camera moves, and she is heard.
  expect(middles.size).toBeGreaterThan(20);
  expect(sound.samples.some((sample) => Math.abs(sample) > 0.05)).toBe(true);
  const types = stage.receiver.ofRoom(room).map(({ type }) => type);
  expect(types.filter((type) => type === 'participant-joined')).toHaveLength(2);
});

test('a page that brings neither token nor meeting is given both, and has to go when the session ends', async () => {
  const room = await stage.room({
    autoStartConfig: { recording: { templateUrl: stage.templateUrl({ colour: '#ff00ff' }), quality: 'low' } },
  });
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  const ann = await stage.enter(room, 'ann');
  await stage.receiver.waitFor('recording-started', ofRoom, { timeoutMs: 30_000 });
  await stage.server.waitForLog('the page joins', ({ msg, roomId }) => msg === 'observer joined' && roomId === room);
  await ann.leave();
  const stopped = await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: 30_000 });
  await expect.poll(browsersThatFilm).toEqual([]);
  const corners: { u: number; v: number }[] = [];
  watch(await download(String(stopped.data.fileUrl)), (shot) => corners.push(shot.chroma(8, 8)));
  expect(corners.length).toBeGreaterThan(10);
  expect(corners.every((corner) => looksLike(corner, MAGENTA))).toBe(true);
  const types = stage.receiver.ofRoom(room).map(({ type }) => type);
  expect(types.filter((type) => type.startsWith('session-'))).toEqual(['session-started', 'session-ended']);
});

/** Main processes of browsers that compositors have started. */
function browsersThatFilm(): string[] {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return lines.filter(
    (line) => line.includes('--user-data-dir=') && line.includes('roomful-page-') && !line.includes('--type='),
  );
}

function looksLike(seen: { u: number; v: number } | undefined, colour: { u: number; v: number }): boolean {
  return seen !== undefined && Math.abs(seen.u - colour.u) < 20 && Math.abs(seen.v - colour.v) < 20;
}

/** Differs between pictures in which the middle differs. */
function fingerprint({ width, height, luma }: Shot): number {
  let sum = 0;
  for (let step = 0; step < 400; step++) sum = (sum * 31 + luma(width * (0.2 + step / 700), height / 2)) % 1_000_003;
  return sum;
}

/** The public address has a self-signed certificate; the other listener answers the same. */
function fetched(url: string): Promise<Response> {
  return fetch(new URL(new URL(url).pathname, stage.server.httpUrl));
}

async function twoSegmentsMore(playlistUrl: string): Promise<void> {
  const segments = async () => (await (await fetched(playlistUrl)).text()).split('#EXTINF').length;
  const before = await segments();
  await expect.poll(segments, { timeout: 20_000 }).toBeGreaterThanOrEqual(before + 2);
}

async function download(url: string): Promise<string> {
  const file = await fetched(url);
  const path = join(tmpdir(), `filmed-${process.pid}-${Date.now()}.mp4`);
  await writeFile(path, Buffer.from(await file.arrayBuffer()));
  return path;
}
