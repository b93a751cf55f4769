// The text of HLS playlists.

export const PLAYLIST_NAMES = { rewind: 'index.m3u8', live: 'live.m3u8' };
export const SEGMENT_SECONDS = 2;

export interface Part {
  name: string;
  duration: number;
  /** Begins with a keyframe. */
  isIndependent: boolean;
}

export interface Segment {
  name: string;
  /** Seconds since the stream began. */
  begin: number;
  duration: number;
}

interface ListedSegment extends Segment {
  parts: Part[];
}

/** Segments at the live edge: what a player that joins needs, and some for one that lags. */
const LIVE_SEGMENTS = 6;
/** Parts are named for about three target durations behind the edge (RFC 8216bis, 6.2.2). */
const SEGMENTS_WITH_PARTS = 3;
/** Players hold back this many parts; less than three is not allowed. */
const PARTS_HELD_BACK = 3;
/** As many parts as players hold back, and one to begin with, are there after about a second and a half. */
const PLAYABLE_PARTS = 4;

export class Playlist {
  readonly #partTarget: number;
  readonly #segments: ListedSegment[] = [];
  /** Lines of segments that no longer change, joined once: a day has 43,000 of them. */
  #settled = '';
  #settledCount = 0;
  #openParts: Part[] = [];
  #partCount = 0;
  #nextPart = '';
  #hasEnded = false;
  /** Wall time of the stream's beginning, milliseconds since the epoch. */
  beganAt = 0;

  constructor(partTarget: number) {
    this.#partTarget = partTarget;
  }

  /** Whether a player that fetches it now has enough to begin with. */
  get isPlayable(): boolean {
    return this.#segments.length + this.#settledCount > 0 || this.#partCount >= PLAYABLE_PARTS;
  }

  addPart(part: Part, nextPart: string): void {
    this.#openParts.push(part);
    this.#partCount += 1;
    this.#nextPart = nextPart;
  }

  closeSegment(segment: Segment, nextPart: string): void {
    this.#segments.push({ ...segment, parts: this.#openParts });
    this.#openParts = [];
    this.#nextPart = nextPart;
    while (this.#segments.length > LIVE_SEGMENTS) {
      const settled = this.#segments.shift();
      if (!settled) break;
      this.#settled += this.#segmentLines(settled, false);
      this.#settledCount += 1;
    }
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** Everything from the beginning on. */
  rewindable(): string {
    return `${this.#head(0, 'EVENT')}${this.#settled}${this.#edge()}`;
  }

  /** The last few segments. */
  liveEdge(): string {
    return `${this.#head(this.#settledCount, undefined)}${this.#edge()}`;
  }

  #head(sequence: number, type: string | undefined): string {
    return `${[
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS}`,
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${decimal(this.#partTarget * PARTS_HELD_BACK)}`,
      `#EXT-X-PART-INF:PART-TARGET=${decimal(this.#partTarget)}`,
      `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
      ...(type ? [`#EXT-X-PLAYLIST-TYPE:${type}`] : []),
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="init.mp4"',
    ].join('\n')}\n`;
  }

  #edge(): string {
    const firstWithParts = this.#segments.length - SEGMENTS_WITH_PARTS;
    const closed = this.#segments.map((segment, index) =>
      this.#segmentLines(segment, !this.#hasEnded && index >= firstWithParts),
    );
    if (this.#hasEnded) return `${closed.join('')}#EXT-X-ENDLIST\n`;
    const hint = this.#nextPart ? `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${this.#nextPart}"\n` : '';
    return `${closed.join('')}${this.#openParts.map(partLine).join('')}${hint}`;
  }

  #segmentLines({ name, begin, duration, parts }: ListedSegment, withParts: boolean): string {
    const date = new Date(this.beganAt + begin * 1000).toISOString();
    const partLines = withParts ? parts.map(partLine).join('') : '';
    return `#EXT-X-PROGRAM-DATE-TIME:${date}\n${partLines}#EXTINF:${decimal(duration)},\n${name}\n`;
  }
}

function partLine({ name, duration, isIndependent }: Part): string {
  return `#EXT-X-PART:DURATION=${decimal(duration)},URI="${name}"${isIndependent ? ',INDEPENDENT=YES' : ''}\n`;
}

function decimal(seconds: number): string {
  return seconds.toFixed(5);
}
