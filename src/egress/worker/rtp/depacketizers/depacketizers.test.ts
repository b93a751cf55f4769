import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrderedPacket } from '../reorder-buffer.ts';
import { createDepacketizer } from './depacketizer.ts';
import type { Depacketizer, EncodedFrame } from './frame.ts';

function make(mimeType: string): Depacketizer {
  const depacketizer = createDepacketizer(mimeType);
  if (!depacketizer) throw new Error(mimeType);
  return depacketizer;
}

function packet(payload: number[] | Buffer, marker = false, timestamp = 1): OrderedPacket {
  return {
    payload: Buffer.from(payload),
    marker,
    timestamp,
    payloadType: 96,
    sequence: 0,
    ssrc: 1,
    extensionProfile: 0,
    extensions: undefined,
    index: 0,
    arrivedAtMs: 7,
  };
}

function push(depacketizer: Depacketizer, packets: OrderedPacket[]): EncodedFrame[] {
  return packets.map((one) => depacketizer.push(one)).filter((frame) => frame !== undefined);
}

describe('VP8', () => {
  it('joins the packets of a frame and knows a keyframe', () => {
    const key = push(make('video/VP8'), [packet([0x10, 0x00, 1]), packet([0x00, 2], true)]);
    expect(key).toMatchObject([{ isKey: true, data: Buffer.from([0x00, 1, 2]), timestamp: 1 }]);
    const inter = push(make('video/VP8'), [packet([0x10, 0x01, 1], true)]);
    expect(inter).toMatchObject([{ isKey: false }]);
  });

  it('skips the descriptor’s extensions', () => {
    // X with I (15 bits), L, T and K.
    const frames = push(make('video/VP8'), [packet([0x90, 0xf0, 0x81, 0x23, 5, 0x20, 0x00, 9], true)]);
    expect(frames).toMatchObject([{ data: Buffer.from([0x00, 9]) }]);
  });

  it('drops a frame whose beginning is missing', () => {
    const depacketizer = make('video/VP8');
    expect(push(depacketizer, [packet([0x00, 2], true)])).toEqual([]);
    depacketizer.push(packet([0x10, 0x00, 1], false, 1));
    expect(push(depacketizer, [packet([0x00, 2], true, 2)])).toEqual([]);
  });
});

describe('H.264', () => {
  const code = [0, 0, 0, 1];

  it('puts start codes before single units and those of an aggregate', () => {
    const frames = push(make('video/H264'), [packet([24, 0, 2, 0x67, 1, 0, 2, 0x68, 2]), packet([0x65, 3, 4], true)]);
    const data = Buffer.from([...code, 0x67, 1, ...code, 0x68, 2, ...code, 0x65, 3, 4]);
    expect(frames).toMatchObject([{ isKey: true, data }]);
  });

  it('joins fragments', () => {
    const frames = push(make('video/H264'), [
      packet([0x7c, 0x85, 1]),
      packet([0x7c, 0x05, 2]),
      packet([0x7c, 0x45, 3], true),
    ]);
    expect(frames).toMatchObject([{ isKey: true, data: Buffer.from([...code, 0x65, 1, 2, 3]) }]);
  });

  it('drops a frame with fragments that have no beginning', () => {
    const frames = push(make('video/H264'), [packet([0x7c, 0x05, 2]), packet([0x7c, 0x45, 3], true)]);
    expect(frames).toEqual([]);
  });
});

describe('VP9', () => {
  it('joins spatial layers and packets, in flexible mode with references', () => {
    const frames = push(make('video/VP9'), [
      packet([0xf8, 0x85, 0x01, 0x00, 0x03, 0x02, 0xaa], false),
      packet([0xf4, 0x85, 0x01, 0x00, 0x02, 0xbb], true),
    ]);
    expect(frames).toMatchObject([{ isKey: false, data: Buffer.from([0xaa, 0xbb]) }]);
  });

  it('skips the scalability structure of a keyframe', () => {
    // One layer with its size, no group of pictures.
    const frames = push(make('video/VP9'), [packet([0x0a, 0x10, 1, 0, 0, 0xb4, 0xaa], true)]);
    expect(frames).toMatchObject([{ isKey: true, data: Buffer.from([0xaa]) }]);
  });
});

describe('AV1', () => {
  it('gives each unit its size, joined from fragments', () => {
    // W = 1, new sequence, the unit goes on in the next packet.
    const frames = push(make('video/AV1'), [packet([0x58, 0x08, 1, 2]), packet([0x90, 3], true)]);
    expect(frames).toMatchObject([{ isKey: true, data: Buffer.from([0x12, 0, 0x0a, 3, 1, 2, 3]) }]);
  });
});

describe('every depacketiser', () => {
  const types = ['audio/opus', 'video/VP8', 'video/VP9', 'video/H264', 'video/AV1'];

  it('survives garbage', () => {
    const garbage = fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), marker: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(fc.constantFrom(...types), garbage, (type, packets) => {
        const depacketizer = make(type);
        for (const { bytes, marker } of packets)
          depacketizer.push(packet(Buffer.from(bytes), marker, bytes.length >> 3));
      }),
    );
  });

  it('is not made for a codec nobody knows', () => {
    expect(createDepacketizer('video/H265')).toBeUndefined();
  });
});
