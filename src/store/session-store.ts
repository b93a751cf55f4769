// The read side of sessions: what happened in them and happens now. `live-store.ts` writes what is read here.
import { type Selectable, sql } from 'kysely';
import type { Paging } from '../protocol/rest/common.ts';
import type { ListedSession, Session, SessionParticipant } from '../protocol/session.ts';
import type { Db } from './database.ts';
import { roomNamed } from './room-named.ts';
import type { SessionsTable } from './schema.ts';
import { withHistory } from './session-participants.ts';

/** Name of the one region that an installation has, where its room names none. */
const REGION = 'local';
/** Of one session in a list, and of all sessions on its page together. */
const MAX_LISTED_PARTICIPANTS = 100;
const MAX_LISTED_ON_PAGE = 2_000;
/** Stays, and as many spans of media, of each of them: the latest. */
const MAX_LISTED_HISTORY = 100;
/** Of one participant; more is no way to meet people. */
const MAX_ROOMS_AT_ONCE = 100;

export interface SessionFilter {
  /** roomId or customRoomId; every one given has to match. */
  rooms: readonly string[];
  customRoomId?: string | undefined;
  status?: 'ongoing' | 'ended' | undefined;
  startedFrom?: Date | undefined;
  startedTo?: Date | undefined;
}

type SessionRow = Selectable<SessionsTable> & { custom_room_id: string | null; geo_fence: string | null };

