// Many pictures on one sheet, as PNG, and how much two sheets differ.
import { AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV420P, SWS_AREA } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, SoftwareScaleContext } from 'node-av/lib';
import type { Canvas } from '../../src/egress/worker/picture/canvas.ts';
import { encodePng } from './film.ts';

const GAP = 6;

export class ContactSheet {
  readonly #frame: Frame;
  readonly #cell: { width: number; height: number };
  readonly #columns: number;

  constructor(cell: { width: number; height: number }, columns: number, rows: number) {
    this.#cell = cell;
    this.#columns = columns;
    this.#frame = rgbFrame(GAP + columns * (cell.width + GAP), GAP + rows * (cell.height + GAP));
    this.#frame.data?.[0]?.fill(128);
  }

  /** Puts a canvas into the next free cell, scaled down. */
  place(canvas: Canvas, index: number): void {
    const { width, height } = this.#cell;
    const x = GAP + (index % this.#columns) * (width + GAP);
    const y = GAP + Math.floor(index / this.#columns) * (height + GAP);
    const small = rgbFrame(width, height);
    const scaler = new SoftwareScaleContext();
    scaler.getContext(canvas.width, canvas.height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_RGB24, SWS_AREA);
    scaler.scaleSync(canvas.planes, canvas.strides, 0, canvas.height, small.data ?? [], small.linesize);
    scaler.freeContext();
    for (let row = 0; row < height; row++) {
      const from = row * (small.linesize[0] ?? 0);
      small.data?.[0]?.copy(this.#frame.data?.[0] as Buffer, this.#at(x, y + row), from, from + width * 3);
    }
    small.free();
  }

  png(): Buffer {
    return encodePng(this.#frame);
  }

  /** The share of pixels of each cell that differ visibly from a sheet that was kept. */
  differences(png: Buffer, count: number): number[] {
    const kept = decodePng(png);
    const { width, height } = this.#frame;
    if (kept.width !== width || kept.height !== height) return new Array(count).fill(1);
    const shares = Array.from({ length: count }, (_, index) => this.#difference(kept, index));
    kept.free();
    return shares;
  }

  close(): void {
    this.#frame.free();
  }

  #difference(kept: Frame, index: number): number {
    const { width, height } = this.#cell;
    const x = GAP + (index % this.#columns) * (width + GAP);
    const y = GAP + Math.floor(index / this.#columns) * (height + GAP);
    let different = 0;
    for (let row = 0; row < height; row++) {
      const [mine, theirs] = [this.#at(x, y + row), (y + row) * (kept.linesize[0] ?? 0) + x * 3];
      for (let byte = 0; byte < width * 3; byte += 3) {
        if (isDifferent(this.#frame.data?.[0] as Buffer, mine + byte, kept.data?.[0] as Buffer, theirs + byte))
          different += 1;
      }
    }
    return different / (width * height);
  }

  #at(x: number, y: number): number {
    return y * (this.#frame.linesize[0] ?? 0) + x * 3;
  }
}

/** By more than other scalers and other processors make of the same picture. */
const VISIBLE = 24;

function isDifferent(a: Buffer, atA: number, b: Buffer, atB: number): boolean {
  for (let part = 0; part < 3; part++) {
    if (Math.abs((a[atA + part] as number) - (b[atB + part] as number)) > VISIBLE) return true;
  }
  return false;
}

function rgbFrame(width: number, height: number): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_PIX_FMT_RGB24;
  frame.width = width;
  frame.height = height;
  if (frame.getBuffer(0) < 0) throw new Error('no memory for a picture');
  return frame;
}

function decodePng(png: Buffer): Frame {
  const codec = Codec.findDecoderByName('png' as never);
  const decoder = new CodecContext();
  const packet = new Packet();
  const frame = new Frame();
  decoder.allocContext3(codec);
  decoder.open2Sync(codec, null);
  packet.alloc();
  frame.alloc();
  packet.data = png;
  decoder.sendPacketSync(packet);
  if (decoder.receiveFrameSync(frame) < 0) throw new Error('not a PNG');
  packet.free();
  decoder.freeContext();
  return frame;
}
