// HLS media playlists (RFC 8216bis), as far as Roomful writes them: what they say, as values and as text.

/** Seconds as they are written, so that a playlist that is read and written again keeps every digit. */
export type Seconds = string;

export function toSeconds(value: number): Seconds {
  return value.toFixed(5);
}

export interface Part {
  uri: string;
  duration: Seconds;
  /** Begins with a keyframe. */
  isIndependent: boolean;
}

/** A segment that is still being written. */
export interface OpenSegment {
  /** It begins after a break, with other encoders. */
  isDiscontinuous: boolean;
  /** Its initialisation file, where that is not the one of the segment before. */
  map: string | undefined;
  /** Wall time of its beginning, ISO 8601. */
  date: string | undefined;
  parts: Part[];
}

export interface Segment extends OpenSegment {
  uri: string;
  duration: Seconds;
}

/** What is said of the whole playlist, before its first segment. */
export interface PlaylistHead {
  version: number | undefined;
  targetSeconds: number | undefined;
  /** Whether players may wait for what is to come, and how far behind the edge they have to stay. */
  serverControl: { canBlockReload: boolean; partHoldBack: Seconds | undefined } | undefined;
  partTarget: Seconds | undefined;
  /** Number of the first segment listed. */
  mediaSequence: number | undefined;
  /** Breaks before the first segment listed. */
  discontinuitySequence: number | undefined;
  type: string | undefined;
  /** Each segment begins with a keyframe. */
  hasIndependentSegments: boolean;
}

export interface MediaPlaylist {
  head: PlaylistHead;
  segments: Segment[];
  open: OpenSegment;
  /** The part that comes next, which players may ask for already. */
  preloadHint: string | undefined;
  hasEnded: boolean;
}

export function openSegment(about: Partial<OpenSegment> = {}): OpenSegment {
  return { isDiscontinuous: false, map: undefined, date: undefined, parts: [], ...about };
}

const TAG = {
  version: '#EXT-X-VERSION',
  targetDuration: '#EXT-X-TARGETDURATION',
  serverControl: '#EXT-X-SERVER-CONTROL',
  partInf: '#EXT-X-PART-INF',
  mediaSequence: '#EXT-X-MEDIA-SEQUENCE',
  discontinuitySequence: '#EXT-X-DISCONTINUITY-SEQUENCE',
  type: '#EXT-X-PLAYLIST-TYPE',
  independent: '#EXT-X-INDEPENDENT-SEGMENTS',
  discontinuity: '#EXT-X-DISCONTINUITY',
  map: '#EXT-X-MAP',
  date: '#EXT-X-PROGRAM-DATE-TIME',
  part: '#EXT-X-PART',
  segment: '#EXTINF',
  hint: '#EXT-X-PRELOAD-HINT',
  end: '#EXT-X-ENDLIST',
} as const;

/** The text of a playlist. */
export function playlistText({ head, segments, ...tail }: MediaPlaylist): string {
  return headText(head) + segments.map(segmentText).join('') + tailText(tail);
}

export function headText(head: PlaylistHead): string {
  const { serverControl, partTarget } = head;
  const control = serverControl && [
    ...(serverControl.canBlockReload ? ['CAN-BLOCK-RELOAD=YES'] : []),
    ...(serverControl.partHoldBack === undefined ? [] : [`PART-HOLD-BACK=${serverControl.partHoldBack}`]),
  ];
  return [
    '#EXTM3U\n',
    line(TAG.version, head.version),
    line(TAG.targetDuration, head.targetSeconds),
    line(TAG.serverControl, control?.join(',')),
    line(TAG.partInf, partTarget && `PART-TARGET=${partTarget}`),
    line(TAG.mediaSequence, head.mediaSequence),
    line(TAG.discontinuitySequence, head.discontinuitySequence),
    line(TAG.type, head.type),
    head.hasIndependentSegments ? `${TAG.independent}\n` : '',
  ].join('');
}

export function segmentText({ uri, duration, ...open }: Segment): string {
  return `${openText(open)}${TAG.segment}:${duration},\n${uri}\n`;
}

/** What comes after the last complete segment. */
export function tailText({ open, preloadHint, hasEnded }: Omit<MediaPlaylist, 'head' | 'segments'>): string {
  const hint = line(TAG.hint, preloadHint && `TYPE=PART,URI="${preloadHint}"`);
  return `${openText(open)}${hint}${hasEnded ? `${TAG.end}\n` : ''}`;
}

function openText({ isDiscontinuous, map, date, parts }: OpenSegment): string {
  const begin = isDiscontinuous ? `${TAG.discontinuity}\n` : '';
  return `${begin}${line(TAG.map, map && `URI="${map}"`)}${line(TAG.date, date)}${parts.map(partText).join('')}`;
}

