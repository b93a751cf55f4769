// Loss, jitter, garbage and clocks that are wrong.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { SinkSpec } from '../../src/egress/ipc.ts';
import { arrange, type Tile } from '../../src/protocol/layout.ts';
import { SMALL, TestChild } from '../harness/egress-child.ts';
import { beeps, isColour, lags, percentile, readTile, type Seen, watch } from '../harness/film.ts';
import { beepClip, COLOURS, videoClip } from '../harness/test-clip.ts';

const [COLOUR] = COLOURS;
const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];

function onlyTile(): Tile {
  const participants = [{ id: 'a', shareOn: false, pinned: false, joinedAt: 0 }];
  return arrange({ participants, activeSpeakerId: null, layout: SMALL.layout, width: 854, height: 480 })[0] as Tile;
}

it('five packets of a hundred lost, others late and in the wrong order: nothing of it is seen or heard', async () => {
  await using child = await TestChild.start(mp4);
  const { publisher } = await child.join(
    'a',
    { video: await videoClip('VP8', 640, 360, COLOUR), audio: await beepClip(20, 1000) },
    { rtx: true },
  );
  // An hour ahead: only the distance between its reports matters.
  publisher.clockAheadMs = 3_600_000;
  await child.hears('sink-started');
  publisher.network = { loss: 0.05, jitterMs: 40 };
  const garbage = createSocket('udp4');
  const noise = setInterval(() => {
    const bytes = Buffer.from(Array.from({ length: 40 }, () => Math.floor(Math.random() * 256)));
    garbage.send(bytes, child.port, '127.0.0.1');
  }, 5);
  await sleep(6000);
  clearInterval(noise);
  garbage.close();
  await child.stop();
  expect(publisher.dropped).toBeGreaterThan(10);
  expect(publisher.resent).toBeGreaterThan(10);

  const tile = onlyTile();
  const seen: Seen[] = [];
  const sound = watch(`${child.folder}/a.mp4`, (shot) => seen.push(readTile(shot, tile)));
  const steady = seen.filter(({ time }) => time > 1.5);
  expect(steady.every((one) => isColour(one, COLOUR))).toBe(true);
  const steps = steady.slice(1).map(({ number }, index) => (number - (steady[index]?.number ?? 0) + 60) % 60);
  expect(steps.filter((step) => step > 3).length).toBeLessThanOrEqual(steps.length * 0.04 + child.droppedTicks);
  const heard = beeps(sound, 1000).filter((time) => time > 1);
  expect(heard.length).toBeGreaterThanOrEqual(5);
  expect(percentile(lags(steady, heard).map(Math.abs), 0.95)).toBeLessThanOrEqual(60);
});

it('a camera that falls silent becomes an avatar, and the clock goes on', async () => {
  await using child = await TestChild.start(mp4);
  const { publisher, streams } = await child.join('a', { video: await videoClip('H264', 320, 180, COLOUR) });
  await child.hears('sink-started');
  await sleep(500);
  publisher.pause(streams[0]?.id ?? '', true);
  await sleep(5500);
  await child.stop();
  const tile = onlyTile();
  const seen: Seen[] = [];
  watch(`${child.folder}/a.mp4`, (shot) => seen.push(readTile(shot, tile)));
  expect(isColour(seen[10] as Seen, COLOUR)).toBe(true);
  expect(isColour(seen.at(-1) as Seen, COLOUR)).toBe(false);
  const { file } = await child.hears('sink-finished');
  expect(file?.duration).toBeGreaterThan(6);
});
