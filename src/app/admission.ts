// Who may join: their token, and the one thing that it is forgiven.
import { type Access, bareToken, type JoinGrant } from '../access/access.ts';
import { TokenExpired } from '../errors.ts';
import { hashToken } from '../kit/token-hash.ts';
import type { Room } from '../protocol/room.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Place, PresenceStore } from '../store/presence-store.ts';

export interface Admission {
  /** Reads the token of a client that joins a room under an id; throws the documented refusals. */
  admit(token: string | undefined, room: string, participantId: string): Promise<{ facts: Room; grant: JoinGrant }>;
  /** Reads a token for a room; of who is in its meeting, also when it has expired. */
  authorize(token: string | undefined, room: string, participantId?: string): Promise<JoinGrant>;
  /** Whether somebody who joined with this very token is in the room's meeting. */
  isInMeeting(caller: { ownerId: string }, token: string | undefined, room: string): Promise<boolean>;
}

export function createAdmission(deps: { access: Access; rooms: Rooms; presence: PresenceStore }): Admission {
  const { access, rooms, presence } = deps;
  const placeOf = (ownerId: string, token: string | undefined, room: string, participantId?: string): Place => ({
    ownerId,
    room,
    participantId,
    tokenHash: hashToken(bareToken(token)),
  });
  /** Whoever is in a meeting stays in it: a token that expires meanwhile ends no reconnection. */
  const authorize: Admission['authorize'] = async (token, room, participantId) => {
    try {
      return await access.authorizeJoin(token);
    } catch (error) {
      if (!(error instanceof TokenExpired)) throw error;
      const grant = await access.authorizeJoin(token, { evenIfExpired: true });
      if (!(await presence.mayComeBack(placeOf(grant.ownerId, token, room, participantId)))) throw error;
      return grant;
    }
  };
  return {
    authorize,
    admit: async (token, room, participantId) => {
      const grant = await authorize(token, room, participantId);
      return { facts: await rooms.joinable(grant, room, participantId), grant };
    },
    isInMeeting: ({ ownerId }, token, room) => presence.isInMeeting(placeOf(ownerId, token, room)),
  };
}