function partText({ uri, duration, isIndependent }: Part): string {
  return line(TAG.part, `DURATION=${duration},URI="${uri}"${isIndependent ? ',INDEPENDENT=YES' : ''}`);
}

function line(tag: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${tag}:${value}\n`;
}

/** Reads the text of a playlist, or the segments of one without a head. Tags that Roomful never writes are left out. */
export function parsePlaylist(text: string): MediaPlaylist {
  const playlist: MediaPlaylist = {
    head: {
      version: undefined,
      targetSeconds: undefined,
      serverControl: undefined,
      partTarget: undefined,
      mediaSequence: undefined,
      discontinuitySequence: undefined,
      type: undefined,
      hasIndependentSegments: false,
    },
    segments: [],
    open: openSegment(),
    preloadHint: undefined,
    hasEnded: false,
  };
  let duration: Seconds | undefined;
  for (const entry of text.split('\n')) {
    if (entry === '') continue;
    if (!entry.startsWith('#')) {
      if (duration === undefined) continue;
      playlist.segments.push({ ...playlist.open, uri: entry, duration });
      playlist.open = openSegment();
      duration = undefined;
      continue;
    }
    const colon = entry.indexOf(':');
    const [tag, value] = colon === -1 ? [entry, ''] : [entry.slice(0, colon), entry.slice(colon + 1)];
    if (tag === TAG.segment) duration = value.split(',', 1)[0];
    else readTag(playlist, tag, value);
  }
  return playlist;
}

function readTag(playlist: MediaPlaylist, tag: string, value: string): void {
  const { head, open } = playlist;
  switch (tag) {
    case TAG.version:
      head.version = Number(value);
      break;
    case TAG.targetDuration:
      head.targetSeconds = Number(value);
      break;
    case TAG.serverControl:
      head.serverControl = {
        canBlockReload: attribute(value, 'CAN-BLOCK-RELOAD') === 'YES',
        partHoldBack: attribute(value, 'PART-HOLD-BACK'),
      };
      break;
    case TAG.partInf:
      head.partTarget = attribute(value, 'PART-TARGET');
      break;
    case TAG.mediaSequence:
      head.mediaSequence = Number(value);
      break;
    case TAG.discontinuitySequence:
      head.discontinuitySequence = Number(value);
      break;
    case TAG.type:
      head.type = value;
      break;
    case TAG.independent:
      head.hasIndependentSegments = true;
      break;
    case TAG.discontinuity:
      open.isDiscontinuous = true;
      break;
    case TAG.map:
      open.map = attribute(value, 'URI');
      break;
    case TAG.date:
      open.date = value;
      break;
    case TAG.part:
      open.parts.push({
        uri: attribute(value, 'URI') ?? '',
        duration: attribute(value, 'DURATION') ?? '0',
        isIndependent: attribute(value, 'INDEPENDENT') === 'YES',
      });
      break;
    case TAG.hint:
      playlist.preloadHint = attribute(value, 'URI');
      break;
    case TAG.end:
      playlist.hasEnded = true;
      break;
  }
}

/** One of a list such as `DURATION=0.33333,URI="part-0.1.m4s"`, without its quotation marks. */
function attribute(list: string, name: string): string | undefined {
  for (const [, key, quoted, bare] of list.matchAll(/([A-Z-]+)=(?:"([^"]*)"|([^,]*))/g)) {
    if (key === name) return quoted ?? bare;
  }
  return undefined;
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

/** Read from the text, without making values of all of it: every player asks for it with each part. */
export function reachOf(text: string): Reach {
  let nextMsn = 0;
  let parts = 0;
  let ended = false;
  let targetSeconds = 2;
  for (const entry of text.split('\n')) {
    if (entry.startsWith(`${TAG.mediaSequence}:`)) nextMsn += Number(entry.slice(TAG.mediaSequence.length + 1)) || 0;
    else if (entry.startsWith(`${TAG.targetDuration}:`)) {
      targetSeconds = Number(entry.slice(TAG.targetDuration.length + 1)) || 2;
    } else if (entry.startsWith(`${TAG.part}:`)) parts += 1;
    else if (entry.startsWith(TAG.end)) ended = true;
    else if (entry.startsWith(`${TAG.segment}:`)) {
      nextMsn += 1;
      parts = 0;
    }
  }
  return { nextMsn, parts, ended, targetSeconds };
}

/** Seconds that the complete segments last together. */
export function durationOf({ segments }: MediaPlaylist): number {
  return segments.reduce((sum, { duration }) => sum + Number(duration), 0);
}
