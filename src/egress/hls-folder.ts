// The folder of an HLS stream as players ask for it: playlists that may be waited for (LL-HLS blocking reload), and
// segments. The child writes what is read here; playlists appear complete, by renaming.
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FolderChanges } from './folder-changes.ts';
import {
  bodyOf,
  continuedPlaylist,
  endedPlaylist,
  headOf,
  openParts,
  type Position,
  reaches,
  reachOf,
  renamedSegments,
} from './hls-playlist.ts';

/** Segments of earlier runs of the compositor, which had to be started anew. */
const BEFORE = 'before.txt';
/** What a compositor left of its last segment. */
const REST = 'rest.m4s';
const REWIND = 'index.m3u8';
const LIVE = 'live.m3u8';

const readText = (path: string) => readFile(path, 'utf8').catch(() => undefined);

/** A playlist as players see it, with what earlier runs have produced. */
async function readPlaylist(folder: string, name: string): Promise<string | undefined> {
  const [now, before] = await Promise.all([readText(join(folder, name)), readText(join(folder, BEFORE))]);
  if (now === undefined || before === undefined) return now;
  return continuedPlaylist(before.trimEnd().split('\n'), now, name === REWIND);
}

/**
 * Puts what a compositor that is gone has produced aside, so that the next one can begin anew in the same folder and
 * players go on after a break.
 */
export async function setAside(folder: string): Promise<void> {
  const written = await readText(join(folder, REWIND));
  if (written === undefined) return;
  const text = await withRest(folder, written);
  const earlier = (await readText(join(folder, BEFORE)))?.trimEnd();
  const run = (earlier?.split('#EXT-X-DISCONTINUITY').length ?? 0) + 1;
  const prefix = `run-${run}-`;
  const segments = renamedSegments(text, prefix);
  if (segments.length === 0) return;
  const lines = [...(earlier ? [earlier, '#EXT-X-DISCONTINUITY'] : []), ...segments];
  await writeWhole(join(folder, BEFORE), `${lines.join('\n')}\n`);
  for (const name of filesOf(bodyOf(text))) {
    await rename(join(folder, name), join(folder, `${prefix}${name}`)).catch(() => undefined);
  }
  // Until the next run has something, there is what was.
  for (const name of [REWIND, LIVE]) await writeWhole(join(folder, name), `${headOf(text).join('\n')}\n`);
}

/** The parts of a segment that was never completed are one, too: they are put together. */
async function withRest(folder: string, playlist: string): Promise<string> {
  const parts = openParts(playlist);
  const contents = await Promise.all(parts.map(({ name }) => readFile(join(folder, name)).catch(() => undefined)));
  const there = contents.filter((content) => content !== undefined);
  if (there.length === 0 || there.length < contents.length) return playlist;
  await writeFile(join(folder, REST), Buffer.concat(there));
  const seconds = parts.reduce((sum, { duration }) => sum + duration, 0);
  const complete = playlist.split('\n').filter((line) => !line.startsWith('#EXT-X-PRELOAD-HINT'));
  return `${complete.join('\n').trimEnd()}\n#EXTINF:${seconds.toFixed(5)},\n${REST}\n`;
}

function filesOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const name = line.startsWith('#EXT-X-MAP') ? /URI="([^"]+)"/.exec(line)?.[1] : line;
    return name && !name.startsWith('#') ? [name] : [];
  });
}

/** Nobody ever reads half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

/** Farther ahead than this nobody can know of (RFC 8216bis, 6.2.5.2). */
const MAX_AHEAD = 2;
/** The specification lets a server give up after three target durations. */
const PATIENCE = 3;

/**
 * The playlist once it reaches `position`. Answers `too-far` for a position that no player could know of, `late` when
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
  return untilChanged(folder, PATIENCE * reach.targetSeconds * 1000, async () => {
    const text = await read();
    return text !== undefined && reaches(reachOf(text), position) ? text : undefined;
  });
}

/** A player may ask for the part that the playlist has announced before it is written; longer than a part it never takes. */
const PART_PATIENCE_MS = 2_000;

/** Size of a file, waited for a moment when it is not there yet. */
export async function sizeOnceThere(path: string): Promise<number | undefined> {
  const size = () =>
    stat(path).then(
      (facts) => facts.size,
      () => undefined,
    );
  const known = await size();
  if (known !== undefined) return known;
  const live = await readText(join(dirname(path), REWIND));
  if (live === undefined || reachOf(live).ended || !live.includes(basename(path))) return undefined;
  const found = await untilChanged(dirname(path), PART_PATIENCE_MS, size);
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
 * into them for good. Answers the one that plays all of it, or nothing when there is nothing to play.
 */
export async function endPlaylists(folder: string): Promise<string | undefined> {
  for (const name of [REWIND, LIVE]) {
    const path = join(folder, name);
    const written = await readText(path);
    if (written === undefined) continue;
    if (!written.includes('#EXT-X-ENDLIST')) await writeWhole(path, endedPlaylist(await withRest(folder, written)));
    const whole = await readPlaylist(folder, name);
    if (whole !== undefined) await writeWhole(path, whole);
  }
  await rm(join(folder, BEFORE), { force: true });
  const whole = await readText(join(folder, REWIND));
  return whole?.includes('#EXTINF:') ? whole : undefined;
}
