import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RtpPacket } from './packet.ts';
import { ReorderBuffer } from './reorder-buffer.ts';

function packet(sequence: number): RtpPacket {
  const payload = Buffer.from([sequence & 0xff]);
  return {
    marker: false,
    payloadType: 96,
    sequence: sequence & 0xffff,
    timestamp: 0,
    ssrc: 1,
    payload,
    extensionProfile: 0,
    extensions: undefined,
  };
}

function buffer() {
  const given: number[] = [];
  const gaps: number[] = [];
  const reorder = new ReorderBuffer({
    onPacket: ({ sequence }) => given.push(sequence),
    onGap: (lost) => gaps.push(lost),
  });
  return { reorder, given, gaps };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => (from + index) & 0xffff);

describe('a reorder buffer', () => {
  it('hands on each packet once and in order, whatever the network does within its patience', () => {
    const network = fc.record({
      start: fc.integer({ min: 0, max: 0xffff }),
      delays: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 200 }),
      copies: fc.array(fc.nat(199), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(network, ({ start, delays, copies }) => {
        const { reorder, given, gaps } = buffer();
        const sent = delays.map((delay, index) => ({
          sequence: start + index,
          at: index * 5 + (index === 0 ? 0 : delay),
        }));
        const again = copies.flatMap((index) =>
          sent.slice(index, index + 1).map((one) => ({ ...one, at: one.at + 3 })),
        );
        const arriving = [...sent, ...again].sort((a, b) => a.at - b.at);
        for (const { sequence, at } of arriving) reorder.push(packet(sequence), at);
        expect(given).toEqual(range(start, delays.length));
        expect(gaps).toEqual([]);
      }),
    );
  });

  it('asks for what is missing, and again, and takes it when it comes', () => {
    const { reorder, given } = buffer();
    for (const sequence of [10, 11, 14]) reorder.push(packet(sequence), 0);
    expect(reorder.dueNacks(5)).toEqual([]);
    const due = reorder.dueNacks(15);
    expect(due.map((index) => index & 0xffff)).toEqual([12, 13]);
    expect(reorder.dueNacks(20)).toEqual([]);
    expect(reorder.dueNacks(60)).toHaveLength(2);
    reorder.push(packet(13), 70);
    reorder.push(packet(12), 80);
    expect(given).toEqual([10, 11, 12, 13, 14]);
    expect(reorder.recovered).toBe(2);
  });

  it('gives up on a gap after its patience and says so before going on', () => {
    const { reorder, given, gaps } = buffer();
    for (const sequence of [0xfffe, 1]) reorder.push(packet(sequence), 0);
    reorder.drain(200);
    expect(given).toEqual([0xfffe]);
    reorder.drain(300);
    expect([given, gaps, reorder.lost]).toEqual([[0xfffe, 1], [2], 2]);
    reorder.push(packet(0xffff), 310);
    expect(given).toEqual([0xfffe, 1]);
  });

  it('takes a far jump as a new beginning, and holds a bounded number of packets', () => {
    const { reorder, given, gaps } = buffer();
    reorder.push(packet(5), 0);
    reorder.push(packet(9000), 1);
    reorder.push(packet(9001), 2);
    expect([given, gaps.length]).toEqual([[5, 9000, 9001], 1]);
  });
});
