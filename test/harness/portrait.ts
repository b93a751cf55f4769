// A picture of somebody, as far as a layout has to be judged by it: a wall, a head, shoulders.
import type { Frame } from 'node-av/lib';
import { toYuv } from '../../src/egress/worker/picture/colour.ts';
import { type Clip, encodeClip } from './test-clip.ts';

/** Walls and clothes that go together, by turns. */
const LOOKS = [
  { wall: { red: 196, green: 186, blue: 172 }, cloth: { red: 58, green: 84, blue: 120 } },
  { wall: { red: 122, green: 142, blue: 150 }, cloth: { red: 150, green: 78, blue: 66 } },
  { wall: { red: 214, green: 206, blue: 196 }, cloth: { red: 70, green: 96, blue: 78 } },
  { wall: { red: 92, green: 96, blue: 110 }, cloth: { red: 206, green: 168, blue: 96 } },
  { wall: { red: 176, green: 150, blue: 132 }, cloth: { red: 54, green: 58, blue: 70 } },
];
const SKINS = [
  { red: 226, green: 188, blue: 162 },
  { red: 142, green: 98, blue: 74 },
  { red: 190, green: 146, blue: 116 },
];

/** One keyframe of the camera of the person with this number. */
export async function portrait(number: number, width = 640, height = 360): Promise<Clip> {
  const { wall, cloth } = LOOKS[number % LOOKS.length] ?? LOOKS[0] ?? fail();
  const skin = SKINS[number % SKINS.length] ?? fail();
  return encodeClip('H264', { width, height, count: 1 }, (frame) =>
    paint(frame, (x, y) => {
      const head = Math.hypot((x - 0.5) * 1.78, (y - 0.42) * 0.82) < 0.17;
      const body = Math.hypot((x - 0.5) * 1.78, (y - 1.16) * 0.95) < 0.5;
      const light = 0.82 + 0.3 * (1 - Math.hypot(x - 0.3, y - 0.1));
      const { red, green, blue } = head ? skin : body ? cloth : wall;
      const shade = (value: number) => Math.min(255, value * (head || body ? 1 : light));
      return toYuv({ red: shade(red), green: shade(green), blue: shade(blue) });
    }),
  );
}

/** A screen with a window, a column at its left and lines of text. */
export async function screenPicture(width = 1280, height = 800): Promise<Clip> {
  return encodeClip('H264', { width, height, count: 1 }, (frame) =>
    paint(frame, (x, y) => {
      const line = Math.floor(y * 40);
      const isText = x > 0.28 && y > 0.16 && line % 2 === 0 && x < 0.5 + 0.4 * Math.abs(Math.sin(line * 7));
      if (y < 0.06) return toYuv({ red: 52, green: 62, blue: 84 });
      if (x < 0.22) return toYuv({ red: 226, green: 231, blue: 239 });
      return toYuv(isText ? { red: 70, green: 76, blue: 90 } : { red: 252, green: 252, blue: 253 });
    }),
  );
}

function paint(frame: Frame, colourAt: (x: number, y: number) => { y: number; u: number; v: number }): void {
  const { width, height } = frame;
  const planes = frame.data ?? [];
  (['y', 'u', 'v'] as const).forEach((part, plane) => {
    const shift = plane === 0 ? 0 : 1;
    const [columns, rows] = [width >> shift, height >> shift];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = row * (frame.linesize[plane] ?? columns) + column;
        (planes[plane] as Buffer)[at] = Math.round(colourAt((column + 0.5) / columns, (row + 0.5) / rows)[part]);
      }
    }
  });
}

function fail(): never {
  throw new Error('no look');
}
