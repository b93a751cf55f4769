// Who has a place in a meeting, as the database knows it: whichever node they reach, and after their own went down.
import { type SqlBool, sql } from 'kysely';
import type { Db } from './database.ts';
import { roomNamed } from './room-named.ts';

/** How long after the loss of its node a session's people may come back to its room. */
const COME_BACK_MS = 60_000;
/** The leave code of who was there when their node went down. */
const CONNECTION_LOST = 1001;

export interface Place {
  ownerId: string;
  /** Either id of the room. */
  room: string;
  participantId?: string | undefined;
  /** Of the token that they joined with. */
  tokenHash: string;
}

export class PresenceStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Whether somebody who joined with this token is in the room's meeting now, their connection being lost or not. */
  isInMeeting(place: Place): Promise<boolean> {
    return this.#exists(place, sql<SqlBool>`sessions.ended_at is null and stays.left_at is null`);
  }

  /** The same, or they were in it until its node went down a moment ago: within the time that a lost connection has. */
  mayComeBack(place: Place, now = new Date()): Promise<boolean> {
    const since = new Date(now.getTime() - COME_BACK_MS);
    return this.#exists(
      place,
      sql<SqlBool>`((sessions.ended_at is null and stays.left_at is null) or (
        sessions.end_reason in ('node-lost', 'node-stopped') and sessions.ended_at > ${since}
        and stays.leave_code = ${CONNECTION_LOST} and stays.left_at > sessions.ended_at - interval '15 seconds'
      ))`,
    );
  }

  async #exists({ ownerId, room, participantId, tokenHash }: Place, isThere: ReturnType<typeof sql<SqlBool>>) {
    const found = await this.#db
      .selectFrom('participants')
      .innerJoin('sessions', 'sessions.id', 'participants.session_id')
      .innerJoin('participant_stays as stays', 'stays.participant', 'participants.id')
      .where('sessions.room_id', '=', roomNamed(ownerId, room))
      .where('participants.token_hash', '=', tokenHash)
      .$if(participantId !== undefined, (query) =>
        query.where('participants.participant_id', '=', String(participantId)),
      )
      .where(isThere)
      .select('participants.id')
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }
}
