// What the pages ask that play a stream or a recording for people without a token. Private to this version: pages and
// server come together, so it is not in the API document.
import { Type } from 'typebox';
import type { CompositionConfig } from '../composition.ts';
import type { Continuation, EgressStatus, FileFormat } from '../egress.ts';
import { AnyId } from './common.ts';

export const WatchHlsParams = Type.Object({ hlsId: AnyId });
export const WatchRecordingParams = Type.Object({ recordingId: AnyId });
/** The token of the recording's file goes where no log keeps it. */
export const WatchRecordingHeaders = Type.Object({ authorization: Type.Optional(Type.String({ maxLength: 100 })) });

export interface GapBody {
  at: string;
  /** Seconds. */
  duration: number;
}

/** Paths where the node that answers has them, else whole addresses. */
export interface HlsAddresses {
  /** Whether a player has enough to begin with. */
  playable: boolean;
  /** From the beginning on. */
  playbackHlsUrl: string;
  /** The live edge alone, which players ask for several times a second. */
  livestreamUrl: string;
}

export interface WatchedHls extends HlsAddresses, Continuation {
  id: string;
  status: EgressStatus;
  /** Why it failed or was called off. */
  reason: string | null;
  start: string | null;
  end: string | null;
  mode: CompositionConfig['mode'];
  orientation: CompositionConfig['orientation'];
}

export interface WatchedFile {
  type: 'video' | 'audio';
  format: FileFormat;
  /** Bytes. */
  size: number;
  /** Seconds. */
  duration: number;
  width: number | null;
  height: number | null;
  url: string;
}

export interface WatchedRecording {
  id: string;
  /** The room's own name where it has one, else its id. */
  room: string;
  start: string | null;
  end: string | null;
  gaps: GapBody[];
  file: WatchedFile;
}
