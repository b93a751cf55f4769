// Whoever watches sessions without being in them: what composes and records them.

import type { StreamKind } from '../protocol/signaling.ts';
import type { LiveRoom } from './live-room.ts';
import type { Publication } from './media-plane.ts';
import type { Participant } from './participant.ts';

/** All calls are made after what they tell of, and must not fail. */
export interface Onlooker {
  /** The first participant has joined. */
  began(room: LiveRoom): void;
  /** A participant can take notifications now. */
  arrived(room: LiveRoom, participant: Participant): void;
  /** Somebody came or left, or what somebody sends, is called or is pinned has changed; `room.scene` tells. */
  changed(room: LiveRoom): void;
  spoke(room: LiveRoom, participantId: string | null): void;
  /** The session is over, and its end has been written. */
  ended(room: LiveRoom, sessionId: string): void;
}

/** Somebody who takes part with picture or sound, as an onlooker sees them. */
export interface SceneParticipant {
  id: string;
  name: string;
  pinned: boolean;
  /** Milliseconds since the epoch. */
  joinedAt: number;
  streams: { kind: StreamKind; paused: boolean; publication: Publication }[];
}
