// What live rooms write: each function is one transaction with its rows, its events and its jobs.
import { sql } from 'kysely';
import { nodeDraining, roomDisabled, roomLivesElsewhere } from '../errors.ts';
import { webhookTime } from '../protocol/events.ts';
import { newObjectId } from '../protocol/ids.ts';
import type { Db, DbTx } from './database.ts';
import { publishEvent } from './events.ts';
import { mayBegin } from './node-store.ts';
import type { MediaSpansTable } from './schema.ts';

/** Sends a job to a node's mailbox inside a transaction; see `jobs`. */
export type SendJob = (tx: DbTx, job: SessionJob, startAt: Date) => Promise<void>;

export type SessionJob =
  | { command: 'auto-close'; sessionId: string }
  | { command: 'reconnect-timeout'; sessionId: string; participantId: string; disconnectedAt: string };

/** What else ends with a session, in its transaction and before `session-ended` is told. */
export type OnSessionEnd = (tx: DbTx, sessionId: string, at: Date) => Promise<void>;

interface RoomFacts {
  roomId: string;
  ownerId: string;
  apiKey: string;
}

interface SessionEnd {
  sessionId: string;
  reason: string;
  leaveCode: number;
  at: Date;
}

interface JoinRecord {
  room: RoomFacts;
  begin: { closesAt: Date; autoStart: { kind: 'recording' | 'hls' | 'composite'; request: unknown }[] } | undefined;
  sessionId: string;
  participantId: string;
  name: string;
  mode: string;
  deviceInfo: unknown;
  metaData: unknown;
  tokenHash: string;
  at: Date;
  previous: 'none' | 'resume' | 'replace';
}

const UNIQUE_VIOLATION = '23505';
const REPLACED = 1011;

export class LiveStore {
  readonly #db: Db;
  readonly #nodeId: string;
  readonly #send: SendJob;
  readonly #onSessionEnd: OnSessionEnd;

  constructor(options: { db: Db; nodeId: string; send: SendJob; onSessionEnd?: OnSessionEnd }) {
    this.#db = options.db;
    this.#nodeId = options.nodeId;
    this.#send = options.send;
    this.#onSessionEnd = options.onSessionEnd ?? (async () => {});
  }

