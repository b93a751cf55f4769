// What every depacketiser gives, and gathers it in.
import type { OrderedPacket } from '../reorder-buffer.ts';

export interface EncodedFrame {
  data: Buffer;
  isKey: boolean;
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  arrivedAtMs: number;
}

export interface Depacketizer {
  /** Returns the frame that this packet completes. */
  push(packet: OrderedPacket): EncodedFrame | undefined;
  /** Forgets the frame begun: a packet of it is lost. */
  reset(): void;
}

/** A frame larger than this is an attack or a mistake. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** Gathers the pieces of one frame; empty again when there would be too much of it. */
export class FramePieces {
  #pieces: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > MAX_FRAME_BYTES) this.clear();
  }

  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  take(): Buffer {
    const [only] = this.#pieces;
    const whole = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces, this.#bytes);
    this.clear();
    return whole;
  }
}
