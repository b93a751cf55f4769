// A participant who has joined, as adapters see it.
import type { LiveRoom } from '../live/live-room.ts';
import type { Participant } from '../live/participant.ts';
import type { Membership } from './adapter.ts';
import { PubsubSession } from './pubsub-session.ts';

export function membershipOf(room: LiveRoom, participant: Participant): Membership {
  return {
    roomId: room.facts.roomId,
    ownerId: room.facts.ownerId,
    participantId: participant.id,
    get isJoined() {
      return room.isJoined(participant);
    },
    onGone: (callback) => participant.onGone(callback),
    openPubsub: (carrier) => new PubsubSession(room, participant, carrier),
  };
}
