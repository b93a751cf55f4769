// Where rooms and sessions are kept, in the words of the REST side; `ports.ts` has those of the live side.
import type { Paging } from '../protocol/rest/common.ts';
import type { ListedRoom, Room } from '../protocol/room.ts';
import type { ListedSession, Session, SessionParticipant } from '../protocol/session.ts';

export interface RoomStore {
  /**
   * Stores a room, or returns the owner's room that already has its customRoomId. Returns undefined when one of its other
   * ids is taken.
   */
  insert(room: Room): Promise<Room | undefined>;
  /** By roomId, customRoomId or object id, in that order. */
  find(ownerId: string, id: string): Promise<Room | undefined>;
  /** Newest first, without long lists. */
  list(
    ownerId: string,
    filter: { query?: string | undefined; only?: string | undefined },
    paging: Paging,
  ): Promise<{ rooms: ListedRoom[]; total: number }>;
  /** By roomId only. */
  disable(ownerId: string, roomId: string, at: Date): Promise<Room | undefined>;
}

interface SessionFilter {
  /** roomId or customRoomId; every one given has to match. */
  rooms: readonly string[];
  customRoomId?: string | undefined;
  status?: 'ongoing' | 'ended' | undefined;
  startedFrom?: Date | undefined;
  startedTo?: Date | undefined;
}

export interface SessionStore {
  /** Newest first, each with its first participants and how many there are. */
  list(ownerId: string, filter: SessionFilter, paging: Paging): Promise<{ sessions: ListedSession[]; total: number }>;
  find(ownerId: string, sessionId: string): Promise<Session | undefined>;
  findWithParticipants(
    ownerId: string,
    sessionId: string,
    filter: { present: boolean },
    paging: Paging,
  ): Promise<{ session: Session; total: number } | undefined>;
  participant(
    ownerId: string,
    sessionId: string,
    participantId: string,
  ): Promise<{ session: Session; participant: SessionParticipant | undefined } | undefined>;
  /** The newest session of a room, the live one where there is one. */
  latestOf(roomId: string): Promise<{ id: string; live: boolean } | undefined>;
}

/** The sessions going on now, on whichever node they live. */
export interface LiveSessions {
  endSession(sessionId: string, reason: 'ended-by-api' | 'deactivated'): Promise<void>;
  removeParticipant(sessionId: string, participantId: string): Promise<void>;
  /** The media node that a room's session lives on, or would. */
  placement(room: { roomId: string }): Promise<{ publicUrl: string }>;
}