  join(record: JoinRecord): Promise<{ row: string; lastTokenHash: string | null }> {
    return this.#db.transaction().execute(async (tx) => {
      if (record.begin) await this.#beginSession(tx, record, record.begin);
      const { row: participant, lastTokenHash } = await upsertParticipant(tx, record);
      if (record.previous === 'resume') {
        await openStay(tx, participant).set({ disconnected_at: null }).execute();
        return { row: participant, lastTokenHash };
      }
      if (record.previous === 'replace') {
        await closeParticipant(tx, participant, record.at, REPLACED);
        await publishLeft(tx, record.sessionId, participant, record.at);
      }
      await tx
        .insertInto('participant_stays')
        .values({ participant, joined_at: record.at, disconnected_at: null, left_at: null, leave_code: null })
        .execute();
      await tx.insertInto('mode_changes').values({ participant, mode: record.mode, at: record.at }).execute();
      await publishEvent(tx, {
        type: 'participant-joined',
        sessionId: record.sessionId,
        at: record.at,
        data: {
          meetingId: record.room.roomId,
          sessionId: record.sessionId,
          participantId: record.participantId,
          participantName: record.name,
        },
      });
      return { row: participant, lastTokenHash };
    });
  }

  leave(leave: {
    sessionId: string;
    participant: string;
    reason: { code: number };
    at: Date;
    end?: SessionEnd;
  }): Promise<void> {
    return this.#db.transaction().execute(async (tx) => {
      const closed = await closeParticipant(tx, leave.participant, leave.at, leave.reason.code);
      if (closed) await publishLeft(tx, leave.sessionId, leave.participant, leave.at);
      if (leave.end) await endSessionIn(tx, leave.end, this.#onSessionEnd);
    });
  }

  endSession(end: SessionEnd): Promise<void> {
    return this.#db.transaction().execute((tx) => endSessionIn(tx, end, this.#onSessionEnd));
  }

  disconnect(lost: {
    sessionId: string;
    participant: string;
    participantId: string;
    at: Date;
    graceMs: number;
  }): Promise<void> {
    return this.#db.transaction().execute(async (tx) => {
      await openStay(tx, lost.participant).set({ disconnected_at: lost.at }).execute();
      await closeSpans(tx, lost.participant, lost.at);
      const job: SessionJob = {
        command: 'reconnect-timeout',
        sessionId: lost.sessionId,
        participantId: lost.participantId,
        disconnectedAt: lost.at.toISOString(),
      };
      await this.#send(tx, job, new Date(lost.at.getTime() + lost.graceMs));
    });
  }

  async changeMode(participant: string, mode: string, at: Date): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.updateTable('participants').set({ mode }).where('id', '=', participant).execute();
      await tx.insertInto('mode_changes').values({ participant, mode, at }).execute();
    });
  }

  async rename(participant: string, name: string): Promise<void> {
    await this.#db.updateTable('participants').set({ name }).where('id', '=', participant).execute();
  }

  async openSpan(participant: string, kind: MediaSpansTable['kind'], at: Date): Promise<void> {
    await this.#db.insertInto('media_spans').values({ participant, kind, started_at: at, ended_at: null }).execute();
  }

  async closeSpan(participant: string, kind: MediaSpansTable['kind'], at: Date): Promise<void> {
    await this.#db
      .updateTable('media_spans')
      .set({ ended_at: at })
      .where('participant', '=', participant)
      .where('kind', '=', kind)
      .where('ended_at', 'is', null)
      .execute();
  }

  /**
   * Ends the live sessions of a node that is gone, at its last sign of life: a heartbeat, or an event of the session
   * that came after it (or when auto-close would have ended the session, if that was earlier). Answers how many there
   * were.
   */
  async endLostSessions(nodeId: string, lastSeen: Date): Promise<number> {
    const lost = await this.#db
      .selectFrom('sessions')
      .innerJoin('events', 'events.session_id', 'sessions.id')
      .where('sessions.node_id', '=', nodeId)
      .where('sessions.ended_at', 'is', null)
      .groupBy('sessions.id')
      .select((query) => ['sessions.id', 'sessions.closes_at', query.fn.max('events.at').as('last_event_at')])
      .execute();
    for (const session of lost) {
      const overdue = session.closes_at < lastSeen;
      const end = overdue ? session.closes_at : lastSeen;
      await this.endSession({
        sessionId: session.id,
        reason: overdue ? 'auto-closed' : 'node-lost',
        leaveCode: 1001,
        at: new Date(Math.max(end.getTime(), session.last_event_at.getTime())),
      });
    }
    return lost.length;
  }

  async #beginSession(tx: DbTx, record: JoinRecord, begin: NonNullable<JoinRecord['begin']>): Promise<void> {
    // Locked against a deactivation at the same moment, which would otherwise not see this session.
    const room = await tx
      .selectFrom('rooms')
      .where('room_id', '=', record.room.roomId)
      .forShare()
      .select('disabled_at')
      .executeTakeFirst();
    if (!room || room.disabled_at) throw roomDisabled(record.room.roomId);
    if (!(await mayBegin(tx, this.#nodeId, record.room.roomId))) throw nodeDraining(record.room.roomId);
    const { roomId, ownerId, apiKey } = record.room;
    await tx
      .insertInto('sessions')
      .values({
        id: record.sessionId,
        room_id: roomId,
        owner_id: ownerId,
        api_key: apiKey,
        node_id: this.#nodeId,
        started_at: record.at,
        ended_at: null,
        end_reason: null,
        closes_at: begin.closesAt,
      })
      .execute()
      .catch((error: { code?: string }) => {
        throw error.code === UNIQUE_VIOLATION ? roomLivesElsewhere(roomId) : error;
      });
    for (const { kind, request } of begin.autoStart) {
      await tx
        .insertInto('egress_requests')
        .values({
          id: newObjectId(record.at),
          session_id: record.sessionId,
          kind,
          request: JSON.stringify(request),
          status: 'requested',
          created_at: record.at,
        })
        .execute();
    }
    await publishEvent(tx, {
      type: 'session-started',
      sessionId: record.sessionId,
      at: record.at,
      data: { sessionId: record.sessionId, meetingId: roomId, start: webhookTime(record.at) },
    });
    await this.#send(tx, { command: 'auto-close', sessionId: record.sessionId }, begin.closesAt);
  }
}

async function upsertParticipant(tx: DbTx, record: JoinRecord): Promise<{ row: string; lastTokenHash: string | null }> {
  const changing = {
    name: record.name,
    mode: record.mode,
    device_info: record.deviceInfo === undefined ? null : JSON.stringify(record.deviceInfo),
    meta_data: record.metaData === undefined ? null : JSON.stringify(record.metaData),
    token_hash: record.tokenHash,
  };
  return tx
    .insertInto('participants')
    .values({
      id: newObjectId(record.at),
      session_id: record.sessionId,
      participant_id: record.participantId,
      first_joined_at: record.at,
      ...changing,
    })
    .onConflict((conflict) => conflict.columns(['session_id', 'participant_id']).doUpdateSet(changing))
    .returning([
      'id as row',
      // As it was before this statement, which does not see what it writes itself.
      (query) =>
        query
          .selectFrom('participants as earlier')
          .where('earlier.session_id', '=', record.sessionId)
          .where('earlier.participant_id', '=', record.participantId)
          .select('earlier.token_hash')
          .as('lastTokenHash'),
    ])
    .executeTakeFirstOrThrow();
}

function openStay(tx: DbTx, participant: string) {
  return tx.updateTable('participant_stays').where('participant', '=', participant).where('left_at', 'is', null);
}

/** Closes what is open of a participant; answers whether it was there at all. */
async function closeParticipant(tx: DbTx, participant: string, at: Date, code: number): Promise<boolean> {
  const { numUpdatedRows } = await openStay(tx, participant)
    .set({ left_at: sql`greatest(joined_at, coalesce(disconnected_at, ${at}))`, leave_code: code })
    .executeTakeFirst();
  await closeSpans(tx, participant, at);
  return numUpdatedRows > 0n;
}

async function closeSpans(tx: DbTx, participant: string, at: Date): Promise<void> {
  await tx
    .updateTable('media_spans')
    .set({ ended_at: sql`greatest(started_at, ${at})` })
    .where('participant', '=', participant)
    .where('ended_at', 'is', null)
    .execute();
}

async function publishLeft(tx: DbTx, sessionId: string, participant: string, at: Date): Promise<void> {
  const row = await tx
    .selectFrom('participants')
    .innerJoin('sessions', 'sessions.id', 'participants.session_id')
    .where('participants.id', '=', participant)
    .select(['participants.participant_id', 'participants.name', 'sessions.room_id'])
    .executeTakeFirstOrThrow();
  await publishEvent(tx, {
    type: 'participant-left',
    sessionId,
    at,
    data: { meetingId: row.room_id, sessionId, participantId: row.participant_id, participantName: row.name },
  });
}

/** Ends a session that is still live: everybody leaves, then it ends, then its room is deactivated where asked. */
async function endSessionIn(tx: DbTx, end: SessionEnd, onSessionEnd: OnSessionEnd): Promise<void> {
  const session = await tx
    .selectFrom('sessions')
    .where('id', '=', end.sessionId)
    .where('ended_at', 'is', null)
    .forUpdate()
    .select(['room_id', 'started_at'])
    .executeTakeFirst();
  if (!session) return;
  const present = await tx
    .selectFrom('participant_stays')
    .innerJoin('participants', 'participants.id', 'participant_stays.participant')
    .where('participants.session_id', '=', end.sessionId)
    .where('participant_stays.left_at', 'is', null)
    .select('participants.id')
    .orderBy('participant_stays.id')
    .execute();
  for (const { id } of present) {
    await closeParticipant(tx, id, end.at, end.leaveCode);
    await publishLeft(tx, end.sessionId, id, end.at);
  }
  await onSessionEnd(tx, end.sessionId, end.at);
  await tx
    .updateTable('sessions')
    .set({ ended_at: end.at, end_reason: end.reason })
    .where('id', '=', end.sessionId)
    .execute();
  await publishEvent(tx, {
    type: 'session-ended',
    sessionId: end.sessionId,
    at: end.at,
    data: {
      meetingId: session.room_id,
      sessionId: end.sessionId,
      start: webhookTime(session.started_at),
      end: webhookTime(end.at),
    },
  });
  // The one session of such a room is over, however it ended.
  await tx
    .updateTable('rooms')
    .set({ disabled_at: end.at, updated_at: end.at })
    .where('room_id', '=', session.room_id)
    .where('disabled_at', 'is', null)
    .where(sql<boolean>`auto_close_config ->> 'type' = 'session-end-and-deactivate'`)
    .execute();
}
