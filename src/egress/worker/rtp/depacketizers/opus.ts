// Opus (RFC 7587): a packet is a frame.
import type { OrderedPacket } from '../reorder-buffer.ts';
import type { Depacketizer, EncodedFrame } from './frame.ts';

export class OpusDepacketizer implements Depacketizer {
  push({ payload, timestamp, arrivedAtMs }: OrderedPacket): EncodedFrame | undefined {
    return payload.length > 0 ? { data: payload, isKey: true, timestamp, arrivedAtMs } : undefined;
  }

  reset(): void {}
}
