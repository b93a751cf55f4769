// How well media gets through, as the parts of the server hand it to each other. `send` is what a participant sends,
// `recv` what it receives.

/** What the SFU has counted of one RTP stream up to a moment. */
export interface StreamReading {
  /** The same for every reading of this stream, and for no other. */
  key: string;
  /** The stream's producer; what is received has the one that it comes from. */
  producerId: string;
  direction: 'send' | 'recv';
  kind: 'audio' | 'video';
  /** Milliseconds of a clock that only runs forward. */
  atMs: number;
  bytes: number;
  packets: number;
  lost: number;
  /** Of those lost, the ones that were sent again. */
  repaired: number;
  /** Times that the receiving side asked for a whole picture, because it could not go on with what it had. */
  pictureRequests: number;
  jitterMs: number;
  /** Of the way between the participant and the server and back, where it is known. */
  rttMs: number | undefined;
  /** Shorter side of the picture in pixels, where it is known. */
  height: number | undefined;
  /** Layers that the participant should get and does not, for want of bandwidth; `all` when nothing of it flows. */
  missingLayers: number | 'all';
  paused: boolean;
}

/** Sound or picture of a participant in one interval. */
export interface MediaQuality {
  /** bit/s. */
  sendBitrate: number;
  recvBitrate: number;
  /** Packets that were sent on this way: those that arrived, and those that were lost and not sent again. */
  sendPackets: number;
  recvPackets: number;
  sendLost: number;
  recvLost: number;
  /** Null where nothing was measured. */
  rttMs: number | null;
  jitterMs: number | null;
  /** 1 (bad) to 5 (excellent); null while nothing flows. */
  score: number | null;
}

/** A participant in one interval, which ends at `at`. */
export interface QualitySample {
  at: Date;
  audio: MediaQuality;
  video: MediaQuality;
  /** Shorter side, in pixels, of each picture that it sends: the largest layer that flows. */
  sentHeights: number[];
}

export const GRADES = ['good', 'fair', 'poor'] as const;
export type Grade = (typeof GRADES)[number];

/** Satisfied people, and those of whom many are not (ITU-T G.109, as mean opinion scores). */
export const GOOD_FROM = 4;
export const FAIR_FROM = 3.1;

export function gradeOf(score: number): Grade {
  if (score >= GOOD_FROM) return 'good';
  return score >= FAIR_FROM ? 'fair' : 'poor';
}
