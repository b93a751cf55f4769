// The names of an HLS stream's files, and the text of its playlists, as far as it has to be read and changed on its way
// from the compositor to players.

/** Names the child gives to what it writes; nothing else is handed out. */
const NAME = /^[\w-]{1,100}(\.[\w-]{1,100})*\.(m3u8|m4s|mp4|cmfv|cmfa|ts|aac)$/;
const CONTENT_TYPES: Record<string, string> = {
  m3u8: 'application/vnd.apple.mpegurl',
  m4s: 'video/iso.segment',
  mp4: 'video/mp4',
  cmfv: 'video/mp4',
  cmfa: 'audio/mp4',
  ts: 'video/mp2t',
  aac: 'audio/aac',
};

export function isHlsName(name: string): boolean {
  return NAME.test(name);
}

export function isPlaylist(name: string): boolean {
  return name.endsWith('.m3u8');
}

export function hlsContentType(name: string): string {
  return CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}

/** A place in a stream: a segment by its sequence number, or one part of it. */
export interface Position {
  msn: number;
  part: number | undefined;
}

/** How far a playlist reaches. */
export interface Reach {
  /** Sequence number of the segment that is not complete yet. */
  nextMsn: number;
  /** Parts of that segment that are there. */
  parts: number;
  ended: boolean;
  targetSeconds: number;
}

export function reachOf(playlist: string): Reach {
  let nextMsn = 0;
  let parts = 0;
  let ended = false;
  let targetSeconds = 2;
  for (const line of playlist.split('\n')) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) nextMsn += Number(line.slice(22)) || 0;
    else if (line.startsWith('#EXT-X-TARGETDURATION:')) targetSeconds = Number(line.slice(22)) || 2;
    else if (line.startsWith('#EXT-X-PART:')) parts += 1;
    else if (line.startsWith('#EXT-X-ENDLIST')) ended = true;
    else if (line.startsWith('#EXTINF:')) {
      nextMsn += 1;
      parts = 0;
    }
  }
  return { nextMsn, parts, ended, targetSeconds };
}

export function reaches(reach: Reach, { msn, part }: Position): boolean {
  if (reach.ended || msn < reach.nextMsn) return true;
  return msn === reach.nextMsn && part !== undefined && part < reach.parts;
}

/** What is promised or half there is left out. */
export function endedPlaylist(text: string): string {
  const lines = text.split('\n');
  const lastSegment = lines.findLastIndex((line) => line.startsWith('#EXTINF:'));
  const kept = lines.filter((line, index) => {
    if (line.startsWith('#EXT-X-PRELOAD-HINT') || line.startsWith('#EXT-X-SERVER-CONTROL')) return false;
    return !(line.startsWith('#EXT-X-PART:') && index > lastSegment);
  });
  return `${kept.join('\n').trimEnd()}\n#EXT-X-ENDLIST\n`;
}

/** Lines about the whole playlist, which come before its first segment. */
const HEAD =
  /^#(EXTM3U|EXT-X-(VERSION|TARGETDURATION|SERVER-CONTROL|PART-INF|MEDIA-SEQUENCE|PLAYLIST-TYPE|INDEPENDENT-SEGMENTS|DISCONTINUITY-SEQUENCE))/;

export function headOf(playlist: string): string[] {
  return linesOf(playlist).filter((line) => HEAD.test(line));
}

/** Lines about segments and their parts. */
export function bodyOf(playlist: string): string[] {
  return linesOf(playlist).filter((line) => !HEAD.test(line));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Parts of the segment that was never completed. */
export function openParts(playlist: string): { name: string; duration: number }[] {
  const lines = bodyOf(playlist);
  return lines.slice(lines.findLastIndex((line) => line.startsWith('#EXTINF:')) + 1).flatMap((line) => {
    const [, duration] = /^#EXT-X-PART:.*DURATION=([\d.]+)/.exec(line) ?? [];
    const [, name] = /URI="([^"]+)"/.exec(line) ?? [];
    return duration && name ? [{ name, duration: Number(duration) }] : [];
  });
}

/** Complete segments only, their files under other names. */
export function renamedSegments(playlist: string, prefix: string): string[] {
  const lines = bodyOf(playlist);
  const last = lines.findLastIndex((line) => line.startsWith('#EXTINF:'));
  return lines
    .slice(0, last === -1 ? 0 : last + 2)
    .filter((line) => !/^#EXT-X-(PART|PRELOAD-HINT|RENDITION-REPORT)/.test(line))
    .map((line) => (line.startsWith('#') ? line.replace(/URI="/, `URI="${prefix}`) : `${prefix}${line}`));
}

/**
 * A playlist that goes on after earlier runs of the compositor, whose segments are `before`. With `whole` they are in
 * it; at the live edge they only count.
 */
export function continuedPlaylist(before: readonly string[], now: string, whole: boolean): string {
  // It may have been put together already, by somebody who was killed before it could be noted.
  const isContinued = whole ? now.includes(`${before[0]}\n`) : now.includes('#EXT-X-DISCONTINUITY-SEQUENCE:');
  if (isContinued) return now;
  const segments = before.filter((line) => line.startsWith('#EXTINF:')).length;
  const breaks = before.filter((line) => line === '#EXT-X-DISCONTINUITY').length + 1;
  const head = headOf(now).flatMap((line) => {
    if (whole || !line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) return [line];
    const sequence = Number(line.slice('#EXT-X-MEDIA-SEQUENCE:'.length)) + segments;
    return [`#EXT-X-MEDIA-SEQUENCE:${sequence}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${breaks}`];
  });
  const body = bodyOf(now);
  const joint = whole && body.length > 0 && !body[0]?.startsWith('#EXT-X-ENDLIST') ? ['#EXT-X-DISCONTINUITY'] : [];
  return [...head, ...(whole ? [...before, ...joint] : []), ...body, ''].join('\n');
}

/** Seconds that a playlist's segments last together. */
export function durationOf(playlist: string): number {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}
