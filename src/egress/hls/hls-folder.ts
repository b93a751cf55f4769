// The folder of an HLS stream as players ask for it: playlists that may be waited for (LL-HLS blocking reload), and
// segments. The child writes what is read here; playlists appear complete, by renaming.
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PLAYLISTS, REST_FILE, runPrefix } from '../../protocol/hls/files.ts';
import {
  type MediaPlaylist,
  openSegment,
  parsePlaylist,
  playlistText,
  reachOf,
  type Segment,
  segmentText,
} from '../../protocol/hls/playlist.ts';
import { FolderChanges } from './folder-changes.ts';
import {
  appendedRun,
  continuedPlaylist,
  discontinuities,
  ended,
  type Position,
  reaches,
  withOpenPartsClosed,
} from './playlist-edits.ts';

/** Segments of earlier runs of the compositor, which had to be restarted. */
const BEFORE = 'before.txt';

const readText = (path: string) => readFile(path, 'utf8').catch(() => undefined);

async function segmentsBefore(folder: string): Promise<Segment[]> {
  return parsePlaylist((await readText(join(folder, BEFORE))) ?? '').segments;
}

/** A playlist as players see it, with what earlier runs have produced. */
async function readPlaylist(folder: string, name: string): Promise<string | undefined> {
  const [now, before] = await Promise.all([readText(join(folder, name)), segmentsBefore(folder)]);
  if (now === undefined || before.length === 0) return now;
  return continuedPlaylist(before, now, name === PLAYLISTS.rewind);
}

/**
 * Puts what a compositor that is gone has produced aside, so that the next one can begin again in the same folder and
 * players go on after a break.
 */
export async function setAside(folder: string): Promise<void> {
  const text = await readText(join(folder, PLAYLISTS.rewind));
  if (text === undefined) return;
  const { head, segments } = await withRest(folder, parsePlaylist(text));
  if (segments.length === 0) return;
  const earlier = await segmentsBefore(folder);
  const run = earlier.length === 0 ? 1 : discontinuities(earlier) + 2;
  const prefix = runPrefix(run);
  await writeWhole(join(folder, BEFORE), appendedRun(earlier, segments, prefix).map(segmentText).join(''));
  for (const name of segments.flatMap(({ map, uri }) => (map === undefined ? [uri] : [map, uri]))) {
    await rename(join(folder, name), join(folder, `${prefix}${name}`)).catch(() => undefined);
  }
  // Until the next run has something, there is what was.
  const empty = playlistText({ head, segments: [], open: openSegment(), preloadHint: undefined, hasEnded: false });
  for (const name of Object.values(PLAYLISTS)) await writeWhole(join(folder, name), empty);
}

/** The parts of a segment that was never completed are one, too: they are put together. */
async function withRest(folder: string, playlist: MediaPlaylist): Promise<MediaPlaylist> {
  const { parts } = playlist.open;
  const contents = await Promise.all(parts.map(({ uri }) => readFile(join(folder, uri)).catch(() => undefined)));
  const there = contents.filter((content) => content !== undefined);
  if (there.length === 0 || there.length < contents.length) return playlist;
  await writeFile(join(folder, REST_FILE), Buffer.concat(there));
  return withOpenPartsClosed(playlist, REST_FILE);
}

/** No reader ever sees half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

/** No player can know of a position farther ahead than this (RFC 8216bis, 6.2.5.2). */
const MAX_AHEAD = 2;
/** The specification lets a server give up after three target durations. */
const TIMEOUT_TARGETS = 3;

/**
 * The playlist once it reaches `position`. Returns `too-far` for a position that no player could know of, `late` when
 * it did not get there in time, nothing when there is no playlist.
 */
export async function playlistReaching(
  folder: string,
  name: string,
  position: Position | undefined,
): Promise<string | 'too-far' | 'late' | undefined> {
  const read = () => readPlaylist(folder, name);
  const first = await read();
  if (first === undefined || !position) return first;
  const reach = reachOf(first);
  if (reaches(reach, position)) return first;
  if (position.msn > reach.nextMsn + MAX_AHEAD) return 'too-far';
  return untilChanged(folder, TIMEOUT_TARGETS * reach.targetSeconds * 1000, async () => {
    const text = await read();
    return text !== undefined && reaches(reachOf(text), position) ? text : undefined;
  });
}

/** A player may ask for the part that the playlist has announced before it is written; longer than a part it never takes. */
const PART_TIMEOUT_MS = 2_000;

/** Size of a file, waited for a moment when it is not there yet. */
export async function sizeOnceThere(path: string): Promise<number | undefined> {
  const size = () =>
    stat(path).then(
      (facts) => facts.size,
      () => undefined,
    );
  const known = await size();
  if (known !== undefined) return known;
  const live = await readText(join(dirname(path), PLAYLISTS.rewind));
  if (live === undefined || reachOf(live).ended || !live.includes(basename(path))) return undefined;
  const found = await untilChanged(dirname(path), PART_TIMEOUT_MS, size);
  return found === 'late' ? undefined : found;
}

/** Asks again whenever something in the folder changes, until there is an answer. */
async function untilChanged<T extends string | number>(
  folder: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined>,
): Promise<T | 'late'> {
  const changes = FolderChanges.of(folder);
  if (!changes) return 'late';
  const deadline = performance.now() + timeoutMs;
  const listener = changes.listen();
  try {
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return 'late';
      await listener.next(leftMs);
    }
  } finally {
    listener.close();
  }
}

/**
 * Ends playlists whose writer is gone, so that players stop waiting for more, and puts what earlier runs have produced
 * into them for good. Returns the one that plays all of it, or undefined when there is nothing to play.
 */
export async function endPlaylists(folder: string): Promise<string | undefined> {
  for (const name of Object.values(PLAYLISTS)) {
    const path = join(folder, name);
    const written = await readText(path);
    if (written === undefined) continue;
    const playlist = parsePlaylist(written);
    if (!playlist.hasEnded) await writeWhole(path, playlistText(ended(await withRest(folder, playlist))));
    const whole = await readPlaylist(folder, name);
    if (whole !== undefined) await writeWhole(path, whole);
  }
  await rm(join(folder, BEFORE), { force: true });
  const whole = await readText(join(folder, PLAYLISTS.rewind));
  return whole !== undefined && parsePlaylist(whole).segments.length > 0 ? whole : undefined;
}
