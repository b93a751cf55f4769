// Recordings, HLS streams and livestreams. Each move of one is a transaction: its row, its event, and what follows. Which
// moves and events there are is decided by the rules that `egress` hands over.
//
// Every write takes the lock of the session's row first, as the end of a session does, so that the two never deadlock.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type * as ports from '../../egress/ports.ts';
import type { EgressNeeds, MoveFacts, NewEgress, NotBegun } from '../../egress/ports.ts';
import { noLiveSession } from '../../errors.ts';
import type { EgressJob, Job } from '../../jobs/job.ts';
import { DEFAULT_LIMITS, type Limits } from '../../limits.ts';
import type { Egress, EgressKind, EgressPlan, EgressStatus, Gap } from '../../protocol/egress.ts';
import type { EventData, EventType } from '../../protocol/events.ts';
import { newObjectId } from '../../protocol/ids.ts';
import type { Db, DbTx } from '../database.ts';
import { publishEvent } from '../webhooks/events.ts';
import { EgressReader } from './egress-reader.ts';
import { refuseFullQueue, refuseSecond, refuseSecondContinuation } from './egress-refusals.ts';
import { one } from './egress-rows.ts';
import {
  insertFile,
  insertQueued,
  lateStart,
  lockSession,
  lockSessionOf,
  queueRemovals,
  settleRequest,
} from './egress-writes.ts';
import { chooseRunner } from './runners.ts';

interface EgressEvent {
  type: EventType;
  data: EventData;
}

export interface EgressRules {
  statesBefore(to: EgressStatus): readonly EgressStatus[];
  eventOf(egress: Egress): EgressEvent | undefined;
  playableEvent(egress: Egress): EgressEvent;
  /** What stands in the row of one that could not even be planned. */
  defaultPlan(kind: EgressKind): EgressPlan;
}

/** Sends a job to a node's mailbox inside a transaction; see `jobs`. */
type SendJob = (tx: DbTx, nodeId: string, job: Job, startAt: Date) => Promise<void>;

/** How many may wait for a slot. */
type WaitingLimits = Pick<Limits, 'egressesWaiting' | 'egressesWaitingPerOwner'>;

export class EgressStore extends EgressReader implements ports.EgressStore {
  readonly #db: Db;
  readonly #limits: WaitingLimits;
  readonly #rules: EgressRules;
  readonly #send: SendJob;

  constructor(options: { db: Db; rules: EgressRules; send: SendJob; limits?: WaitingLimits }) {
    super(options.db);
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#db = options.db;
    this.#rules = options.rules;
    this.#send = options.send;
  }

