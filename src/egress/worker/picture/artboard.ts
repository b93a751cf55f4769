// Draws small pictures with soft edges and transparency, pixel by pixel, and turns them into stamps.
import type { Stamp } from './canvas.ts';
import { type Colour, toYuv } from './colour.ts';

/** How much of each pixel is covered, 0 to 255. */
export interface Mask {
  width: number;
  height: number;
  coverage: Uint8Array;
}

export class Artboard {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity (0 to 1) of each pixel; colours are not multiplied by opacity. */
  readonly #pixels: Float32Array;

  constructor(width: number, height: number) {
    this.width = evenUp(width);
    this.height = evenUp(height);
    this.#pixels = new Float32Array(this.width * this.height * 4);
  }

  /** Paints where `coverage` says, 0 to 1, by the position of the pixel's centre. */
  paint(colour: Colour, coverage: (x: number, y: number) => number): this {
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) this.#blend(x, y, colour, coverage(x + 0.5, y + 0.5));
    }
    return this;
  }

  paintMask(mask: Mask, left: number, top: number, colour: Colour): this {
    for (let y = 0; y < mask.height; y++) {
      for (let x = 0; x < mask.width; x++) {
        const covered = mask.coverage[y * mask.width + x] as number;
        if (covered > 0) this.#blend(left + x, top + y, colour, covered / 255);
      }
    }
    return this;
  }

  toStamp(): Stamp {
    const { width, height } = this;
    const half = (width * height) / 4;
    const stamp: Stamp = {
      width,
      height,
      y: new Uint8Array(width * height),
      alpha: new Uint8Array(width * height),
      u: new Uint8Array(half),
      v: new Uint8Array(half),
      chromaAlpha: new Uint8Array(half),
    };
    for (let y = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2) this.#storeBlock(stamp, x, y);
    }
    return stamp;
  }

  #storeBlock(stamp: Stamp, left: number, top: number): void {
    let [u, v, weight] = [0, 0, 0];
    for (const [x, y] of [
      [left, top],
      [left + 1, top],
      [left, top + 1],
      [left + 1, top + 1],
    ] as const) {
      const at = y * this.width + x;
      const pixels = this.#pixels;
      const alpha = pixels[at * 4 + 3] as number;
      const yuv = toYuv({
        red: pixels[at * 4] as number,
        green: pixels[at * 4 + 1] as number,
        blue: pixels[at * 4 + 2] as number,
      });
      stamp.y[at] = Math.round(yuv.y);
      stamp.alpha[at] = Math.round(alpha * 255);
      u += yuv.u * alpha;
      v += yuv.v * alpha;
      weight += alpha;
    }
    const at = (top / 2) * (this.width / 2) + left / 2;
    stamp.u[at] = weight > 0 ? Math.round(u / weight) : 128;
    stamp.v[at] = weight > 0 ? Math.round(v / weight) : 128;
    stamp.chromaAlpha[at] = Math.round((weight / 4) * 255);
  }

  #blend(x: number, y: number, colour: Colour, coverage: number): void {
    if (coverage <= 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 4;
    const pixels = this.#pixels;
    const below = pixels[at + 3] as number;
    const over = Math.min(1, coverage);
    const alpha = over + below * (1 - over);
    const mix = (old: number, now: number) => (now * over + old * below * (1 - over)) / alpha;
    pixels[at] = mix(pixels[at] as number, colour.red);
    pixels[at + 1] = mix(pixels[at + 1] as number, colour.green);
    pixels[at + 2] = mix(pixels[at + 2] as number, colour.blue);
    pixels[at + 3] = alpha;
  }
}

/** Coverage of a pixel by a disc. */
export function disc(centreX: number, centreY: number, radius: number): (x: number, y: number) => number {
  return (x, y) => clamp(radius - Math.hypot(x - centreX, y - centreY) + 0.5);
}

/** Coverage of a pixel by a rectangle with round corners. */
export function roundedBox(
  box: { x: number; y: number; width: number; height: number },
  radius: number,
): (x: number, y: number) => number {
  const [halfWidth, halfHeight] = [box.width / 2 - radius, box.height / 2 - radius];
  const [centreX, centreY] = [box.x + box.width / 2, box.y + box.height / 2];
  return (x, y) => {
    const dx = Math.max(0, Math.abs(x - centreX) - halfWidth);
    const dy = Math.max(0, Math.abs(y - centreY) - halfHeight);
    return clamp(radius - Math.hypot(dx, dy) + 0.5);
  };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function evenUp(value: number): number {
  return Math.max(2, Math.ceil(value / 2) * 2);
}
