import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endPlaylists, playlistReaching, setAside, sizeOnceThere } from './hls-folder.ts';
import { endedPlaylist, isHlsName, reaches, reachOf } from './hls-playlist.ts';

const PLAYLIST = `#EXTM3U
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-PART:DURATION=0.3,URI="7.0.m4s"
#EXT-X-PART:DURATION=0.3,URI="7.1.m4s"
#EXTINF:0.6,
7.m4s
#EXT-X-PART:DURATION=0.3,URI="8.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="8.1.m4s"
`;
const GROWN = PLAYLIST.replace('#EXT-X-PRELOAD-HINT', '#EXT-X-PART:DURATION=0.3,URI="8.1.m4s"\n#EXT-X-PRELOAD-HINT');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomful-hls-'));
  await write(PLAYLIST);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(text: string): Promise<void> {
  await writeFile(join(folder, 'new'), text);
  await rename(join(folder, 'new'), join(folder, 'index.m3u8'));
}

describe('the reach of a playlist', () => {
  it('is the segment that is being written, and its parts', () => {
    expect(reachOf(PLAYLIST)).toEqual({ nextMsn: 8, parts: 1, ended: false, targetSeconds: 1 });
  });

  it.each([
    [{ msn: 7, part: undefined }, true],
    [{ msn: 8, part: 0 }, true],
    [{ msn: 8, part: 1 }, false],
    [{ msn: 8, part: undefined }, false],
    [{ msn: 9, part: 0 }, false],
  ])('covers %j: %s', (position, covered) => {
    expect(reaches(reachOf(PLAYLIST), position)).toBe(covered);
  });
});

describe('a playlist that is waited for', () => {
  it('comes as soon as it reaches that far', async () => {
    const waiting = playlistReaching(folder, 'index.m3u8', { msn: 8, part: 1 });
    await write(GROWN);
    expect(await waiting).toBe(GROWN);
  });

  it('is late when it does not get there in three target durations', async () => {
    expect(await playlistReaching(folder, 'index.m3u8', { msn: 8, part: 1 })).toBe('late');
  });

  it('is not waited for when it has ended, or nobody could know so far ahead', async () => {
    expect(await playlistReaching(folder, 'index.m3u8', { msn: 12, part: 0 })).toBe('too-far');
    await write(endedPlaylist(PLAYLIST));
    expect(await playlistReaching(folder, 'index.m3u8', { msn: 12, part: 0 })).toContain('#EXT-X-ENDLIST');
  });
});

describe('a part', () => {
  it('that was announced is waited for, another is not', async () => {
    const waiting = sizeOnceThere(join(folder, '8.1.m4s'));
    await writeFile(join(folder, '8.1.m4s.tmp'), 'abc');
    await rename(join(folder, '8.1.m4s.tmp'), join(folder, '8.1.m4s'));
    expect(await waiting).toBe(3);
    expect(await sizeOnceThere(join(folder, '9.0.m4s'))).toBeUndefined();
  });
});

describe('a stream whose writer is gone', () => {
  it('ends at its last complete segment', async () => {
    const text = await endPlaylists(folder);
    expect(await readFile(join(folder, 'index.m3u8'), 'utf8')).toBe(text);
    expect(text?.trimEnd().split('\n').slice(-2)).toEqual(['7.m4s', '#EXT-X-ENDLIST']);
    expect(text).not.toMatch(/8\.|PRELOAD|SERVER-CONTROL/);
    expect(await endPlaylists(folder)).toBe(text);
    expect(await readFile(join(folder, 'index.m3u8'), 'utf8')).toBe(text);
  });

  it('ends with the parts of its last one, when they are there', async () => {
    await writeFile(join(folder, '8.0.m4s'), 'abc');
    await endPlaylists(folder);
    const text = await readFile(join(folder, 'index.m3u8'), 'utf8');
    expect(text.trimEnd().split('\n').slice(-3)).toEqual(['#EXTINF:0.30000,', 'rest.m4s', '#EXT-X-ENDLIST']);
    expect(await readFile(join(folder, 'rest.m4s'), 'utf8')).toBe('abc');
  });

  it('cannot be played when it had no segment', async () => {
    await write('#EXTM3U\n#EXT-X-TARGETDURATION:1\n');
    expect(await endPlaylists(folder)).toBeUndefined();
    expect(await endPlaylists(join(folder, 'nowhere'))).toBeUndefined();
  });
});

describe('a stream that goes on after a crash', () => {
  const NEXT = `#EXTM3U
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="init.mp4"
#EXTINF:0.6,
0.m4s
#EXT-X-PART:DURATION=0.3,URI="1.0.m4s"
`;
  const FIRST = PLAYLIST.replace('SEQUENCE:7', 'SEQUENCE:0').replace(
    '#EXT-X-PART',
    '#EXT-X-MAP:URI="init.mp4"\n#EXT-X-PART',
  );
  const playlist = async (name: string) => String(await playlistReaching(folder, name, undefined));

  it('keeps what was, and is continued after a break', async () => {
    await write(FIRST);
    for (const name of ['7.m4s', 'init.mp4']) await writeFile(join(folder, name), name);
    await setAside(folder);
    expect(await playlist('index.m3u8')).toContain('run-1-7.m4s');
    expect(await readFile(join(folder, 'run-1-7.m4s'), 'utf8')).toBe('7.m4s');
    await write(NEXT);
    await writeFile(join(folder, 'live.m3u8'), NEXT);
    expect((await playlist('index.m3u8')).split('\n').filter((line) => !line.startsWith('#EXT-X-TARGET'))).toEqual([
      '#EXTM3U',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-MAP:URI="run-1-init.mp4"',
      '#EXTINF:0.6,',
      'run-1-7.m4s',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="init.mp4"',
      '#EXTINF:0.6,',
      '0.m4s',
      '#EXT-X-PART:DURATION=0.3,URI="1.0.m4s"',
      '',
    ]);
    // The live edge leaves the past out, and counts on from it.
    expect(reachOf(await playlist('live.m3u8'))).toMatchObject({ nextMsn: 2, parts: 1 });
    expect(await playlist('live.m3u8')).toMatch(/#EXT-X-DISCONTINUITY-SEQUENCE:1/);
  });

  it('survives any number of them, and the end', async () => {
    await write(FIRST);
    await setAside(folder);
    await write(NEXT);
    await setAside(folder);
    await write(NEXT);
    await endPlaylists(folder);
    const text = await playlist('index.m3u8');
    // All of it is in the file by now, however often that is done.
    expect(await readFile(join(folder, 'index.m3u8'), 'utf8')).toBe(text);
    expect(await endPlaylists(folder)).toBe(text);
    expect(text.match(/\S+\.m4s(?=\n)/g)).toEqual(['run-1-7.m4s', 'run-2-0.m4s', '0.m4s']);
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(2);
    expect(text).toContain('#EXT-X-ENDLIST');
  });
});

describe('names', () => {
  it.each([['index.m3u8'], ['segment-12.m4s'], ['init.mp4'], ['8.1.m4s']])('such as %s are handed out', (name) => {
    expect(isHlsName(name)).toBe(true);
  });

  it.each([['../node-id'], ['.m4s'], ['a/b.m4s'], ['index.m3u8.tmp'], ['x.sh'], ['a..m4s']])(
    'such as %s are not',
    (name) => {
      expect(isHlsName(name)).toBe(false);
    },
  );
});
