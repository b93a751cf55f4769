// What is asked about recordings, HLS streams and livestreams; `egress-store.ts` changes them.
import { sql } from 'kysely';
import type { Continuation, Egress, EgressKind, WebhookSummary } from '../protocol/egress.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type { Db } from './database.ts';
import { CONTINUATION, shown, toEgress, UNFINISHED } from './egress-rows.ts';
import { roomNamed } from './room-named.ts';

export interface EgressFilter {
  kind: EgressKind;
  /** roomId or customRoomId; every one given has to match. */
  rooms: readonly string[];
  sessionId?: string | undefined;
}

export interface AutoStartWish {
  id: string;
  kind: 'recording' | 'hls' | 'composite';
  request: unknown;
}

export class EgressReader {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** What auto-start asked for in a session and nobody has taken up yet. */
  async wishes(sessionId: string): Promise<AutoStartWish[]> {
    return this.#db
      .selectFrom('egress_requests')
      .where('session_id', '=', sessionId)
      .where('status', '=', 'requested')
      .orderBy('id')
      .select(['id', 'kind', 'request'])
      .execute();
  }

  async get(id: string): Promise<Egress | undefined> {
    const row = await shown(this.#db).where('egresses.id', '=', id).executeTakeFirst();
    return row && toEgress(row);
  }

  /** One of an owner's, unless it was deleted. */
  async find(ownerId: string, kind: EgressKind, id: string): Promise<Egress | undefined> {
    const row = await shown(this.#db)
      .where('egresses.id', '=', id)
      .where('egresses.owner_id', '=', ownerId)
      .where('egresses.kind', '=', kind)
      .where('egresses.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toEgress(row);
  }

  /** A page of an owner's, newest first. */
  async list(
    ownerId: string,
    filter: EgressFilter,
    { page, perPage }: Paging,
  ): Promise<{ egresses: Egress[]; total: number }> {
    let matching = this.#db
      .selectFrom('egresses')
      .where('egresses.owner_id', '=', ownerId)
      .where('egresses.kind', '=', filter.kind)
      .where('egresses.deleted_at', 'is', null);
    if (filter.sessionId !== undefined) matching = matching.where('egresses.session_id', '=', filter.sessionId);
    for (const room of filter.rooms) {
      matching = matching.where('egresses.room_id', '=', roomNamed(ownerId, room));
    }
    const ids = matching
      .select('egresses.id')
      .orderBy('egresses.created_at', 'desc')
      .orderBy('egresses.id', 'desc')
      .limit(perPage)
      .offset((page - 1) * perPage);
    const [rows, count] = await Promise.all([
      shown(this.#db)
        .where('egresses.id', 'in', ids)
        .orderBy('egresses.created_at', 'desc')
        .orderBy('egresses.id', 'desc')
        .execute(),
      matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    return { egresses: rows.map(toEgress), total: count.total };
  }

  /** Those of a room that have not ended, oldest first. */
  async unfinishedIn(roomId: string, kind: EgressKind): Promise<Egress[]> {
    const rows = await shown(this.#db)
      .where('egresses.room_id', '=', roomId)
      .where('egresses.kind', '=', kind)
      .where('egresses.status', 'in', UNFINISHED)
      .orderBy('egresses.created_at')
      .orderBy('egresses.id')
      .execute();
    return rows.map(toEgress);
  }

  /** Those of a node that have not ended, oldest first. */
  async unfinishedOn(nodeId: string): Promise<Egress[]> {
    const rows = await shown(this.#db)
      .where('egresses.node_id', '=', nodeId)
      .where('egresses.status', 'in', UNFINISHED)
      .orderBy('egresses.created_at')
      .orderBy('egresses.id')
      .execute();
    return rows.map(toEgress);
  }

  /** Those that have not ended on nodes that have not been seen since. */
  async unfinishedOnLost(since: Date): Promise<Egress[]> {
    const rows = await shown(this.#db)
      .where('egresses.status', 'in', UNFINISHED)
      .where('nodes.seen_at', '<', since)
      .execute();
    return rows.map(toEgress);
  }

  /** Those that were to go on in live sessions of a node, and run on other nodes that have not been seen since. */
  async brokenOff(sessionNodeId: string, since: Date): Promise<Egress[]> {
    const rows = await shown(this.#db)
      .where('sessions.node_id', '=', sessionNodeId)
      .where('sessions.ended_at', 'is', null)
      .where('egresses.node_id', '!=', sessionNodeId)
      .where('egresses.status', 'in', ['queued', 'starting', 'active'])
      .where('nodes.seen_at', '<', since)
      .execute();
    return rows.map(toEgress);
  }

  /** Those that run of a session, on whichever node. */
  async runningIn(sessionId: string): Promise<Egress[]> {
    const rows = await shown(this.#db)
      .where('egresses.session_id', '=', sessionId)
      .where('egresses.status', 'in', ['starting', 'active', 'stopping'])
      .orderBy('egresses.created_at')
      .execute();
    return rows.map(toEgress);
  }

  /** Its place among those that wait on its node, from 1. */
  async positionOf({ id, nodeId, createdAt }: Egress): Promise<number> {
    const { before } = await this.#db
      .selectFrom('egresses')
      .where('node_id', '=', nodeId)
      .where('status', '=', 'queued')
      .where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(createdAt, id)))
      .select((eb) => eb.fn.countAll<number>().as('before'))
      .executeTakeFirstOrThrow();
    return before + 1;
  }

  async byFolder(folder: string): Promise<Egress | undefined> {
    const row = await shown(this.#db)
      .where('egresses.folder', '=', folder)
      .where('egresses.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toEgress(row);
  }

  /** An HLS stream by its id, whoever owns it. */
  async hls(id: string): Promise<Egress | undefined> {
    const row = await shown(this.#db)
      .where('egresses.id', '=', id)
      .where('egresses.kind', '=', 'hls')
      .where('egresses.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toEgress(row);
  }

  async continuation(id: string): Promise<Continuation> {
    const { rows } = await sql<Continuation>`select ${CONTINUATION} from egresses e where e.id = ${id}`.execute(
      this.#db,
    );
    return rows[0] ?? { continues: null, continuedBy: null };
  }

  async byFileToken(token: string): Promise<Egress | undefined> {
    const row = await shown(this.#db)
      .where('egress_files.token', '=', token)
      .where('egresses.deleted_at', 'is', null)
      .executeTakeFirst();
    return row && toEgress(row);
  }

  /** What was delivered of the events of one egress, told by kind and time since events carry no id of it. */
  async webhookSummary(egress: Egress): Promise<WebhookSummary> {
    const rows = await this.#db
      .selectFrom('webhook_deliveries')
      .innerJoin('events', 'events.id', 'webhook_deliveries.event_id')
      .where('webhook_deliveries.session_id', '=', egress.sessionId)
      .where('webhook_deliveries.type', 'like', `${egress.kind}-%`)
      .where('events.at', '>=', egress.createdAt)
      .where('events.at', '<=', egress.endedAt ?? new Date())
      .orderBy('webhook_deliveries.seq')
      .select(['webhook_deliveries.type', 'webhook_deliveries.status'])
      .execute();
    const data = rows.map(({ type, status }) => ({ type, success: status === 'delivered' }));
    return { totalCount: data.length, successCount: data.filter(({ success }) => success).length, data };
  }
}
