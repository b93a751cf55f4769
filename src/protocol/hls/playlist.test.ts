import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationOf, type MediaPlaylist, parsePlaylist, playlistText, reachOf, toSeconds } from './playlist.ts';

const TEXT = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.06000
#EXT-X-PART-INF:PART-TARGET=0.35333
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="run-1-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:00.000Z
#EXTINF:2.0,
run-1-segment-0.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:09.000Z
#EXT-X-PART:DURATION=0.33333,URI="part-0.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.33333,URI="part-0.1.m4s"
#EXTINF:0.66667,
segment-0.m4s
#EXT-X-PART:DURATION=0.33333,URI="part-1.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-1.1.m4s"
`;

describe('a playlist', () => {
  it('is read as what it says', () => {
    expect(parsePlaylist(TEXT)).toEqual({
      head: {
        version: 9,
        targetSeconds: 2,
        serverControl: { canBlockReload: true, partHoldBack: '1.06000' },
        partTarget: '0.35333',
        mediaSequence: 7,
        discontinuitySequence: 1,
        type: 'EVENT',
        hasIndependentSegments: true,
      },
      segments: [
        {
          isDiscontinuous: false,
          map: 'run-1-init.mp4',
          date: '2030-01-01T00:00:00.000Z',
          parts: [],
          duration: '2.0',
          uri: 'run-1-segment-0.m4s',
        },
        {
          isDiscontinuous: true,
          map: 'init.mp4',
          date: '2030-01-01T00:00:09.000Z',
          parts: [
            { uri: 'part-0.0.m4s', duration: '0.33333', isIndependent: true },
            { uri: 'part-0.1.m4s', duration: '0.33333', isIndependent: false },
          ],
          duration: '0.66667',
          uri: 'segment-0.m4s',
        },
      ],
      open: {
        isDiscontinuous: false,
        map: undefined,
        date: undefined,
        parts: [{ uri: 'part-1.0.m4s', duration: '0.33333', isIndependent: true }],
      },
      preloadHint: 'part-1.1.m4s',
      hasEnded: false,
    } satisfies MediaPlaylist);
    expect(durationOf(parsePlaylist(TEXT))).toBeCloseTo(2.66667);
  });

  it.each([
    ['with all that there is', TEXT],
    ['that has only begun', '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MAP:URI="init.mp4"\n'],
    ['that has ended', '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:0.6,\n0.m4s\n#EXT-X-ENDLIST\n'],
    ['with nothing in it', '#EXTM3U\n'],
  ])('%s is written as it was read, to the byte', (_, text) => {
    expect(playlistText(parsePlaylist(text))).toBe(text);
  });

  it('of any content is read as it was written', () => {
    const name = fc.stringMatching(/^[\w-]{1,12}\.m4s$/);
    const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const duration = fc.integer({ min: 0, max: 10_000_000 }).map((value) => toSeconds(value / 1e5));
    const open = {
      isDiscontinuous: fc.boolean(),
      map: optional(name),
      date: optional(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
      parts: fc.array(fc.record({ uri: name, duration, isIndependent: fc.boolean() }), { maxLength: 4 }),
    };
    const count = optional(fc.nat(1e6));
    const playlist: fc.Arbitrary<MediaPlaylist> = fc.record({
      head: fc.record({
        version: count,
        targetSeconds: count,
        serverControl: optional(fc.record({ canBlockReload: fc.constant(true), partHoldBack: optional(duration) })),
        partTarget: optional(duration),
        mediaSequence: count,
        discontinuitySequence: count,
        type: optional(fc.constantFrom('EVENT', 'VOD')),
        hasIndependentSegments: fc.boolean(),
      }),
      segments: fc.array(fc.record({ ...open, uri: name, duration }), { maxLength: 5 }),
      open: fc.record(open),
      preloadHint: optional(name),
      hasEnded: fc.boolean(),
    });
    fc.assert(
      fc.property(playlist, (written) => {
        const text = playlistText(written);
        expect(parsePlaylist(text)).toEqual(written);
        expect(reachOf(text)).toEqual({
          nextMsn: (written.head.mediaSequence ?? 0) + written.segments.length,
          parts: written.open.parts.length,
          ended: written.hasEnded,
          targetSeconds: written.head.targetSeconds || 2,
        });
      }),
    );
  });

  it('of another’s making is read without harm', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...TEXT.split('\n')))), (lines) => {
        const text = lines.join('\n');
        expect(parsePlaylist(playlistText(parsePlaylist(text))).segments).toEqual(parsePlaylist(text).segments);
        reachOf(text);
      }),
    );
  });
});
