// Real browsers send what the recording is measured by: a clock that is filmed and heard, and a screen with its sound.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex, toYuv } from '../../src/egress/worker/picture/colour.ts';
import { CLOCK, seenClock } from '../harness/clock-camera.ts';
import { beeps, flashes, offsets, percentile, type Seen, type Shot, type Sound, watch } from '../harness/film.ts';
import { SCREEN } from '../harness/shared-screen.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const CLOCK_HERTZ = 1000;
const FRAME_MS = 1000 / 30;

test('what a browser films and hears at one moment is seen and heard at one moment, at its own pace', async () => {
  const { room, record } = await meeting();
  await using ann = await stage.enter(room, 'ann', { clock: true, camera: 'own' });
  const recorded = await record({ seconds: 14 });
  const seen: Seen[] = [];
  /** How much earlier a picture was filmed than it is shown, but for when the recording began. */
  const delays: number[] = [];
  const sound = recorded.watch((shot) => {
    const { time, isFlash } = seenClock(shot, recorded.endedAt);
    seen.push({ time: shot.time, isFlash, number: 0, u: 0, v: 0 });
    delays.push(recorded.endedAt + shot.time * 1000 - time);
  });
  await ann.leave();
  // Browsers take seconds to climb to the largest picture, and the first ones are small.
  const settled = seen.slice(60);
  const apart = offsets(flashes(settled), beeps(sound, CLOCK_HERTZ)).map(Math.abs);
  expect(apart.length).toBeGreaterThanOrEqual(9);
  expect(percentile(apart, 0.95)).toBeLessThanOrEqual(80);
  const middle = percentile(delays.slice(60), 0.5);
  const uneven = delays.slice(60).map((delay) => Math.abs(delay - middle));
  expect(percentile(uneven, 0.95)).toBeLessThanOrEqual(CLOCK.tickMs + 2 * FRAME_MS);
});

test('a screen that is shared is the main picture, and its sound is heard beside the voices', async () => {
  const { room, record } = await meeting();
  await using ann = await stage.enter(room, 'ann', { clock: true });
  await using bob = await stage.enter(room, 'bob', { camera: false, mic: false, screen: true });
  await bob.meeting('enableScreenShare');
  await ann.sees('bob', { kind: 'share', frames: 1 });
  const recorded = await record({ seconds: 5 });
  let shown = 0;
  let pictures = 0;
  const sound = recorded.watch((shot) => {
    pictures += 1;
    if (isScreen(shot)) shown += 1;
  });
  await Promise.all([ann.leave(), bob.leave()]);
  expect(shown).toBeGreaterThan(pictures * 0.8);
  expect(loudness(sound, SCREEN.hertz)).toBeGreaterThan(0.05);
  expect(beeps(sound, CLOCK_HERTZ).length).toBeGreaterThanOrEqual(3);
});

async function meeting() {
  const room = await stage.room();
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  const record = async ({ seconds }: { seconds: number }) => {
    await stage.backend.recordings.start(room, { composition: { quality: 'low' } });
    const started = await stage.receiver.waitFor('recording-started', ofRoom, { timeoutMs: 20_000 });
    const until = started.receivedAt.getTime() + seconds * 1000;
    await expect.poll(() => Date.now(), { timeout: seconds * 1000 + 5_000 }).toBeGreaterThan(until);
    await stage.backend.recordings.stop(room);
    const endedAt = Date.now();
    const { data } = await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: 20_000 });
    const answer = await fetch(new URL(new URL(String(data.fileUrl)).pathname, stage.server.httpUrl));
    const path = join(stage.server.dataDir, `${room}.mp4`);
    await writeFile(path, Buffer.from(await answer.arrayBuffer()));
    return { endedAt, watch: (onShot: (shot: Shot) => void): Sound => watch(path, onShot) };
  };
  return { room, record };
}

/** The middle of the picture, where whatever is shared is largest. */
function isScreen(shot: Shot): boolean {
  const { u, v } = toYuv(hex(SCREEN.colour), shot.isBt709 ? 'bt709' : 'bt601');
  const seen = shot.chroma(shot.width * 0.4, shot.height / 2);
  return Math.abs(seen.u - u) < 12 && Math.abs(seen.v - v) < 12;
}

/** Of one tone, in the last second. */
function loudness({ samples }: Sound, hertz: number): number {
  const last = samples.subarray(-48_000);
  let [re, im] = [0, 0];
  for (const [index, sample] of last.entries()) {
    const angle = (2 * Math.PI * hertz * index) / 48_000;
    re += sample * Math.cos(angle);
    im += sample * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / last.length;
}
