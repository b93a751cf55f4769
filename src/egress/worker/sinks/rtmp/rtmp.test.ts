import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAmf, encodeAmf } from './amf.ts';
import { ChunkReader, MESSAGE, toChunks } from './chunks.ts';
import { parseRtmpUrl } from './url.ts';

describe('AMF', () => {
  it('is read as it was written', () => {
    const values = ['connect', 1, null, { app: 'live', nested: { ok: true }, size: -2.5 }];
    expect(decodeAmf(encodeAmf(...values))).toEqual(values);
  });

  it('refuses garbage without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeAmf(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('chunks', () => {
  it('carry messages of any length and time, arriving in any pieces', () => {
    const message = fc.record({
      timestamp: fc.integer({ min: 0, max: 0xffffffff }),
      size: fc.integer({ min: 0, max: 700 }),
      channel: fc.integer({ min: 3, max: 6 }),
    });
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), cuts, (sent, pieces) => {
        const messages = sent.map(({ timestamp, size }, index) => ({
          type: MESSAGE.command,
          streamId: index,
          timestamp,
          payload: Buffer.alloc(size, index + 1),
        }));
        const bytes = Buffer.concat(messages.map((one, index) => toChunks(one, sent[index]?.channel ?? 3, 128)));
        const reader = new ChunkReader();
        const found = [];
        for (let from = 0, cut = 0; from < bytes.length; cut++) {
          const length = pieces[cut % pieces.length] ?? 1;
          found.push(...reader.push(bytes.subarray(from, from + length)));
          from += length;
        }
        expect(found.map(({ payload, streamId }) => [payload.length, streamId])).toEqual(
          messages.map(({ payload, streamId }) => [payload.length, streamId]),
        );
      }),
    );
  });
});

describe('a server that breaks the rules of chunks', () => {
  it('is refused whatever it sends, and in time', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
        const reader = new ChunkReader();
        try {
          for (const piece of pieces) reader.push(Buffer.from(piece));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it('is refused when it makes a message shorter than what it has sent of it', () => {
    const begun = toChunks({ type: 20, streamId: 0, timestamp: 0, payload: Buffer.alloc(300) }, 3, 128).subarray(
      0,
      12 + 128,
    );
    const shorter = toChunks({ type: 20, streamId: 0, timestamp: 0, payload: Buffer.alloc(0) }, 3, 128);
    expect(() => new ChunkReader().push(Buffer.concat([begun, shorter, Buffer.alloc(200)]))).toThrow(
      'changed the length',
    );
  });

  it('is refused when it begins messages on ever more channels', () => {
    const reader = new ChunkReader();
    const payload = Buffer.alloc(300);
    const begin = (channel: number) =>
      reader.push(toChunks({ type: 20, streamId: 0, timestamp: 0, payload }, channel, 128).subarray(0, 12 + 128));
    expect(() => {
      for (let channel = 3; channel < 64; channel++) begin(channel);
    }).toThrow('too many channels');
  });
});

describe('an RTMP address', () => {
  it('is taken apart into what is said and what is kept', () => {
    expect(parseRtmpUrl('rtmps://live.example.com/app/sub/my-key?token=abcd')).toEqual({
      hostname: 'live.example.com',
      port: 443,
      isSecure: true,
      application: 'app/sub',
      playPath: 'my-key?token=abcd',
      publicUrl: 'rtmps://live.example.com/app/sub',
      secrets: ['my-key', 'my-key', 'token=abcd'],
    });
    expect(parseRtmpUrl('rtmp://h:1936/live/k').port).toBe(1936);
  });

  it('is refused when it is another', () => {
    expect(() => parseRtmpUrl('http://example.com/live/k')).toThrow('rtmp');
    expect(() => parseRtmpUrl('no url')).toThrow('rtmp');
  });
});
