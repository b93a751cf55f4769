// A YUV 4:2:0 picture that is drawn on, and the frame an encoder takes. Coordinates and sizes are even.
import { AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE170M } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import { check, present } from '../ffmpeg.ts';
import type { Yuv } from './colour.ts';

/** A small picture with transparency, prepared once and drawn often. */
export interface Stamp {
  width: number;
  height: number;
  /** Full resolution. */
  y: Uint8Array;
  alpha: Uint8Array;
  /** Half resolution both ways. */
  u: Uint8Array;
  v: Uint8Array;
  chromaAlpha: Uint8Array;
}

export class Canvas {
  readonly frame = new Frame();
  readonly width: number;
  readonly height: number;
  readonly planes: Buffer[];
  readonly strides: number[];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.frame.alloc();
    this.frame.format = AV_PIX_FMT_YUV420P;
    this.frame.width = width;
    this.frame.height = height;
    this.frame.colorRange = AVCOL_RANGE_MPEG;
    this.frame.colorSpace = AVCOL_SPC_SMPTE170M;
    check(this.frame.getBuffer(0), 'allocate canvas');
    this.planes = present(this.frame.data, 'canvas').slice(0, 3);
    this.strides = this.frame.linesize.slice(0, 3);
  }

  fill(x: number, y: number, width: number, height: number, colour: Yuv): void {
    this.#fillPlane(0, x, y, width, height, colour.y);
    this.#fillPlane(1, x / 2, y / 2, width / 2, height / 2, colour.u);
    this.#fillPlane(2, x / 2, y / 2, width / 2, height / 2, colour.v);
  }

  draw(stamp: Stamp, x: number, y: number): void {
    this.#blendPlane(0, stamp.y, stamp.alpha, stamp.width, stamp.height, x, y);
    this.#blendPlane(1, stamp.u, stamp.chromaAlpha, stamp.width / 2, stamp.height / 2, x / 2, y / 2);
    this.#blendPlane(2, stamp.v, stamp.chromaAlpha, stamp.width / 2, stamp.height / 2, x / 2, y / 2);
  }

  /** The planes from a point on, for those who write pictures into it. */
  planesAt(x: number, y: number): Buffer[] {
    return this.planes.map((plane, index) => {
      const shift = index === 0 ? 0 : 1;
      return plane.subarray((y >> shift) * (this.strides[index] ?? 0) + (x >> shift));
    });
  }

  close(): void {
    this.frame.free();
  }

  #fillPlane(index: number, x: number, y: number, width: number, height: number, value: number): void {
    const plane = this.planes[index];
    const stride = this.strides[index] ?? 0;
    if (!plane) return;
    for (let row = y; row < y + height; row++)
      plane.fill(Math.round(value), row * stride + x, row * stride + x + width);
  }

  #blendPlane(
    index: number,
    values: Uint8Array,
    alphas: Uint8Array,
    width: number,
    height: number,
    x: number,
    y: number,
  ): void {
    const plane = this.planes[index];
    const stride = this.strides[index] ?? 0;
    if (!plane) return;
    for (let row = 0; row < height; row++) {
      let to = (y + row) * stride + x;
      let from = row * width;
      for (let column = 0; column < width; column++, to++, from++) {
        const alpha = alphas[from] as number;
        if (alpha === 255) {
          plane[to] = values[from] as number;
        } else if (alpha > 0) {
          const below = plane[to] as number;
          plane[to] = below + ((((values[from] as number) - below) * alpha + 127) >> 8);
        }
      }
    }
  }
}
