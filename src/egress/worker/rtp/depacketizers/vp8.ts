// VP8 (RFC 7741).
import type { OrderedPacket } from '../reorder-buffer.ts';
import { type Depacketizer, type EncodedFrame, FramePieces } from './frame.ts';

export class Vp8Depacketizer implements Depacketizer {
  readonly #pieces = new FramePieces();
  #timestamp: number | undefined;
  #isKey = false;

  push({ payload, timestamp, marker, arrivedAtMs }: OrderedPacket): EncodedFrame | undefined {
    const offset = descriptorLength(payload);
    if (offset === undefined) return undefined;
    const first = payload.readUInt8(0);
    const beginsFrame = (first & 0x10) !== 0 && (first & 0x07) === 0;
    if (beginsFrame) {
      this.#pieces.clear();
      this.#timestamp = timestamp;
      this.#isKey = (payload.readUInt8(offset) & 1) === 0;
    } else if (this.#timestamp !== timestamp) {
      this.reset();
    }
    if (this.#timestamp === undefined) return undefined;
    this.#pieces.add(payload.subarray(offset));
    if (!marker || this.#pieces.isEmpty) return undefined;
    this.#timestamp = undefined;
    return { data: this.#pieces.take(), isKey: this.#isKey, timestamp, arrivedAtMs };
  }

  reset(): void {
    this.#pieces.clear();
    this.#timestamp = undefined;
  }
}

/** Nothing when no payload follows the descriptor. */
function descriptorLength(payload: Buffer): number | undefined {
  if (payload.length < 2) return undefined;
  let length = 1;
  if (payload.readUInt8(0) & 0x80) {
    const present = payload.readUInt8(1);
    length = 2;
    if (present & 0x80) {
      if (payload.length <= length) return undefined;
      length += payload.readUInt8(length) & 0x80 ? 2 : 1;
    }
    if (present & 0x40) length += 1;
    if (present & 0x30) length += 1;
  }
  return length < payload.length ? length : undefined;
}
