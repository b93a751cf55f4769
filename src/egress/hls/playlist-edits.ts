// How playlists are changed on their way from the compositor to players: ended, and continued after a crash.
import {
  type MediaPlaylist,
  openSegment,
  parsePlaylist,
  playlistText,
  type Reach,
  type Segment,
} from '../../protocol/hls/playlist.ts';

/** A place in a stream: a segment by its sequence number, or one part of it. */
export interface Position {
  msn: number;
  part: number | undefined;
}

export function reaches(reach: Reach, { msn, part }: Position): boolean {
  if (reach.ended || msn < reach.nextMsn) return true;
  return msn === reach.nextMsn && part !== undefined && part < reach.parts;
}

/** What is promised or half there is left out. */
export function ended({ head, segments, open }: MediaPlaylist): MediaPlaylist {
  return {
    head: { ...head, serverControl: undefined },
    segments,
    open: { ...open, parts: [] },
    preloadHint: undefined,
    hasEnded: true,
  };
}

/** The playlist with its open parts as a last segment, which is the file `uri`. */
export function withOpenPartsClosed(playlist: MediaPlaylist, uri: string): MediaPlaylist {
  const { segments, open } = playlist;
  const seconds = open.parts.reduce((sum, { duration }) => sum + Number(duration), 0);
  const last: Segment = { ...open, uri, duration: seconds.toFixed(5) };
  return { ...playlist, segments: [...segments, last], open: openSegment(), preloadHint: undefined };
}

/** Complete segments with their files under other names, after those of earlier runs. */
export function appendedRun(earlier: readonly Segment[], run: readonly Segment[], prefix: string): Segment[] {
  const renamed = run.map((segment, index) => ({
    ...segment,
    isDiscontinuous: segment.isDiscontinuous || (index === 0 && earlier.length > 0),
    uri: `${prefix}${segment.uri}`,
    map: segment.map && `${prefix}${segment.map}`,
    parts: [],
  }));
  return [...earlier, ...renamed];
}

export function discontinuities(segments: readonly Segment[]): number {
  return segments.filter(({ isDiscontinuous }) => isDiscontinuous).length;
}

/**
 * A playlist that goes on after earlier runs of the compositor, whose segments are `before`. With `whole` they are in
 * it; at the live edge they only count.
 */
export function continuedPlaylist(before: readonly Segment[], text: string, whole: boolean): string {
  const now = parsePlaylist(text);
  // It may have been joined already, by a process killed before it could record that.
  const isContinued = whole ? now.segments[0]?.uri === before[0]?.uri : now.head.discontinuitySequence !== undefined;
  if (isContinued) return text;
  if (whole) return playlistText({ ...afterBreak(now), segments: [...before, ...afterBreak(now).segments] });
  const { mediaSequence = 0 } = now.head;
  const head = {
    ...now.head,
    mediaSequence: mediaSequence + before.length,
    discontinuitySequence: discontinuities(before) + 1,
  };
  return playlistText({ ...now, head });
}

/** The playlist with its first segment, complete or not, marked as one after a break. */
function afterBreak(playlist: MediaPlaylist): MediaPlaylist {
  const { segments, open, preloadHint } = playlist;
  const [first, ...rest] = segments;
  if (first) return { ...playlist, segments: [{ ...first, isDiscontinuous: true }, ...rest] };
  const hasBegun = open.map !== undefined || open.parts.length > 0 || preloadHint !== undefined;
  return hasBegun ? { ...playlist, open: { ...open, isDiscontinuous: true } } : playlist;
}
