// Recordings, HLS streams and livestreams. Each move of one is a transaction: its row, the event that tells of it, and
// what follows. Which moves there are and what they tell is decided by the rules that `egress` hands over.
//
// Whoever writes here takes the lock of the session's row first, as the end of a session does, so that the two never
// wait for each other.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { egressAlreadyRunning, egressQueueFull, egressStillFinishing, noLiveSession } from '../errors.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Egress, EgressFile, EgressKind, EgressPlan, EgressStatus, Gap } from '../protocol/egress.ts';
import type { EventData, EventType } from '../protocol/events.ts';
import { newObjectId } from '../protocol/ids.ts';
import type { Db, DbTx } from './database.ts';
import { type AutoStartWish, EgressReader } from './egress-reader.ts';
import { one, UNFINISHED } from './egress-rows.ts';
import { publishEvent } from './events.ts';
import { chooseRunner, type EgressNeeds } from './runners.ts';

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
type SendJob = (tx: DbTx, nodeId: string, job: EgressJob, startAt: Date) => Promise<void>;

export type EgressJob =
  | { command: 'end-session'; sessionId: string; reason: 'ended-by-api' }
  | { command: 'start-egress' | 'stop-egress' | 'continue-egress' | 'delete-egress'; egressId: string };

export interface NewEgress {
  sessionId: string;
  plan: EgressPlan;
  folder: string | null;
  at: Date;
  /** Whether others of its kind may run beside it. */
  beside: boolean;
  needs: EgressNeeds;
  /** The auto-start request it comes from. */
  requestId?: string | undefined;
  /** The one that broke off and that it goes on for; there is one at most. */
  continues?: string | undefined;
}

export interface MoveFacts {
  at: Date;
  /** Given, the move is only possible while the egress is that node's. */
  nodeId?: string;
  reason?: string;
  compositionId?: string;
  file?: EgressFile;
  uploads?: NewUpload[];
  /** It was stopped before it had begun: no failure that anything follows from. */
  isCalledOff?: boolean;
}

/** What nobody waits for an answer to and could not be begun, and why; the plan, where one could be made. */
export interface NotBegun {
  /** The auto-start request it comes from. */
  requestId?: string | undefined;
  kind: AutoStartWish['kind'];
  plan?: EgressPlan | undefined;
  reason: string;
}

export interface NewUpload {
  target: 'storage' | 'presigned';
  url: string | null;
}

/** How many may wait for a slot. */
type WaitingLimits = Pick<Limits, 'egressesWaiting' | 'egressesWaitingPerOwner'>;

export class EgressStore extends EgressReader {
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

  /**
   * Stores a new egress of a live session, as queued, for the node that can take it best. Throws when the session is
   * over, one of its kind still runs, or another one continues what it would.
   */
  create(wish: NewEgress): Promise<Egress> {
    return this.#db.transaction().execute(async (tx) => {
      const session = await lockSession(tx, wish.sessionId);
      if (!session || session.ended_at) throw noLiveSession(session?.room_id ?? wish.sessionId);
      if (!wish.beside) await refuseSecond(tx, wish.sessionId, wish.plan.kind);
      if (wish.continues !== undefined) await refuseSecondSuccessor(tx, wish.plan.kind, wish.continues);
      const id = newObjectId(wish.at);
      const runner = await chooseRunner(tx, { sessionNodeId: session.node_id, needs: wish.needs, at: wish.at });
      const nodeId = runner ?? session.node_id;
      // What goes on for another one was counted when that began.
      if (wish.continues === undefined) {
        await refuseFullQueue(tx, wish.plan.kind, { owner_id: session.owner_id }, this.#limits.egressesWaitingPerOwner);
        await refuseFullQueue(tx, wish.plan.kind, { node_id: nodeId }, this.#limits.egressesWaiting);
      }
      await insertQueued(tx, { ...wish, id, nodeId }, session);
      if (wish.requestId !== undefined) await settleWish(tx, wish.requestId, 'taken');
      return one(tx, id);
    });
  }

  /**
   * Moves an egress forward and tells of it. Answers nothing when the move is not (any more) possible: then somebody
   * else has moved it, and told.
   */
  move(id: string, to: EgressStatus, facts: MoveFacts): Promise<Egress | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      if (!(await lockSessionOf(tx, id))) return undefined;
      return this.#moveIn(tx, id, to, facts);
    });
  }

  /**
   * Gives what waits on one node to another that has room for it. Answers nothing when there is none, or it waits no
   * more.
   */
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

  /** Notes the first moment at which a player could play, and tells of it, once. */
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
   * What the end of a session does to its egresses, inside its transaction and before `session-ended` is told: what
   * runs is stopping, what waits is called off, and what auto-start asked for and nobody took up has failed.
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
    const wishes = await tx
      .selectFrom('egress_requests')
      .where('session_id', '=', sessionId)
      .where('status', '=', 'requested')
      .select(['id', 'kind'])
      .execute();
    for (const wish of wishes) {
      const reason = 'The session ended before it could be started.';
      await this.#keepFailed(tx, { requestId: wish.id, kind: wish.kind, reason }, { sessionId, at });
    }
  }

  /**
   * What could not be begun, and nobody waits for an answer to, becomes one that failed, with its row and its event.
   * Returns nothing when it is settled already, or of a kind that there is none of.
   */
  keepFailed(notBegun: NotBegun, sessionId: string, at: Date): Promise<Egress | undefined> {
    return this.#db.transaction().execute((tx) => this.#keepFailed(tx, notBegun, { sessionId, at }));
  }

  async #keepFailed(tx: DbTx, notBegun: NotBegun, { sessionId, at }: { sessionId: string; at: Date }) {
    const { requestId, kind, reason, plan } = notBegun;
    const session = await lockSession(tx, sessionId);
    if (!session) return undefined;
    // The end of a session settles its requests; after it there are no more events.
    const isOpen = requestId === undefined ? !session.ended_at : await settleWish(tx, requestId, 'refused');
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

  /** Brings a job to the node of an egress. */
  async sendTo(nodeId: string, job: EgressJob): Promise<void> {
    await this.#db.transaction().execute((tx) => this.#send(tx, nodeId, job, new Date()));
  }

  /**
   * Deletes one that has ended, and queues the removal of its files for its node. Returns false when it has not ended,
   * or is deleted already.
   */
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