  create(egress: NewEgress): Promise<Egress> {
    return this.#db.transaction().execute(async (tx) => {
      const session = await lockSession(tx, egress.sessionId);
      if (!session || session.ended_at) throw noLiveSession(session?.room_id ?? egress.sessionId);
      if (!egress.beside) await refuseSecond(tx, egress.sessionId, egress.plan.kind);
      if (egress.continues !== undefined) await refuseSecondContinuation(tx, egress.plan.kind, egress.continues);
      const id = newObjectId(egress.at);
      const runner = await chooseRunner(tx, { sessionNodeId: session.node_id, needs: egress.needs, at: egress.at });
      const nodeId = runner ?? session.node_id;
      // What goes on for another one was counted when that began.
      if (egress.continues === undefined) {
        await refuseFullQueue(
          tx,
          egress.plan.kind,
          { owner_id: session.owner_id },
          this.#limits.egressesWaitingPerOwner,
        );
        await refuseFullQueue(tx, egress.plan.kind, { node_id: nodeId }, this.#limits.egressesWaiting);
      }
      await insertQueued(tx, { ...egress, id, nodeId }, session);
      if (egress.requestId !== undefined) await settleRequest(tx, egress.requestId, 'taken');
      return one(tx, id);
    });
  }

  /** Moves an egress forward and publishes its event. Returns undefined if it has already moved on. */
  move(id: string, to: EgressStatus, facts: MoveFacts): Promise<Egress | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      if (!(await lockSessionOf(tx, id))) return undefined;
      return this.#moveIn(tx, id, to, facts);
    });
  }

  handOver(id: string, needs: EgressNeeds, at: Date): Promise<Egress | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      if (!(await lockSessionOf(tx, id))) return undefined;
      const { nodeId: from, sessionNodeId } = await one(tx, id);
      const to = await chooseRunner(tx, { sessionNodeId, needs, at, not: from });
      if (to === undefined) return undefined;
      const { numUpdatedRows } = await tx
        .updateTable('egresses')
        .set({ node_id: to, updated_at: at })
        .where('id', '=', id)
        .where('node_id', '=', from)
        .where('status', '=', 'queued')
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return undefined;
      await this.#send(tx, to, { command: 'start-egress', egressId: id }, at);
      return one(tx, id);
    });
  }

  playable(id: string, at: Date): Promise<Egress | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      if (!(await lockSessionOf(tx, id))) return undefined;
      const { numUpdatedRows } = await tx
        .updateTable('egresses')
        .set({ playable_at: at, updated_at: at })
        .where('id', '=', id)
        .where('playable_at', 'is', null)
        .where('status', 'in', ['starting', 'active'])
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return undefined;
      const egress = await one(tx, id);
      await this.#publish(tx, egress, this.#rules.playableEvent(egress), at);
      return egress;
    });
  }

  async addGap(id: string, gap: Gap): Promise<void> {
    const entry = JSON.stringify([{ at: gap.at.toISOString(), ms: gap.ms }]);
    await this.#db
      .updateTable('egresses')
      .set({ gaps: sql`gaps || ${entry}::jsonb`, updated_at: gap.at })
      .where('id', '=', id)
      // It may have been taken before, by a database that died before it could say so.
      .where(sql<boolean>`not gaps @> ${entry}::jsonb`)
      .execute();
  }

  /**
   * What the end of a session does to its egresses, inside its transaction and before `session-ended`: what runs is
   * stopping, what waits is aborted, and requests of auto-start that were not taken have failed.
   */
  async sessionEnds(tx: DbTx, sessionId: string, at: Date): Promise<void> {
    const rows = await tx
      .selectFrom('egresses')
      .where('session_id', '=', sessionId)
      .where('status', 'in', ['queued', 'starting', 'active'])
      .orderBy('created_at')
      .orderBy('id')
      .select(['id', 'status'])
      .execute();
    for (const { id, status } of rows) {
      const reason = 'The session ended before its turn came.';
      await this.#moveIn(tx, id, status === 'queued' ? 'aborted' : 'stopping', {
        at,
        ...(status === 'queued' && { reason }),
      });
    }
    const requests = await tx
      .selectFrom('egress_requests')
      .where('session_id', '=', sessionId)
      .where('status', '=', 'requested')
      .select(['id', 'kind'])
      .execute();
    for (const request of requests) {
      const reason = 'The session ended before it could be started.';
      await this.#keepFailed(tx, { requestId: request.id, kind: request.kind, reason }, { sessionId, at });
    }
  }

  keepFailed(notBegun: NotBegun, sessionId: string, at: Date): Promise<Egress | undefined> {
    return this.#db.transaction().execute((tx) => this.#keepFailed(tx, notBegun, { sessionId, at }));
  }

  async #keepFailed(tx: DbTx, notBegun: NotBegun, { sessionId, at }: { sessionId: string; at: Date }) {
    const { requestId, kind, reason, plan } = notBegun;
    const session = await lockSession(tx, sessionId);
    if (!session) return undefined;
    // The end of a session settles its requests; after it there are no more events.
    const isOpen = requestId === undefined ? !session.ended_at : await settleRequest(tx, requestId, 'refused');
    if (!isOpen || kind === 'composite') return undefined;
    const row = {
      id: newObjectId(at),
      sessionId,
      nodeId: session.node_id,
      plan: plan ?? this.#rules.defaultPlan(kind),
      // Its addresses lead nowhere, and have to look like any other's all the same.
      folder: kind === 'hls' ? randomUUID() : null,
      at,
    };
    await insertQueued(tx, row, session);
    return this.#moveIn(tx, row.id, 'failed', { at, reason });
  }

  async sendTo(nodeId: string, job: EgressJob): Promise<void> {
    await this.#db.transaction().execute((tx) => this.#send(tx, nodeId, job, new Date()));
  }

  delete(egress: Egress, { isStoredElsewhere, at }: { isStoredElsewhere: boolean; at: Date }): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('egresses')
        .set({ deleted_at: at, updated_at: at })
        .where('id', '=', egress.id)
        .where('deleted_at', 'is', null)
        .where('ended_at', 'is not', null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      // What is not on its way yet need not go.
      if (egress.file) await tx.deleteFrom('egress_uploads').where('file_id', '=', egress.file.id).execute();
      await queueRemovals(tx, egress, isStoredElsewhere, at);
      await this.#send(tx, egress.nodeId, { command: 'delete-egress', egressId: egress.id }, at);
      return true;
    });
  }

  async #moveIn(tx: DbTx, id: string, to: EgressStatus, facts: MoveFacts): Promise<Egress | undefined> {
    const { nodeId } = facts;
    const final = to === 'completed' || to === 'failed' || to === 'aborted';
    const { numUpdatedRows } = await tx
      .updateTable('egresses')
      .set({
        status: to,
        updated_at: facts.at,
        ...(to === 'active' && { started_at: facts.at }),
        ...(final && { ended_at: facts.at }),
        // Whatever has a file has begun, though it could not be noted then.
        ...(to === 'completed' && facts.file && { started_at: lateStart(facts.file, facts.at) }),
        ...(facts.reason !== undefined && { reason: facts.reason }),
        ...(facts.compositionId !== undefined && { composition_id: facts.compositionId }),
      })
      .where('id', '=', id)
      .where('status', 'in', this.#rules.statesBefore(to))
      .$if(nodeId !== undefined, (query) => query.where('node_id', '=', nodeId as string))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return undefined;
    if (facts.file) await insertFile(tx, id, facts.file, facts.uploads ?? [], facts.at);
    const egress = await one(tx, id);
    const event = this.#rules.eventOf(egress);
    if (event) await this.#publish(tx, egress, event, facts.at);
    if (to === 'failed' && egress.onFailure && !facts.isCalledOff) await this.#followFailure(tx, egress, facts.at);
    return egress;
  }

  async #followFailure(tx: DbTx, egress: Egress, at: Date): Promise<void> {
    const waitMs = (egress.onFailure?.waitTime ?? 0) * 1000;
    const job = { command: 'end-session', sessionId: egress.sessionId, reason: 'ended-by-api' } as const;
    await this.#send(tx, egress.sessionNodeId, job, new Date(at.getTime() + waitMs));
  }

  async #publish(tx: DbTx, egress: Egress, event: EgressEvent, at: Date): Promise<void> {
    await publishEvent(tx, {
      ...event,
      sessionId: egress.sessionId,
      at,
      ...(egress.webhookUrl !== null && { webhookUrl: egress.webhookUrl }),
    });
  }
}
