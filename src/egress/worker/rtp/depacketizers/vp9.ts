// VP9 (RFC 9628), in flexible and non-flexible mode; all spatial layers that arrive make up the frame.
import type { OrderedPacket } from '../reorder-buffer.ts';
import { type Depacketizer, type EncodedFrame, FramePieces } from './frame.ts';

const MAX_REFERENCES = 3;

export class Vp9Depacketizer implements Depacketizer {
  readonly #pieces = new FramePieces();
  #timestamp: number | undefined;
  #isKey = false;

  push({ payload, timestamp, marker, arrivedAtMs }: OrderedPacket): EncodedFrame | undefined {
    const descriptor = parseDescriptor(payload);
    if (!descriptor) return undefined;
    if (this.#timestamp !== timestamp) {
      this.reset();
      if (!descriptor.begins) return undefined;
      this.#timestamp = timestamp;
      this.#isKey = !descriptor.isPredicted;
    }
    this.#pieces.add(payload.subarray(descriptor.length));
    if (!marker || this.#pieces.isEmpty) return undefined;
    this.#timestamp = undefined;
    return { data: this.#pieces.take(), isKey: this.#isKey, timestamp, arrivedAtMs };
  }

  reset(): void {
    this.#pieces.clear();
    this.#timestamp = undefined;
  }
}

interface Descriptor {
  length: number;
  begins: boolean;
  isPredicted: boolean;
}

function parseDescriptor(payload: Buffer): Descriptor | undefined {
  if (payload.length < 2) return undefined;
  const first = payload.readUInt8(0);
  const has = (bit: number) => (first & bit) !== 0;
  const [hasPictureId, isPredicted, hasLayers, isFlexible] = [has(0x80), has(0x40), has(0x20), has(0x10)];
  const byteAt = (offset: number) => (offset < payload.length ? payload.readUInt8(offset) : 0);
  let length = 1;
  if (hasPictureId) length += byteAt(length) & 0x80 ? 2 : 1;
  if (hasLayers) length += isFlexible ? 1 : 2;
  if (isFlexible && isPredicted) {
    for (let reference = 0; reference < MAX_REFERENCES; reference++) {
      const more = byteAt(length) & 1;
      length += 1;
      if (!more) break;
    }
  }
  if (has(0x02)) length = skipScalability(byteAt, length);
  return length < payload.length ? { length, begins: has(0x08), isPredicted } : undefined;
}

function skipScalability(byteAt: (offset: number) => number, start: number): number {
  const head = byteAt(start);
  let length = start + 1;
  const layers = (head >> 5) + 1;
  if (head & 0x10) length += layers * 4;
  if (head & 0x08) {
    const pictures = byteAt(length);
    length += 1;
    for (let picture = 0; picture < pictures; picture++) length += 1 + ((byteAt(length) >> 2) & 3);
  }
  return length;
}
