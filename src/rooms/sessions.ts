// Sessions, past and live, as the REST API asks for them.
import { badRequest, noLiveSession, notFound, sessionAlreadyEnded } from '../errors.ts';
import { isOn, type Paging } from '../protocol/rest/common.ts';
import type { EndSessionBody, ListSessionsQuery, RemoveParticipantBody } from '../protocol/rest/sessions.ts';
import type { Room } from '../protocol/room.ts';
import type { ListedSession, Session, SessionParticipant } from '../protocol/session.ts';
import { type RoomsCaller, requireParticipant, withinReach } from './reach.ts';
import type { LiveSessions, SessionStore } from './stored.ts';

type FindRoom = (caller: RoomsCaller, id: string) => Promise<Room>;

export class Sessions {
  readonly #store: SessionStore;
  readonly #live: LiveSessions;
  readonly #findRoom: FindRoom;

  constructor(store: SessionStore, live: LiveSessions, findRoom: FindRoom) {
    this.#store = store;
    this.#live = live;
    this.#findRoom = findRoom;
  }

  /** A page of the caller's sessions, newest first. */
  async list(
    caller: RoomsCaller,
    query: ListSessionsQuery,
    paging: Paging,
  ): Promise<{ sessions: ListedSession[]; total: number }> {
    if (query.userId !== undefined && query.userId !== caller.ownerId) return { sessions: [], total: 0 };
    const { customRoomId } = query;
    const status = query.status === 'active' ? 'ongoing' : query.status;
    const filter = {
      rooms: [query.roomId, query.query, caller.roomId].filter((id) => id !== undefined),
      customRoomId,
      status,
      startedFrom: dateOf(query.startDate),
      startedTo: dateOf(query.endDate),
    };
    return this.#store.list(caller.ownerId, filter, paging);
  }

  /** One session with all its participants. */
  async get(caller: RoomsCaller, sessionId: string): Promise<Session> {
    const session = await this.#store.find(caller.ownerId, sessionId);
    if (!session) throw notFound('Session', sessionId);
    return withinReach(caller, session);
  }

  /** One session with a page of its participants: all of them, or those present. */
  async participants(
    caller: RoomsCaller,
    sessionId: string,
    filter: { present: boolean },
    paging: Paging,
  ): Promise<{ session: Session; total: number }> {
    const found = await this.#store.findWithParticipants(caller.ownerId, sessionId, filter, paging);
    if (!found) throw notFound('Session', sessionId);
    withinReach(caller, found.session);
    return found;
  }

  /** One participant of a session, present or gone. */
  async participant(caller: RoomsCaller, sessionId: string, participantId: string): Promise<SessionParticipant> {
    const found = await this.#store.participant(caller.ownerId, sessionId, participantId);
    if (!found) throw notFound('Session', sessionId);
    withinReach(caller, found.session);
    requireParticipant(caller, participantId);
    if (!found.participant) throw notFound('Participant', participantId);
    return found.participant;
  }

  /** Ends a live session and returns it as it was when this was asked for. */
  async end(caller: RoomsCaller, which: EndSessionBody): Promise<Session> {
    const session = await this.#named(caller, which);
    if (session.endedAt === null) await this.#live.endSession(session.id, 'ended-by-api');
    else if (!isOn(which.ignoreClosed)) throw sessionAlreadyEnded(session.id);
    return session;
  }

  /** Makes a participant leave a live session. */
  async removeParticipant(caller: RoomsCaller, which: RemoveParticipantBody): Promise<void> {
    const { participantId } = which;
    const session = await this.#named(caller, which);
    requireParticipant(caller, participantId);
    if (session.endedAt !== null) throw noLiveSession(session.roomId);
    const found = session.participants.find((participant) => participant.participantId === participantId);
    if (!found?.timelog.some((stay) => stay.end === null)) throw notFound('Participant', participantId);
    await this.#live.removeParticipant(session.id, participantId);
  }

  /** The live session of a room, if there is one. */
  async liveIn(room: Pick<Room, 'roomId'>): Promise<string | undefined> {
    const latest = await this.#store.latestOf(room.roomId);
    return latest?.live ? latest.id : undefined;
  }

  /** The session a body names: by its id, within a room where one is named too, or the newest of a room. */
  async #named(caller: RoomsCaller, which: EndSessionBody): Promise<Session> {
    const roomName = which.roomId ?? which.meetingId;
    if (which.sessionId === undefined) return this.#newestIn(caller, roomName);
    const session = await this.get(caller, which.sessionId);
    if (roomName === undefined || roomName === session.roomId || roomName === session.customRoomId) return session;
    throw notFound('Session', which.sessionId);
  }

  async #newestIn(caller: RoomsCaller, roomName: string | undefined): Promise<Session> {
    if (roomName === undefined) throw badRequest('ROOM_OR_SESSION_MISSING', 'Name a roomId or a sessionId.');
    const room = await this.#findRoom(caller, roomName);
    const newest = await this.#store.latestOf(room.roomId);
    if (!newest) throw noLiveSession(room.roomId);
    return this.get(caller, newest.id);
  }
}

function dateOf(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs);
}
