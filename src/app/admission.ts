// Who may join: their token, and the one thing that it is forgiven.
import { type Access, bareToken, type JoinGrant } from '../access/access.ts';
import { AppError, TokenExpired } from '../errors.ts';
import { hashToken } from '../kit/token-hash.ts';
import type { Room } from '../protocol/room.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Place, PresenceStore } from '../store/presence-store.ts';

export interface Admission {
  /**
   * Reads the token of a client that joins the room of one of several names; that of who is in its meeting also when it
   * has expired. Throws the documented refusals.
   */
  admit(
    token: string | undefined,
    rooms: readonly string[],
    participantId?: string,
  ): Promise<{ facts: Room; grant: JoinGrant }>;
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
  const authorize = async (token: string | undefined, room: string, participantId?: string): Promise<JoinGrant> => {
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
    admit: (token, names, participantId) =>
      firstKnown(names, async (name) => {
        const grant = await authorize(token, name, participantId);
        return { facts: await rooms.joinable(grant, name, participantId), grant };
      }),
    isInMeeting: ({ ownerId }, token, room) => presence.isInMeeting(placeOf(ownerId, token, room)),
  };
}

/** What is found under the first of the names that is one; what is wrong with the likeliest one, when none is. */
async function firstKnown<T>(names: readonly string[], find: (name: string) => Promise<T>): Promise<T> {
  let wrong: unknown;
  for (const name of names.length > 0 ? names : ['']) {
    try {
      return await find(name);
    } catch (error) {
      if (!isUnknownRoom(error)) throw error;
      wrong ??= error;
    }
  }
  throw wrong;
}

/** Whether a token that has expired may still be used is asked of a room as well. */
function isUnknownRoom(error: unknown): boolean {
  return error instanceof TokenExpired || (error instanceof AppError && error.code === 'ROOM_NOT_FOUND');
}
