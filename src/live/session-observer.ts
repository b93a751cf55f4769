// What watches sessions without being in them: recordings and streams of them.
import type { StreamKind } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import type { Publication } from './media-plane.ts';
import type { Participant } from './participant.ts';
import type { RoomFacts } from './ports.ts';
import { streamKind } from './stream-kind.ts';

/** A live room, as an observer sees it. */
export interface ObservedRoom {
  readonly facts: RoomFacts;
  readonly sessionId: string;
  /** Whether there is a session. */
  readonly live: boolean;
  readonly scene: SceneParticipant[];
  readonly activeSpeaker: string | null;
  /** Allows a hidden observer with this secret id. Call the returned function to revoke it. */
  expectObserver(id: string): () => void;
}

/** Called after the fact; must not throw. */
export interface SessionObserver {
  /** The first participant has joined. */
  began(room: ObservedRoom): void;
  /** A participant can take notifications now. */
  arrived(room: ObservedRoom, participant: { readonly link: ParticipantLink }): void;
  /** `room.scene` has changed: a participant joined or left, or has other streams, another name or pin. */
  changed(room: ObservedRoom): void;
  spoke(room: ObservedRoom, participantId: string | null): void;
  /** The session is over, and its end has been stored. */
  ended(room: ObservedRoom, sessionId: string): void;
}

/** A participant who may send streams, as an observer sees them. */
export interface SceneParticipant {
  id: string;
  name: string;
  pinned: boolean;
  /** Milliseconds since the epoch. */
  joinedAt: number;
  streams: { kind: StreamKind; paused: boolean; publication: Publication }[];
}

export function toSceneParticipant({ id, name, joinedAt, pin, media }: Participant): SceneParticipant {
  const streams = [...media.producers.values()].map((publication) => ({
    kind: streamKind(publication),
    paused: publication.producer.paused,
    publication,
  }));
  return { id, name, joinedAt, pinned: pin.cam === true || pin.share === true, streams };
}
