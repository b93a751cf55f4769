import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extensionOf, parseRtp, rotationOf, unwrapRtx } from './packet.ts';
import { isRtcp, nack, parseRtcp, pictureLoss, receiverReport } from './rtcp.ts';
import { Unwrapper } from './unwrap.ts';

const header = [0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 5, 0, 0, 0, 9];

describe('an RTP packet', () => {
  it('is read with its contributing sources, extensions and padding', () => {
    const bytes = Buffer.from([
      ...[0xb1, 0xe0, 0x12, 0x34, 0, 0, 0, 5, 0, 0, 0, 9],
      ...[0, 0, 0, 1],
      ...[0xbe, 0xde, 0, 1, 0x30, 0x01, 0, 0],
      ...[0xaa, 0xbb, 0, 2],
    ]);
    const packet = parseRtp(bytes);
    expect(packet).toMatchObject({ marker: true, payloadType: 96, sequence: 0x1234, timestamp: 5, ssrc: 9 });
    expect(packet?.payload).toEqual(Buffer.from([0xaa, 0xbb]));
    expect(packet && rotationOf(extensionOf(packet, 3))).toBe(90);
    expect(packet && extensionOf(packet, 4)).toBeUndefined();
  });

  it('gives back the packet that a retransmission carries', () => {
    const packet = parseRtp(Buffer.from([...header, 0xff, 0xfe, 1, 2]));
    const original = packet && unwrapRtx(packet, { payloadType: 100, ssrc: 42 });
    expect(original).toMatchObject({ sequence: 0xfffe, payloadType: 100, ssrc: 42, payload: Buffer.from([1, 2]) });
  });

  it('is nothing when the bytes are garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const packet = parseRtp(Buffer.from(bytes));
        if (packet) extensionOf(packet, 3);
        parseRtcp(Buffer.from(bytes));
      }),
    );
  });
});

describe('RTCP', () => {
  it('asks for packets in as few words as possible', () => {
    const bytes = nack(1, 2, [10, 11, 26, 27, 0x1_0000]);
    expect(isRtcp(bytes)).toBe(true);
    const words = Array.from({ length: 3 }, (_, index) => [
      bytes.readUInt16BE(12 + index * 4),
      bytes.readUInt16BE(14 + index * 4),
    ]);
    expect(words).toEqual([
      [10, 0x8001],
      [27, 0],
      [0, 0],
    ]);
  });

  it('asks for a keyframe and reports what was received', () => {
    expect([...pictureLoss(1, 2)]).toEqual([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    const report = receiverReport(1, [{ ssrc: 2, fractionLost: 0.5, cumulativeLost: 3, highestSequence: 70_000 }]);
    expect([report.length, report.readUInt8(12), report.readUIntBE(13, 3), report.readUInt32BE(16)]).toEqual([
      32, 128, 3, 70_000,
    ]);
  });

  it('reads sender reports among other packets', () => {
    const report = Buffer.alloc(28);
    report.set([0x80, 200, 0, 6, 0, 0, 0, 9, 0, 0, 0, 10, 0x80, 0, 0, 0, 0, 0, 0, 77]);
    const goodbye = Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 9]);
    expect(parseRtcp(Buffer.concat([report, goodbye]))).toEqual([
      { type: 'sender-report', ssrc: 9, ntpMs: 10_500, timestamp: 77 },
      { type: 'goodbye', ssrc: 9 },
    ]);
  });
});

describe('unwrapping', () => {
  it('counts on over any number of wrap-arounds, with reordering', () => {
    const steps = fc.array(fc.integer({ min: -200, max: 3000 }), { maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 0xffff }), steps, (start, moves) => {
        const unwrapper = new Unwrapper(16);
        const offset = unwrapper.unwrap(start & 0xffff) - start;
        let at = start;
        for (const move of moves) {
          at = Math.max(start - 1000, at + move);
          expect(unwrapper.unwrap(at & 0xffff) - offset).toBe(at);
        }
      }),
    );
  });
});
