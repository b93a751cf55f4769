// What live rooms write: each function is one transaction with its rows, its events and its jobs.
import { nodeDraining, roomDisabled, roomLivesElsewhere } from '../../errors.ts';
import type { SessionJob } from '../../jobs/job.ts';
import type * as ports from '../../live/ports.ts';
import type { JoinRecord, MediaSpanKind, SessionEnd } from '../../live/ports.ts';
import { webhookTime } from '../../protocol/events.ts';
import { newObjectId } from '../../protocol/ids.ts';
import { mayBegin } from '../cluster/node-store.ts';
import type { Db, DbTx } from '../database.ts';
import { publishEvent } from '../webhooks/events.ts';
import { closeParticipant, closeSpans, openStay, publishLeft, upsertParticipant } from './participant-writes.ts';
import { endSessionIn, type OnSessionEnd } from './session-end.ts';

/** Sends a job to a node's mailbox inside a transaction; see `jobs`. */
export type SendJob = (tx: DbTx, job: SessionJob, startAt: Date) => Promise<void>;

const UNIQUE_VIOLATION = '23505';
const REPLACED = 1011;

export class LiveStore implements ports.LiveStore {
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

  async openSpan(participant: string, kind: MediaSpanKind, at: Date): Promise<void> {
    await this.#db.insertInto('media_spans').values({ participant, kind, started_at: at, ended_at: null }).execute();
  }

  async closeSpan(participant: string, kind: MediaSpanKind, at: Date): Promise<void> {
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
   * that came after it (or when auto-close would have ended the session, if that was earlier). Returns how many there
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
