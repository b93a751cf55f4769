// What the dashboard shows of the quality in a session. Private to this version, as `dashboard.ts` is.
import { Type } from 'typebox';
import { AnyId } from './common.ts';

/** Who had trouble, and when. */
export interface QualityBody {
  /** The time that `cells` cover. */
  from: string;
  to: string;
  stepMs: number;
  /** Those of whom something was measured, in the order in which they first came. */
  participants: QualityParticipant[];
  /** The worst times first. */
  troubles: Trouble[];
}

export interface QualityParticipant {
  /** Object id. */
  id: string;
  participantId: string;
  name: string;
  /** Means over the session. */
  audioScore: number | null;
  videoScore: number | null;
  fairMs: number;
  poorMs: number;
  /** The worst score in each step from `from` on; null where nothing was measured. */
  cells: (number | null)[];
}

/** A time in which somebody's quality was poor without a break. */
export interface Trouble extends TroubleFacts {
  /** Object id. */
  participant: string;
  name: string;
  start: string;
  end: string;
}

export interface TroubleFacts {
  /** The worst scores. */
  audioScore: number | null;
  videoScore: number | null;
  /** Shares of packets, 0 to 1. */
  sendLoss: number;
  recvLoss: number;
  /** The longest. */
  rttMs: number | null;
  jitterMs: number | null;
}

export const QualityParams = Type.Object({ sessionId: AnyId, participant: AnyId });

/** One participant over the session. */
export interface QualitySeriesBody {
  stepMs: number;
  points: QualityPoint[];
}

export interface QualityPoint {
  at: string;
  audioScore: number | null;
  videoScore: number | null;
  /** bit/s. */
  audioSend: number;
  audioRecv: number;
  videoSend: number;
  videoRecv: number;
  /** Shares of packets, 0 to 1. */
  sendLoss: number;
  recvLoss: number;
  rttMs: number | null;
  jitterMs: number | null;
}
