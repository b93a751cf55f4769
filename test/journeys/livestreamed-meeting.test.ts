// A meeting is pushed to an RTMP server that somebody else wrote; another one that is dead does not disturb it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seenClock } from '../harness/clock-camera.ts';
import { beeps, flashes, offsets, percentile, type Seen, watch } from '../harness/film.ts';
import { NGINX, RtmpServer } from '../harness/nginx-rtmp.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const FRAMES = 150;

test.runIf(NGINX)('a server receives picture and sound in time, whatever becomes of the others', async () => {
  await using rtmp = await RtmpServer.start();
  const room = await stage.room();
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  await using _ann = await stage.enter(room, 'ann', { clock: true });
  // Who only receives is not in the picture.
  await using bob = await stage.enter(room, 'bob', { options: { mode: 'RECV_ONLY' } });
  await stage.backend.rtmp.start(room, {
    streams: [
      { url: 'rtmp://127.0.0.1:1/live', streamKey: 'nobody' },
      { url: rtmp.url, streamKey: 'meeting' },
    ],
    composition: { quality: 'low' },
  });
  await stage.receiver.waitFor('livestream-started', ofRoom);
  await bob.sees('ann', { frames: FRAMES, timeoutMs: 60_000 });
  await stage.backend.rtmp.stop(room);
  await stage.receiver.waitFor('livestream-stopped', ofRoom);
  await expect.poll(() => rtmp.recordings()).toHaveLength(1);
  const [file = ''] = await rtmp.recordings();

  const seen: Seen[] = [];
  const clocks: number[] = [];
  const sound = watch(file, (shot) => {
    const { time, isFlash } = seenClock(shot, Date.now());
    clocks.push(time);
    seen.push({ time: shot.time, isFlash, number: 0, u: 0, v: 0 });
  });
  const steady = clocks.slice(15);
  expect(steady.length).toBeGreaterThan(40);
  // The clock goes on from picture to picture, as fast as the stream does.
  const [first = 0, last = 0] = [steady[0], steady.at(-1)];
  expect(steady.every((time, index) => index === 0 || time >= (steady[index - 1] ?? 0))).toBe(true);
  expect(Math.abs((last - first) / 1000 - ((seen.at(-1)?.time ?? 0) - (seen[15]?.time ?? 0)))).toBeLessThan(0.3);
  const off = offsets(flashes(seen.slice(15)), beeps(sound, 1000)).map(Math.abs);
  expect(off.length).toBeGreaterThanOrEqual(3);
  expect(percentile(off, 0.5)).toBeLessThanOrEqual(100);
  expect(stage.receiver.ofRoom(room).map(({ type }) => type)).not.toContain('livestream-failed');
});
