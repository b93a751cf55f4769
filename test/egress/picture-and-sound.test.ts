// What was published is looked for in the recording, frame by frame: who is where, when, and heard together.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SinkSpec } from '../../src/egress/ipc.ts';
import { arrange, type Tile } from '../../src/protocol/layout.ts';
import { SMALL, TestChild } from '../harness/egress-child.ts';
import { beeps, flashes, isColour, lags, offsets, percentile, readTile, type Seen, watch } from '../harness/film.ts';
import { beepClip, type Clip, COLOURS, type VideoCodec, videoClip } from '../harness/test-clip.ts';

const TONES = [600, 1000, 1500, 2100];
const CODECS: VideoCodec[] = ['VP8', 'H264', 'VP9', 'VP8'];
const CANVAS = { width: 854, height: 480 };

const cameras: Clip[] = [];
const voices: Clip[] = [];

beforeAll(async () => {
  for (const [index, hertz] of TONES.entries()) {
    cameras.push(await videoClip(CODECS[index] ?? 'VP8', 640, 360, colourOf(index)));
    voices.push(await beepClip(([20, 40, 60, 20] as const)[index] ?? 20, hertz));
  }
});

const colourOf = (index: number) => COLOURS[index] ?? COLOURS[0];
const clipsOf = (index: number) => ({ video: cameras[index] as Clip, audio: voices[index] as Clip });
const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];

function tilesOf(ids: string[]): Tile[] {
  const participants = ids.map((id, joinedAt) => ({ id, shareOn: false, pinned: false, joinedAt }));
  return arrange({ participants, activeSpeakerId: null, layout: SMALL.layout, ...CANVAS });
}

/** Seconds of the recording at which a moment of the wall's clock shows. */
function secondsOf(wallMs: number, beganMs: number): number {
  return (wallMs - beganMs) / 1000;
}

describe('a recording', () => {
  it('shows everybody in the right place, in time with their voice, from joining to leaving', async () => {
    await using child = await TestChild.start(mp4);
    const wall = () => performance.timeOrigin + performance.now();
    await child.join('a', clipsOf(0));
    await child.join('b', clipsOf(1));
    await child.hears('sink-started');
    await sleep(4000);
    const joinedAt = wall();
    await child.join('c', clipsOf(2));
    await sleep(3000);
    const leftAt = wall();
    child.leave('c');
    await sleep(1500);
    const offAt = wall();
    child.change('b', { camOn: false, micOn: false });
    await sleep(1500);
    const stoppedAt = wall();
    await child.stop();
    const { file } = await child.hears('sink-finished');
    // The last picture is of the moment of the stop.
    const beganMs = stoppedAt - (file?.duration ?? 0) * 1000;

    const two = tilesOf(['a', 'b']);
    const three = tilesOf(['a', 'b', 'c']);
    const seen: { two: Seen[]; three: Seen[] }[] = [];
    const sound = watch(`${child.folder}/a.mp4`, (shot) => {
      seen.push({ two: two.map((tile) => readTile(shot, tile)), three: three.map((tile) => readTile(shot, tile)) });
    });
    const timeOf = (moment: { two: Seen[] }) => moment.two[0]?.time ?? 0;

    const hasThree = seen.filter(({ three: tiles }) => tiles.every((tile, index) => isColour(tile, colourOf(index))));
    const [first, last] = [hasThree[0], hasThree.at(-1)];
    expect(Math.abs((first ? timeOf(first) : 0) - secondsOf(joinedAt, beganMs))).toBeLessThan(0.5);
    expect(Math.abs((last ? timeOf(last) : 0) - secondsOf(leftAt, beganMs))).toBeLessThan(0.5);
    const offSince = secondsOf(offAt, beganMs) + 0.3;
    const afterOff = seen.filter((moment) => timeOf(moment) > offSince);
    expect(afterOff.length).toBeGreaterThan(10);
    expect(afterOff.every(({ two: [a, b] }) => a && b && isColour(a, colourOf(0)) && !isColour(b, colourOf(1)))).toBe(
      true,
    );

    // From a second in on until the third comes, and while the third is there.
    const begin = 1.2;
    const duo = seen.filter((moment) => timeOf(moment) > begin && timeOf(moment) < secondsOf(joinedAt, beganMs) - 0.1);
    for (const index of [0, 1]) {
      const shown = duo.map(({ two: tiles }) => tiles[index] as Seen);
      const off = lags(shown, beeps(sound, TONES[index] ?? 0));
      expect(off.length).toBeGreaterThan(40);
      expect(percentile(off.map(Math.abs), 0.95)).toBeLessThanOrEqual(60);
    }
    const third = hasThree
      .map(({ three: tiles }) => tiles[2] as Seen)
      .filter(({ time }) => time > timeOf(first as never) + 1);
    expect(percentile(lags(third, beeps(sound, TONES[2] ?? 0)).map(Math.abs), 0.95)).toBeLessThanOrEqual(60);
    // Everybody flashes at once.
    const [left, right] = [0, 1].map((index) => flashes(duo.map(({ two: tiles }) => tiles[index] as Seen)));
    expect(Math.max(...offsets(left ?? [], right ?? []).map(Math.abs))).toBeLessThanOrEqual(100);
    // Each picture of the camera follows the one before, but where the machine was too busy for one.
    const numbers = duo.map(({ two: tiles }) => tiles[0]?.number ?? 0);
    const steps = numbers.slice(1).map((number, index) => (number - (numbers[index] ?? 0) + 60) % 60);
    expect(steps.filter((step) => step > 2).length).toBeLessThanOrEqual(steps.length * 0.03 + child.droppedTicks);
  });

  it('goes on through another size in the same stream, and shows a screen as the main tile', async () => {
    await using child = await TestChild.start(mp4);
    const { publisher, streams } = await child.join('a', clipsOf(0));
    const small = await videoClip('VP8', 320, 180, colourOf(0));
    await child.hears('sink-started');
    await sleep(1000);
    publisher.change(streams[0]?.id ?? '', small);
    await sleep(1500);
    await child.join('b', { share: await videoClip('VP8', 1280, 720, colourOf(3)) });
    await sleep(2000);
    await child.stop();
    const alone = tilesOf(['a']);
    const people = ['a', 'b'].map((id, joinedAt) => ({ id, shareOn: id === 'b', pinned: false, joinedAt }));
    const shared = arrange({ participants: people, activeSpeakerId: null, layout: SMALL.layout, ...CANVAS });
    const seen: [Seen, Seen][] = [];
    watch(`${child.folder}/a.mp4`, (shot) =>
      seen.push([readTile(shot, alone[0] as Tile), readTile(shot, shared[0] as Tile)]),
    );
    const early = seen.filter(([tile]) => tile.time > 0.5 && tile.time < 2.2);
    expect(early.length).toBeGreaterThan(35);
    expect(early.filter(([tile]) => !isColour(tile, colourOf(0))).length).toBe(0);
    expect(seen.slice(-15).every(([, screen]) => isColour(screen, colourOf(3)))).toBe(true);
    expect(
      (await child.hears('wanted', ({ streams: wanted }) => wanted.some(({ kind }) => kind === 'share'))).streams,
    ).toEqual(
      expect.arrayContaining([
        { participantId: 'b', kind: 'share', width: shared[0]?.width, height: shared[0]?.height },
      ]),
    );
  });
});
