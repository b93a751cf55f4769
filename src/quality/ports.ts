// What quality needs of the rest of the server, in its own words.
import type { QualitySample, StreamReading } from '../protocol/quality.ts';

/** Somebody who is in a session now. */
export interface Present {
  /** Row id of the participant. */
  row: string;
  /** What its streams are known by; see `ReadStreams`. */
  media: object;
}

/** The latest readings of all streams, by the media of who sends or receives them. */
export type ReadStreams = () => Promise<ReadonlyMap<object, readonly StreamReading[]>>;

export interface ParticipantSample extends QualitySample {
  /** Row id of the participant. */
  row: string;
}

export interface QualityStore {
  insert(samples: readonly ParticipantSample[]): Promise<void>;
  /** Means and sums over the participants for each moment, oldest first; the newest of them where there are too many. */
  ofSession(sessionId: string): Promise<QualitySample[]>;
  /** Oldest first; the newest of them where there are too many. */
  ofParticipant(row: string): Promise<QualitySample[]>;
}