export class SessionStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** A page of an owner's sessions, newest first, each with its first participants. */
  async list(
    ownerId: string,
    filter: SessionFilter,
    { page, perPage }: Paging,
  ): Promise<{ sessions: ListedSession[]; total: number }> {
    const matching = this.#matching(ownerId, filter);
    const [rows, count] = await Promise.all([
      matching
        .selectAll('sessions')
        .select(['rooms.custom_room_id', 'rooms.geo_fence'])
        .orderBy('sessions.started_at', 'desc')
        .orderBy('sessions.id', 'desc')
        .limit(perPage)
        .offset((page - 1) * perPage)
        .execute(),
      matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    return { sessions: await this.#withFirstParticipants(rows), total: count.total };
  }

  /** An owner's session with all its participants. */
  async find(ownerId: string, sessionId: string): Promise<Session | undefined> {
    const row = await this.#row(ownerId, sessionId);
    if (!row) return undefined;
    const [session] = await this.#withParticipants([row]);
    return session;
  }

  /** An owner's session with one page of its participants, in the order they first came. */
  async findWithParticipants(
    ownerId: string,
    sessionId: string,
    filter: { present: boolean },
    { page, perPage }: Paging,
  ): Promise<{ session: Session; total: number } | undefined> {
    const row = await this.#row(ownerId, sessionId);
    if (!row) return undefined;
    let matching = this.#db.selectFrom('participants').where('session_id', '=', sessionId);
    if (filter.present) matching = matching.where(isPresent);
    const [rows, count] = await Promise.all([
      matching
        .selectAll()
        .orderBy('first_joined_at')
        .orderBy('id')
        .limit(perPage)
        .offset((page - 1) * perPage)
        .execute(),
      matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    return { session: toSession(row, await withHistory(this.#db, rows)), total: count.total };
  }

  /** One participant of an owner's session. */
  async participant(
    ownerId: string,
    sessionId: string,
    participantId: string,
  ): Promise<{ session: Session; participant: SessionParticipant | undefined } | undefined> {
    const row = await this.#row(ownerId, sessionId);
    if (!row) return undefined;
    const rows = await this.#db
      .selectFrom('participants')
      .selectAll()
      .where('session_id', '=', sessionId)
      .where('participant_id', '=', participantId)
      .execute();
    const [participant] = await withHistory(this.#db, rows);
    return { session: toSession(row, []), participant };
  }

  /** Id of the newest session of a room, the live one where there is one. */
  async latestOf(roomId: string): Promise<{ id: string; live: boolean } | undefined> {
    const row = await this.#db
      .selectFrom('sessions')
      .select(['id', 'ended_at'])
      .where('room_id', '=', roomId)
      .orderBy(sql`ended_at is null`, 'desc')
      .orderBy('started_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && { id: row.id, live: row.ended_at === null };
  }

  /** Ids of the rooms in whose live session a participant is. */
  async roomsOf(ownerId: string, participantId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('sessions')
      .innerJoin('participants', 'participants.session_id', 'sessions.id')
      .where('sessions.owner_id', '=', ownerId)
      .where('sessions.ended_at', 'is', null)
      .where('participants.participant_id', '=', participantId)
      .where(isPresent)
      .select('sessions.room_id')
      .limit(MAX_ROOMS_AT_ONCE)
      .execute();
    return rows.map((row) => row.room_id);
  }

  #row(ownerId: string, sessionId: string): Promise<SessionRow | undefined> {
    return this.#db
      .selectFrom('sessions')
      .innerJoin('rooms', 'rooms.room_id', 'sessions.room_id')
      .selectAll('sessions')
      .select(['rooms.custom_room_id', 'rooms.geo_fence'])
      .where('sessions.id', '=', sessionId)
      .where('sessions.owner_id', '=', ownerId)
      .executeTakeFirst();
  }

  #matching(ownerId: string, filter: SessionFilter) {
    let query = this.#db
      .selectFrom('sessions')
      .innerJoin('rooms', 'rooms.room_id', 'sessions.room_id')
      .where('sessions.owner_id', '=', ownerId);
    for (const id of filter.rooms) {
      query = query.where('sessions.room_id', '=', roomNamed(ownerId, id));
    }
    if (filter.customRoomId !== undefined) query = query.where('rooms.custom_room_id', '=', filter.customRoomId);
    if (filter.status === 'ongoing') query = query.where('sessions.ended_at', 'is', null);
    if (filter.status === 'ended') query = query.where('sessions.ended_at', 'is not', null);
    if (filter.startedFrom) query = query.where('sessions.started_at', '>=', filter.startedFrom);
    if (filter.startedTo) query = query.where('sessions.started_at', '<=', filter.startedTo);
    return query;
  }

  /** However large the meetings were, a page of them is not. */
  async #withFirstParticipants(rows: readonly SessionRow[]): Promise<ListedSession[]> {
    if (rows.length === 0) return [];
    const most = Math.min(MAX_LISTED_PARTICIPANTS, Math.ceil(MAX_LISTED_ON_PAGE / rows.length));
    const found = await this.#db
      .with('numbered', (db) =>
        db
          .selectFrom('participants')
          .selectAll()
          .select([
            sql<number>`row_number() over (partition by session_id order by first_joined_at, id)::integer`.as('nth'),
            sql<number>`count(*) over (partition by session_id)::integer`.as('count'),
          ])
          .where(sql<boolean>`session_id = any(${rows.map((row) => row.id)})`),
      )
      .selectFrom('numbered')
      .selectAll()
      .where('nth', '<=', most)
      .orderBy('nth')
      .execute();
    const bySession = Map.groupBy(found, (row) => row.session_id);
    const complete = new Map((await withHistory(this.#db, found, MAX_LISTED_HISTORY)).map((it) => [it.id, it]));
    return rows.map((row) => {
      const listed = bySession.get(row.id) ?? [];
      const count = listed[0]?.count ?? 0;
      const participants = listed.flatMap(({ id }) => complete.get(id) ?? []);
      return { ...toSession(row, participants), participantsCount: count > listed.length ? count : null };
    });
  }

  async #withParticipants(rows: readonly SessionRow[]): Promise<Session[]> {
    if (rows.length === 0) return [];
    const participants = await this.#db
      .selectFrom('participants')
      .selectAll()
      .where(
        'session_id',
        'in',
        rows.map((row) => row.id),
      )
      .orderBy('first_joined_at')
      .orderBy('id')
      .execute();
    const complete = await withHistory(this.#db, participants);
    const sessionOf = new Map(participants.map((participant) => [participant.id, participant.session_id]));
    const bySession = Map.groupBy(complete, (participant) => sessionOf.get(participant.id));
    return rows.map((row) => toSession(row, bySession.get(row.id) ?? []));
  }
}

const isPresent = sql<boolean>`exists
  (select from participant_stays where participant = participants.id and left_at is null)`;

function toSession(row: SessionRow, participants: SessionParticipant[]): Session {
  return {
    id: row.id,
    roomId: row.room_id,
    customRoomId: row.custom_room_id,
    ownerId: row.owner_id,
    apiKey: row.api_key,
    region: row.geo_fence ?? REGION,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    participants,
  };
}
