// Rooms as the REST API and the sockets ask for them: what may be done, and what then is.
import {
  customRoomIdTaken,
  invalidParticipantId,
  participantNotAllowed,
  roomDisabled,
  roomIdInvalid,
  roomNotFound,
  serverBusy,
} from '../errors.ts';
import { fits } from '../kit/validate.ts';
import { isObjectId, isObserverId, isRoomId, newObjectId, newRoomId } from '../protocol/ids.ts';
import { type Paging, ParticipantId } from '../protocol/rest/common.ts';
import type { CreateRoomBody } from '../protocol/rest/rooms.ts';
import type { ListedRoom, Room } from '../protocol/room.ts';
import { type RoomsCaller, requireParticipant, withinReach } from './reach.ts';
import { type OptionChecks, type RoomOptions, readOptions } from './room-options.ts';
import { Sessions } from './sessions.ts';
import type { LiveSessions, RoomStore, SessionStore } from './stored.ts';

/** What ids look like that somebody may have meant; anything else was never an id. */
const PLAUSIBLE_ID = /^[\x21-\x7e]{1,256}$/;

export interface RoomsDeps extends OptionChecks {
  rooms: RoomStore;
  sessions: SessionStore;
  live: LiveSessions;
}

export class Rooms {
  /** The sessions held in them. */
  readonly sessions: Sessions;
  readonly #store: RoomStore;
  readonly #live: LiveSessions;
  readonly #checks: OptionChecks;

  constructor({ rooms, sessions, live, ...checks }: RoomsDeps) {
    this.#store = rooms;
    this.#live = live;
    this.#checks = checks;
    this.sessions = new Sessions(sessions, live, (caller, id) => this.get(caller, id));
  }

  /** Makes a room, or returns the one that already has this customRoomId, unchanged. */
  async create(caller: RoomsCaller, body: CreateRoomBody): Promise<Room> {
    const options = readOptions(body, this.#checks);
    const customRoomId = body.customRoomId ?? null;
    if (customRoomId !== null) await this.#requireUnambiguous(caller.ownerId, customRoomId);
    // A customRoomId in the form of a roomId becomes the roomId: so no other room is ever made under it.
    const chosen = customRoomId !== null && isRoomId(customRoomId) ? [customRoomId] : [];
    for (const roomId of [...chosen, newRoomId(), newRoomId()]) {
      const room = withinReach(caller, newRoom(caller, { roomId, customRoomId }, options));
      const stored = await this.#store.insert(room);
      if (stored) return stored;
    }
    throw serverBusy('No free room id was found; try again.');
  }

  /** Refuses a customRoomId that finds another room of its owner already, by an id that was generated. */
  async #requireUnambiguous(ownerId: string, customRoomId: string): Promise<void> {
    if (!isRoomId(customRoomId) && !isObjectId(customRoomId)) return;
    const found = await this.#store.find(ownerId, customRoomId);
    if (found && found.customRoomId !== customRoomId) throw customRoomIdTaken(customRoomId);
  }

  /** A page of the caller's rooms, newest first. */
  list(
    caller: RoomsCaller,
    query: string | undefined,
    paging: Paging,
  ): Promise<{ rooms: ListedRoom[]; total: number }> {
    return this.#store.list(caller.ownerId, { query, only: caller.roomId }, paging);
  }

  /** The caller's room of that roomId, customRoomId or object id. */
  async get(caller: RoomsCaller, id: string): Promise<Room> {
    const room = await this.#store.find(caller.ownerId, id);
    if (!room) throw roomNotFound(404);
    return withinReach(caller, room);
  }

  /** As `get`, with the errors that the validate call documents. */
  async validate(caller: RoomsCaller, id: string): Promise<Room> {
    const room = await this.#store.find(caller.ownerId, id);
    if (!room) throw PLAUSIBLE_ID.test(id) ? roomNotFound(400) : roomIdInvalid();
    return withinReach(caller, room);
  }

  /** Deactivates a room for ever and ends its live session; only the roomId finds it here. */
  async deactivate(caller: RoomsCaller, roomId: string): Promise<Room> {
    const known = await this.#store.find(caller.ownerId, roomId);
    if (known?.roomId !== roomId) throw roomNotFound(402);
    withinReach(caller, known);
    // Disabled first: whoever joins from now on is refused, so that no session begins behind the one that is ended.
    const room = await this.#store.disable(caller.ownerId, roomId, new Date());
    if (!room) throw roomNotFound(402);
    const session = await this.sessions.liveIn(room);
    if (session !== undefined) await this.#live.endSession(session, 'deactivated');
    return room;
  }

  /**
   * The room that a token may join under a participant id, or the error that the browser SDK knows. The single place
   * for this decision: bootstrap and socket both ask here. Without `participantId` the token's own is checked.
   */
  async joinable(grant: RoomsCaller, roomId: string, participantId = grant.participantId): Promise<Room> {
    if (participantId !== undefined && !fits(ParticipantId, participantId)) throw invalidParticipantId();
    const room = await this.#store.find(grant.ownerId, roomId);
    if (!room || (room.roomId !== roomId && room.customRoomId !== roomId)) throw roomNotFound(404);
    withinReach(grant, room);
    // A page that records is invited by us, under an id of ours; the live room knows whether it is expected.
    const isGuest = participantId !== undefined && !isObserverId(participantId);
    if (isGuest) requireInvited(grant, room, participantId);
    if (room.disabledAt) throw roomDisabled(room.roomId);
    return room;
  }

  /** The media node that a room's session lives on, or would. */
  placement(room: Room): Promise<{ publicUrl: string }> {
    return this.#live.placement(room);
  }
}

function requireInvited(grant: RoomsCaller, room: Room, participantId: string): void {
  requireParticipant(grant, participantId);
  if (room.allowedParticipantIds === null || room.allowedParticipantIds.includes(participantId)) return;
  throw participantNotAllowed(`Participant ${participantId} is not among those who may join room ${room.roomId}.`);
}

function newRoom(caller: RoomsCaller, ids: Pick<Room, 'roomId' | 'customRoomId'>, options: RoomOptions): Room {
  const now = new Date();
  return {
    id: newObjectId(now),
    ownerId: caller.ownerId,
    apiKey: caller.apiKey,
    ...ids,
    ...options,
    disabledAt: null,
    createdAt: now,
    updatedAt: now,
  };
}