interface QueuedEgress {
  id: string;
  sessionId: string;
  nodeId: string;
  plan: EgressPlan;
  folder: string | null;
  at: Date;
  continues?: string | undefined;
}

async function insertQueued(
  tx: DbTx,
  { id, sessionId, nodeId, plan, folder, at, continues }: QueuedEgress,
  session: { room_id: string; owner_id: string },
): Promise<void> {
  await tx
    .insertInto('egresses')
    .values({
      id,
      kind: plan.kind,
      session_id: sessionId,
      room_id: session.room_id,
      owner_id: session.owner_id,
      node_id: nodeId,
      continues: continues ?? null,
      composition_id: null,
      plan: JSON.stringify(plan),
      status: 'queued',
      reason: null,
      webhook_url: plan.webhookUrl,
      folder,
      created_at: at,
      updated_at: at,
      started_at: null,
      playable_at: null,
      ended_at: null,
      deleted_at: null,
    })
    .execute();
}

async function queueRemovals(tx: DbTx, egress: Egress, isStoredElsewhere: boolean, at: Date): Promise<void> {
  const { id, nodeId, folder, file } = egress;
  const places = isStoredElsewhere && file ? (['disk', 'storage'] as const) : (['disk'] as const);
  await tx
    .insertInto('egress_removals')
    .values(
      places.map((place) => ({
        egress_id: id,
        place,
        node_id: nodeId,
        folder,
        key: file?.key ?? null,
        is_folder: file?.format === 'm3u8',
        next_attempt_at: at,
        last_error: null,
        created_at: at,
      })),
    )
    .execute();
}

function lateStart({ duration }: EgressFile, at: Date) {
  return sql<Date>`coalesce(started_at, ${new Date(at.getTime() - duration * 1000)})`;
}

function lockSession(tx: DbTx, sessionId: string) {
  return tx
    .selectFrom('sessions')
    .where('id', '=', sessionId)
    .forUpdate()
    .select(['room_id', 'owner_id', 'node_id', 'ended_at'])
    .executeTakeFirst();
}

async function lockSessionOf(tx: DbTx, egressId: string): Promise<boolean> {
  const row = await tx.selectFrom('egresses').where('id', '=', egressId).select('session_id').executeTakeFirst();
  return row !== undefined && (await lockSession(tx, row.session_id)) !== undefined;
}

/** One of a kind at a time, where the room does not allow more. */
async function refuseSecond(tx: DbTx, sessionId: string, kind: EgressKind): Promise<void> {
  const other = await tx
    .selectFrom('egresses')
    .where('session_id', '=', sessionId)
    .where('kind', '=', kind)
    .where('status', 'in', UNFINISHED)
    .orderBy('created_at', 'desc')
    .select('status')
    .executeTakeFirst();
  if (!other) return;
  throw other.status === 'stopping' ? egressStillFinishing(kind) : egressAlreadyRunning(kind);
}

/** Counts what is queued, which is what waits for a slot and the few that are just being begun. */
async function refuseFullQueue(
  tx: DbTx,
  kind: EgressKind,
  whose: { owner_id: string } | { node_id: string },
  most: number,
): Promise<void> {
  const [[column, value] = ['', '']] = Object.entries(whose);
  const { rows } = await sql<{ count: number }>`select count(*) as count from (
    select from egresses where ${sql.ref(column)} = ${value} and status = 'queued' limit ${most}
  ) queued`.execute(tx);
  if ((rows[0]?.count ?? 0) >= most) throw egressQueueFull(kind, most);
}

async function refuseSecondSuccessor(tx: DbTx, kind: EgressKind, continues: string): Promise<void> {
  const other = await tx.selectFrom('egresses').where('continues', '=', continues).select('id').executeTakeFirst();
  if (other) throw egressAlreadyRunning(kind);
}

async function settleWish(tx: DbTx, id: string, status: 'taken' | 'refused'): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('egress_requests')
    .set({ status })
    .where('id', '=', id)
    .where('status', '=', 'requested')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function insertFile(
  tx: DbTx,
  egressId: string,
  file: EgressFile,
  uploads: readonly NewUpload[],
  at: Date,
): Promise<void> {
  const { node_id, owner_id } = await tx
    .selectFrom('egresses')
    .where('id', '=', egressId)
    .select(['node_id', 'owner_id'])
    .executeTakeFirstOrThrow();
  await tx
    .insertInto('egress_files')
    .values({
      id: file.id,
      egress_id: egressId,
      type: file.type,
      size: file.size,
      duration: file.duration,
      width: file.width,
      height: file.height,
      format: file.format,
      key: file.key,
      token: file.token,
      local_path: file.localPath,
      stored_in: file.storedIn,
      node_id,
      created_at: file.createdAt,
      updated_at: file.updatedAt,
    })
    .execute();
  for (const { target, url } of uploads) {
    await tx
      .insertInto('egress_uploads')
      .values({
        id: newObjectId(at),
        file_id: file.id,
        node_id,
        owner_id,
        target,
        url,
        status: 'pending',
        next_attempt_at: at,
        last_error: null,
        created_at: at,
        updated_at: at,
      })
      .execute();
  }
}
