// What a player plays, whatever it is made of: a file, or a stream that may still go on.
import type { HlsAddresses } from '../../src/protocol/rest/watching.ts';

/** Positions and lengths are seconds since the beginning. */
export interface Engine {
  readonly position: number;
  /** How far one can go now. */
  readonly length: number;
  /** Whether it goes on while one watches. */
  readonly live: boolean;
  /** Whether what is seen is as new as it can be. */
  readonly atEdge: boolean;
  seek(position: number): void;
  /** To what is newest. */
  goLive(): void;
  /** Playing goes on after a pause, however long that was. */
  resume(): void;
  close(): void;
}

export interface EngineEvents {
  /** The picture is about to vanish until another source has one. */
  leaving(): void;
  /** The stream goes on no further; what there is can be played. */
  streamEnded(): void;
  /** Something stands in the way; `final` when nothing more is tried. Nothing once it has gone. */
  troubled(words: string | undefined, final: boolean): void;
}

export interface FileSource {
  kind: 'file';
  url: string;
}

export interface StreamSource {
  kind: 'stream';
  /** Playlist from the beginning on. */
  playbackUrl: string;
  /** Playlist of the live edge. */
  liveUrl: string;
  /** It had not ended when this was learnt. */
  live: boolean;
  startedAt: Date;
}

export type Source = FileSource | StreamSource;

/** Of what the server tells: a stream that began at `start`, and has not ended as long as `end` is null. */
export function streamSource(
  { playbackHlsUrl, livestreamUrl }: Pick<HlsAddresses, 'playbackHlsUrl' | 'livestreamUrl'>,
  { start, end }: { start: string; end: string | null },
): StreamSource {
  const startedAt = new Date(start);
  return { kind: 'stream', playbackUrl: playbackHlsUrl, liveUrl: livestreamUrl, live: end === null, startedAt };
}
