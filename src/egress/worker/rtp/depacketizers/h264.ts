// H.264 (RFC 6184): single NAL units, STAP-A and FU-A; out come access units with start codes.
import type { OrderedPacket } from '../reorder-buffer.ts';
import { type Depacketizer, type EncodedFrame, FramePieces } from './frame.ts';

const START_CODE = Buffer.from([0, 0, 0, 1]);
const IDR = 5;
const STAP_A = 24;
const FU_A = 28;

export class H264Depacketizer implements Depacketizer {
  readonly #pieces = new FramePieces();
  #timestamp: number | undefined;
  #isKey = false;
  #inFragment = false;
  #isBroken = false;

  push({ payload, timestamp, marker, arrivedAtMs }: OrderedPacket): EncodedFrame | undefined {
    if (payload.length < 2) return undefined;
    if (this.#timestamp !== timestamp) {
      this.reset();
      this.#timestamp = timestamp;
    }
    const type = payload.readUInt8(0) & 0x1f;
    if (type > 0 && type < STAP_A) this.#addUnit(payload);
    else if (type === STAP_A) this.#addAggregate(payload);
    else if (type === FU_A) this.#addFragment(payload);
    if (!marker) return undefined;
    const isWhole = !this.#isBroken && !this.#pieces.isEmpty;
    const frame = isWhole ? { data: this.#pieces.take(), isKey: this.#isKey, timestamp, arrivedAtMs } : undefined;
    this.reset();
    return frame;
  }

  reset(): void {
    this.#pieces.clear();
    this.#timestamp = undefined;
    this.#isKey = false;
    this.#inFragment = false;
    this.#isBroken = false;
  }

  #addUnit(unit: Buffer): void {
    if ((unit.readUInt8(0) & 0x1f) === IDR) this.#isKey = true;
    this.#pieces.add(START_CODE);
    this.#pieces.add(unit);
  }

  #addAggregate(payload: Buffer): void {
    let offset = 1;
    while (offset + 2 < payload.length) {
      const length = payload.readUInt16BE(offset);
      offset += 2;
      if (length === 0 || offset + length > payload.length) break;
      this.#addUnit(payload.subarray(offset, offset + length));
      offset += length;
    }
  }

  #addFragment(payload: Buffer): void {
    const header = payload.readUInt8(1);
    if (header & 0x80) {
      if ((header & 0x1f) === IDR) this.#isKey = true;
      this.#pieces.add(START_CODE);
      this.#pieces.add(Buffer.from([(payload.readUInt8(0) & 0xe0) | (header & 0x1f)]));
      this.#inFragment = true;
    }
    if (this.#inFragment) this.#pieces.add(payload.subarray(2));
    else this.#isBroken = true;
    if (header & 0x40) this.#inFragment = false;
  }
}
