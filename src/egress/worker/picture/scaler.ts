// Scales decoded pictures into rectangles of the canvas with libswscale, without a copy in between where that is
// possible.
import { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, type AVPixelFormat, SWS_BILINEAR } from 'node-av/constants';
import { avImageCopy2, SoftwareScaleContext } from 'node-av/lib';
import type { Picture } from '../sources/video-decoder.ts';
import type { Canvas } from './canvas.ts';

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Rotation = 0 | 90 | 180 | 270;

/** libswscale writes rows in steps, past the end of a width that is no multiple of this: beside the tile, there. */
const WIDTH_WRITTEN = 32;
/** Of a picture that is this little too large, the rim is cut off: that is seen less than scaling, and costs nothing. */
const RIM_SHARE = 0.04;
/** A camera is cropped to its tile unless that would take away more than this; then it is fitted in. */
const MOST_CROPPED = 0.6;

/** One for each tile, because a context holds the filters for its sizes. */
export class Scaler {
  #context: SoftwareScaleContext | undefined;
  #signature = '';
  #between: { planes: Buffer[]; strides: number[]; signature: string } | undefined;

  /** Draws `picture` into `target` of the canvas and returns the part of it that it covers. */
  draw(picture: Picture, rotation: Rotation, canvas: Canvas, target: Rectangle, fit: 'cover' | 'contain'): Rectangle {
    const isTurned = rotation === 90 || rotation === 270;
    const shape = isTurned ? { width: picture.height, height: picture.width } : picture;
    const placed = place(shape, target, fit);
    if (rotation === 0 && placed.target.width % WIDTH_WRITTEN === 0) {
      this.#scale(
        picture,
        placed.source,
        placed.target,
        canvas.planesAt(placed.target.x, placed.target.y),
        canvas.strides,
      );
      return placed.target;
    }
    if (rotation === 0) this.#drawCopied(picture, canvas, placed);
    else this.#drawTurned(picture, rotation, canvas, placed);
    return placed.target;
  }

  close(): void {
    this.#context?.freeContext();
    this.#context = undefined;
    this.#between = undefined;
    this.#signature = '';
  }

  #drawCopied(picture: Picture, canvas: Canvas, { source, target }: Placement): void {
    const { x, y, width, height } = target;
    const buffer = this.#bufferFor(width, height);
    this.#scale(picture, source, target, buffer.planes, buffer.strides);
    avImageCopy2(
      canvas.planesAt(x, y),
      canvas.strides,
      buffer.planes,
      buffer.strides,
      AV_PIX_FMT_YUV420P,
      width,
      height,
    );
  }

  #drawTurned(picture: Picture, rotation: Rotation, canvas: Canvas, placed: Placement): void {
    const isSideways = rotation !== 180;
    const size = isSideways ? { width: placed.target.height, height: placed.target.width } : placed.target;
    const source = isSideways ? swapped(placed.source) : placed.source;
    const buffer = this.#bufferFor(size.width, size.height);
    this.#scale(picture, source, size, buffer.planes, buffer.strides);
    const into = canvas.planesAt(placed.target.x, placed.target.y);
    for (let plane = 0; plane < 3; plane++) {
      const shift = plane === 0 ? 0 : 1;
      turn(
        { bytes: buffer.planes[plane] as Buffer, stride: buffer.strides[plane] as number },
        { bytes: into[plane] as Buffer, stride: canvas.strides[plane] as number },
        size.width >> shift,
        size.height >> shift,
        rotation,
      );
    }
  }

  #scale(
    picture: Picture,
    source: Rectangle,
    size: { width: number; height: number },
    planes: Buffer[],
    strides: number[],
  ): void {
    const format = picture.format;
    const signature = `${source.width}x${source.height} ${String(format)} ${size.width}x${size.height}`;
    if (signature !== this.#signature) {
      this.#context?.freeContext();
      this.#context = new SoftwareScaleContext();
      this.#context.getContext(
        source.width,
        source.height,
        format,
        size.width,
        size.height,
        AV_PIX_FMT_YUV420P,
        SWS_BILINEAR,
      );
      this.#signature = signature;
    }
    this.#context?.scaleSync(cropped(picture, source), picture.strides, 0, source.height, planes, strides);
  }

  #bufferFor(width: number, height: number): { planes: Buffer[]; strides: number[] } {
    const signature = `${width}x${height}`;
    if (this.#between?.signature !== signature) {
      const planes = [width * height, (width * height) / 4, (width * height) / 4].map((size) =>
        Buffer.alloc(size + 64),
      );
      this.#between = { planes, strides: [width, width / 2, width / 2], signature };
    }
    return this.#between;
  }
}

interface Placement {
  /** The part of the upright picture that is seen. */
  source: Rectangle;
  target: Rectangle;
}

/** Which part of a picture goes where. */
export function place(
  picture: { width: number; height: number },
  target: Rectangle,
  fit: 'cover' | 'contain',
): Placement {
  const ratio = picture.width / picture.height / (target.width / target.height);
  const cropped = 1 - Math.min(ratio, 1 / ratio);
  if (fit === 'contain' || cropped > MOST_CROPPED) {
    const width = ratio > 1 ? target.width : Math.max(2, even(target.width * ratio));
    const height = ratio > 1 ? Math.max(2, even(target.height / ratio)) : target.height;
    const x = target.x + even((target.width - width) / 2);
    const y = target.y + even((target.height - height) / 2);
    return { source: { x: 0, y: 0, ...sizeOf(picture) }, target: { x, y, width, height } };
  }
  let width = ratio > 1 ? even(picture.width / ratio) : picture.width;
  let height = ratio > 1 ? picture.height : even(picture.height * ratio);
  if (isRim(width, target.width) && isRim(height, target.height)) ({ width, height } = target);
  const x = even((picture.width - width) / 2);
  const y = even((picture.height - height) / 2);
  return { source: { x, y, width, height }, target };
}

function isRim(size: number, wanted: number): boolean {
  return size >= wanted && size - wanted <= wanted * RIM_SHARE;
}

function sizeOf({ width, height }: { width: number; height: number }): { width: number; height: number } {
  return { width, height };
}

function swapped({ x, y, width, height }: Rectangle): Rectangle {
  return { x: y, y: x, width: height, height: width };
}

function cropped(picture: Picture, { x, y }: Rectangle): Buffer[] {
  if (x === 0 && y === 0) return picture.planes;
  const shift = hasHalfChroma(picture.format) ? 1 : 0;
  return picture.planes.map((plane, index) => {
    const by = index === 0 ? 0 : shift;
    return plane.subarray((y >> by) * (picture.strides[index] ?? 0) + (x >> by));
  });
}

function hasHalfChroma(format: AVPixelFormat): boolean {
  return format === AV_PIX_FMT_YUV420P || format === AV_PIX_FMT_YUVJ420P;
}

interface Plane {
  bytes: Buffer;
  stride: number;
}

/** Copies a plane turned clockwise; `width` and `height` are those before. */
function turn(from: Plane, to: Plane, width: number, height: number, rotation: Rotation): void {
  for (let row = 0; row < height; row++) {
    const base = row * from.stride;
    for (let column = 0; column < width; column++) {
      const value = from.bytes[base + column] as number;
      if (rotation === 90) to.bytes[column * to.stride + (height - 1 - row)] = value;
      else if (rotation === 270) to.bytes[(width - 1 - column) * to.stride + row] = value;
      else to.bytes[(height - 1 - row) * to.stride + (width - 1 - column)] = value;
    }
  }
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
