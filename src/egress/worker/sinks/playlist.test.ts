import { describe, expect, it } from 'vitest';
import { Playlist } from './playlist.ts';

function streamed(seconds: number): Playlist {
  const playlist = new Playlist(0.35);
  playlist.beganAt = Date.UTC(2030, 0, 1);
  const parts = Math.floor(seconds * 3);
  for (let part = 0; part < parts; part++) {
    const [segment, index] = [Math.floor(part / 6), part % 6];
    playlist.addPart(
      { name: `part-${segment}.${index}.m4s`, duration: 1 / 3, isIndependent: index === 0 },
      `part-${segment}.${index + 1}.m4s`,
    );
    if (index === 5) {
      playlist.closeSegment(
        { name: `segment-${segment}.m4s`, begin: segment * 2, duration: 2 },
        `part-${segment + 1}.0.m4s`,
      );
    }
  }
  return playlist;
}

const lines = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start));

describe('a playlist', () => {
  it('says how it is to be read', () => {
    const text = streamed(1).liveEdge();
    expect(text.startsWith('#EXTM3U\n#EXT-X-VERSION:9\n')).toBe(true);
    expect(text).toContain('CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.05000');
    expect(text).toContain('PART-TARGET=0.35000');
  });

  it('announces the next part, in this segment or the next', () => {
    expect(lines(streamed(1).liveEdge(), '#EXT-X-PRELOAD-HINT')).toEqual([
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-0.3.m4s"',
    ]);
    expect(lines(streamed(4).liveEdge(), '#EXT-X-PRELOAD-HINT')).toEqual([
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-2.0.m4s"',
    ]);
  });

  it('keeps everything to rewind in, and at the live edge the last few segments', () => {
    const playlist = streamed(61);
    const rewind = playlist.rewindable();
    expect(lines(rewind, '#EXTINF')).toHaveLength(30);
    expect(rewind).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');
    expect(rewind).toContain('#EXT-X-MEDIA-SEQUENCE:0\n');
    const live = playlist.liveEdge();
    expect(lines(live, 'segment-')).toEqual([24, 25, 26, 27, 28, 29].map((number) => `segment-${number}.m4s`));
    expect(live).toContain('#EXT-X-MEDIA-SEQUENCE:24\n');
    expect(lines(live, '#EXT-X-PART:')).toHaveLength(3 * 6 + 3);
  });

  it('dates its segments', () => {
    expect(lines(streamed(4).rewindable(), '#EXT-X-PROGRAM-DATE-TIME')).toEqual([
      '#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:00.000Z',
      '#EXT-X-PROGRAM-DATE-TIME:2030-01-01T00:00:02.000Z',
    ]);
  });

  it('is playable as soon as a player has enough to begin with, and ends in order', () => {
    expect([streamed(1).isPlayable, streamed(1.4).isPlayable]).toEqual([false, true]);
    const playlist = streamed(4);
    playlist.end();
    expect(playlist.rewindable().endsWith('segment-1.m4s\n#EXT-X-ENDLIST\n')).toBe(true);
    expect(playlist.rewindable()).not.toContain('#EXT-X-PART:');
  });
});
