// Two seconds that cost an encoder and a decoder what a camera costs: texture, somebody who sways a little, and grain.
import type { Frame } from 'node-av/lib';
import { CLIP_SECONDS, type Clip, encodeClip, FRAMES_PER_SECOND } from './test-clip.ts';

const GRAIN = 5;

export function cameraClip(
  width: number,
  height: number,
  seed: number,
  framesPerSecond = FRAMES_PER_SECOND,
): Promise<Clip> {
  const count = CLIP_SECONDS * framesPerSecond;
  const random = generator(seed);
  const wall = texture(width, height, random, 28);
  const person = texture(width, height, random, 46);
  return encodeClip('VP8', { width, height, count, framesPerSecond }, (frame, number) => {
    const phase = (2 * Math.PI * number) / count;
    const sway = { x: Math.round(0.02 * width * Math.sin(phase)), y: Math.round(0.01 * height * Math.sin(2 * phase)) };
    paint(frame, { wall, person, sway, random, seed });
  });
}

interface Scene {
  wall: Float32Array;
  person: Float32Array;
  sway: { x: number; y: number };
  random: () => number;
  seed: number;
}

function paint(frame: Frame, { wall, person, sway, random, seed }: Scene): void {
  const { width, height } = frame;
  const [luma, u, v] = frame.data ?? [];
  if (!luma || !u || !v) throw new Error('no planes');
  const [stride, chromaStride] = [frame.linesize[0] ?? width, frame.linesize[1] ?? width / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isPerson = inPerson((x - sway.x) / width, (y - sway.y) / height);
      const [px, py] = isPerson ? [wrap(x - sway.x, width), wrap(y - sway.y, height)] : [x, y];
      const base = isPerson ? 110 + (person[py * width + px] ?? 0) : 150 + (wall[y * width + x] ?? 0);
      luma[y * stride + x] = Math.max(16, Math.min(235, base + GRAIN * (random() - 0.5)));
    }
  }
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      const isPerson = inPerson((x * 2 - sway.x) / width, (y * 2 - sway.y) / height);
      u[y * chromaStride + x] = isPerson ? 110 : 128 + 4 * seed;
      v[y * chromaStride + x] = isPerson ? 150 : 124;
    }
  }
}

function inPerson(x: number, y: number): boolean {
  return (
    Math.hypot((x - 0.5) * 1.78, (y - 0.42) * 0.82) < 0.17 || Math.hypot((x - 0.5) * 1.78, (y - 1.16) * 0.95) < 0.5
  );
}

/** Smooth at several scales, as walls and clothes are. */
function texture(width: number, height: number, random: () => number, strength: number): Float32Array {
  const field = new Float32Array(width * height);
  for (const cell of [64, 24, 9]) {
    const columns = Math.ceil(width / cell) + 2;
    const corners = Float32Array.from({ length: columns * (Math.ceil(height / cell) + 2) }, () => random() - 0.5);
    const at = (column: number, row: number) => corners[row * columns + column] ?? 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
        const [fx, fy] = [x / cell - column, y / cell - row];
        const top = at(column, row) * (1 - fx) + at(column + 1, row) * fx;
        const bottom = at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx;
        field[y * width + x] = (field[y * width + x] ?? 0) + (strength * (top * (1 - fy) + bottom * fy)) / 2;
      }
    }
  }
  return field;
}

function wrap(value: number, size: number): number {
  return ((value % size) + size) % size;
}

/** Numbers that look random and are the same in every run. */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  };
}
