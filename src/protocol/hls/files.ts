// The files of an HLS stream: what they are called, and as what they are served.

/** One playlist to rewind to the beginning with, and one of the live edge. */
export const PLAYLISTS = { rewind: 'index.m3u8', live: 'live.m3u8' } as const;
export const INIT_FILE = 'init.mp4';
/** The parts of a last segment that was never completed, put together. */
export const REST_FILE = 'rest.m4s';

export function segmentFile(number: number): string {
  return `segment-${number}.m4s`;
}

export function partFile(segment: number, part: number): string {
  return `part-${segment}.${part}.m4s`;
}

/** Put before the names of what an earlier run of the compositor has written. */
export function runPrefix(run: number): string {
  return `run-${run}-`;
}

/** Names of files that may be handed out; nothing else in the folder is. */
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
