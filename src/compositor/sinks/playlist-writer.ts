// The playlists of a stream that goes on: all of it from the beginning, and the live edge.
import { INIT_FILE } from '../../protocol/hls/files.ts';
import {
  headText,
  openSegment,
  type PlaylistHead,
  type Segment,
  segmentText,
  tailText,
  toSeconds,
} from '../../protocol/hls/playlist.ts';

export const SEGMENT_SECONDS = 2;

export interface WrittenPart {
  name: string;
  duration: number;
  /** Begins with a keyframe. */
  isIndependent: boolean;
}

export interface WrittenSegment {
  name: string;
  /** Seconds since the stream began. */
  begin: number;
  duration: number;
}

/** Segments at the live edge: what a player that joins needs, and some for one that lags. */
const LIVE_SEGMENTS = 6;
/** Parts are named for about three target durations behind the edge (RFC 8216bis, 6.2.2). */
const SEGMENTS_WITH_PARTS = 3;
/** Players hold back this many parts; less than three is not allowed. */
const PARTS_HELD_BACK = 3;
/** As many parts as players hold back, and one to begin with, are there after about a second and a half. */
const PLAYABLE_PARTS = 4;

export class PlaylistWriter {
  readonly #head: PlaylistHead;
  readonly #segments: Segment[] = [];
  /** Text of segments that no longer change, joined once: a day has 43,000 of them. */
  #settled = '';
  #settledCount = 0;
  #open = openSegment();
  #partCount = 0;
  #nextPart: string | undefined;
  #hasEnded = false;
  /** Wall time of the stream's beginning, milliseconds since the epoch. */
  beganAt = 0;

  /** `partTarget` is the length of the longest part, in seconds. */
  constructor(partTarget: number) {
    this.#head = {
      version: 9,
      targetSeconds: SEGMENT_SECONDS,
      serverControl: { canBlockReload: true, partHoldBack: toSeconds(partTarget * PARTS_HELD_BACK) },
      partTarget: toSeconds(partTarget),
      mediaSequence: 0,
      discontinuitySequence: undefined,
      type: undefined,
      hasIndependentSegments: true,
    };
  }

  /** Whether a player that fetches it now has enough to begin with. */
  get isPlayable(): boolean {
    return this.#segments.length + this.#settledCount > 0 || this.#partCount >= PLAYABLE_PARTS;
  }

  addPart({ name, duration, isIndependent }: WrittenPart, nextPart: string): void {
    this.#open.parts.push({ uri: name, duration: toSeconds(duration), isIndependent });
    this.#partCount += 1;
    this.#nextPart = nextPart;
  }

  closeSegment({ name, begin, duration }: WrittenSegment, nextPart: string): void {
    const date = new Date(this.beganAt + begin * 1000).toISOString();
    this.#segments.push({ ...this.#open, date, uri: name, duration: toSeconds(duration) });
    this.#open = openSegment();
    this.#nextPart = nextPart;
    while (this.#segments.length > LIVE_SEGMENTS) this.#settle();
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** Everything from the beginning on. */
  rewindable(): string {
    const map = this.#settledCount === 0 ? INIT_FILE : undefined;
    return `${headText({ ...this.#head, type: 'EVENT' })}${this.#settled}${this.#edge(map)}`;
  }

  /** The last few segments. */
  liveEdge(): string {
    return `${headText({ ...this.#head, mediaSequence: this.#settledCount })}${this.#edge(INIT_FILE)}`;
  }

  #settle(): void {
    const segment = this.#segments.shift();
    if (!segment) return;
    const map = this.#settledCount === 0 ? INIT_FILE : undefined;
    this.#settled += segmentText({ ...segment, map, parts: [] });
    this.#settledCount += 1;
  }

  /** What may still change; `map` is the initialisation file, where nothing before has named it. */
  #edge(map: string | undefined): string {
    const firstWithParts = this.#hasEnded ? Infinity : this.#segments.length - SEGMENTS_WITH_PARTS;
    const closed = this.#segments.map((segment, index) =>
      segmentText({
        ...segment,
        map: index === 0 ? map : undefined,
        parts: index >= firstWithParts ? segment.parts : [],
      }),
    );
    const tail = tailText({
      open: openSegment({
        map: closed.length === 0 ? map : undefined,
        parts: this.#hasEnded ? [] : this.#open.parts,
      }),
      preloadHint: this.#hasEnded ? undefined : this.#nextPart,
      hasEnded: this.#hasEnded,
    });
    return `${closed.join('')}${tail}`;
  }
}
