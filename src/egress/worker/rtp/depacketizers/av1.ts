// AV1 (the RTP payload specification of the Alliance for Open Media): OBUs, aggregated and fragmented, come without
// their sizes; a decoder wants them with.
import type { OrderedPacket } from '../reorder-buffer.ts';
import { type Depacketizer, type EncodedFrame, FramePieces } from './frame.ts';

const TEMPORAL_DELIMITER = Buffer.from([0x12, 0x00]);
const HAS_SIZE = 0x02;
const HAS_EXTENSION = 0x04;

export class Av1Depacketizer implements Depacketizer {
  readonly #pieces = new FramePieces();
  #fragment: Buffer[] = [];
  #timestamp: number | undefined;
  #isKey = false;

  push({ payload, timestamp, marker, arrivedAtMs }: OrderedPacket): EncodedFrame | undefined {
    if (payload.length < 2) return undefined;
    const header = payload.readUInt8(0);
    const [continues, willContinue, beginsSequence] = [header & 0x80, header & 0x40, header & 0x08];
    if (this.#timestamp !== timestamp) {
      this.reset();
      if (continues) return undefined;
      this.#timestamp = timestamp;
      this.#isKey = beginsSequence !== 0;
      this.#pieces.add(TEMPORAL_DELIMITER);
    }
    const elements = splitElements(payload.subarray(1), (header >> 4) & 3);
    elements.forEach((element, index) => {
      this.#fragment.push(element);
      const isLast = index === elements.length - 1;
      if (!(isLast && willContinue)) this.#endUnit();
    });
    if (!marker || this.#pieces.isEmpty) return undefined;
    const frame = { data: this.#pieces.take(), isKey: this.#isKey, timestamp, arrivedAtMs };
    this.reset();
    return frame;
  }

  reset(): void {
    this.#pieces.clear();
    this.#fragment = [];
    this.#timestamp = undefined;
    this.#isKey = false;
  }

  #endUnit(): void {
    const unit = Buffer.concat(this.#fragment);
    this.#fragment = [];
    if (unit.length === 0) return;
    const header = unit.readUInt8(0);
    if (header & HAS_SIZE) {
      this.#pieces.add(unit);
      return;
    }
    const headerLength = header & HAS_EXTENSION ? 2 : 1;
    const head = Buffer.from(unit.subarray(0, headerLength));
    head.writeUInt8(header | HAS_SIZE, 0);
    this.#pieces.add(head);
    this.#pieces.add(leb128(unit.length - headerLength));
    this.#pieces.add(unit.subarray(headerLength));
  }
}

/** `count` elements, the last without a length; 0 when each has its length. */
function splitElements(bytes: Buffer, count: number): Buffer[] {
  const elements: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    let length = bytes.length - offset;
    if (count === 0 || elements.length < count - 1) {
      const size = readLeb128(bytes, offset);
      offset += size.bytes;
      length = Math.min(size.value, bytes.length - offset);
    }
    elements.push(bytes.subarray(offset, offset + length));
    offset += length;
    if (count > 0 && elements.length === count) break;
  }
  return elements;
}

function readLeb128(bytes: Buffer, offset: number): { value: number; bytes: number } {
  let value = 0;
  for (let index = 0; index < 5 && offset + index < bytes.length; index++) {
    const byte = bytes.readUInt8(offset + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (!(byte & 0x80)) return { value, bytes: index + 1 };
  }
  return { value: bytes.length, bytes: bytes.length - offset };
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}
