// Encodes the pictures of a recording again, as fast as they were taken and with the same settings, and tells the CPU
// that this alone costs. Arguments: the file, and for how many milliseconds.
import { setTimeout as sleep } from 'node:timers/promises';
import { VIDEO_CLOCK } from '../src/egress/worker/encode/packet.ts';
import { VideoEncoder } from '../src/egress/worker/encode/video-encoder.ts';
import { Canvas } from '../src/egress/worker/picture/canvas.ts';
import { FRAME_RATE } from '../src/protocol/composition.ts';
import { type Shot, watch } from '../test/harness/film.ts';

const [file = '', forMs = '15000'] = process.argv.slice(2);
/** By then everybody is there and moves. */
const FROM_SECOND = 8;
const KEPT_SECONDS = 2;
const KEY_EVERY = 2 * FRAME_RATE;

/** Two seconds out of the middle, each with the number of ticks until the next. */
const pictures: { canvas: Canvas; ticks: number }[] = [];
let before: { canvas: Canvas; tick: number } | undefined;
watch(file, (shot) => {
  const tick = Math.round(shot.time * FRAME_RATE);
  if (tick < FROM_SECOND * FRAME_RATE || pictures.length >= KEPT_SECONDS * FRAME_RATE) return;
  if (before) pictures.push({ canvas: before.canvas, ticks: tick - before.tick });
  before = { canvas: copyOf(shot), tick };
});
const [first] = pictures;
if (!first) throw new Error('no pictures');
const { width, height } = first.canvas;
const encoder = await VideoEncoder.open({
  codec: 'h264',
  width,
  height,
  frameRate: FRAME_RATE,
  matrix: 'bt601',
  onPacket: () => undefined,
});

const usage = process.cpuUsage();
const began = performance.now();
let lastKey = -KEY_EVERY;
for (let tick = 0, index = 0; performance.now() - began < Number(forMs); index++) {
  const { canvas, ticks } = pictures[index % pictures.length] ?? first;
  const isKey = tick - lastKey >= KEY_EVERY;
  if (isKey) lastKey = tick;
  await encoder.encode(canvas.frame, Math.round((tick * VIDEO_CLOCK) / FRAME_RATE), isKey);
  tick += Math.max(1, ticks);
  await sleep(Math.max(0, began + (tick * 1000) / FRAME_RATE - performance.now()));
}
const { user, system } = process.cpuUsage(usage);
process.send?.({ cpu: (user + system) / 1000 / (performance.now() - began) });
process.disconnect?.();

function copyOf(shot: Shot): Canvas {
  const canvas = new Canvas(shot.width, shot.height);
  shot.copyTo(canvas.planes, canvas.strides);
  return canvas;
}
