// The nodes that run, which of them a room's session lives on, and which of them take no new sessions.
import { type RawBuilder, sql } from 'kysely';
import type { NodeFacts } from '../protocol/node.ts';
import type { Db, DbTx } from './database.ts';

/** A claim of a room for a node lasts this long without a session: the time between bootstrap and join. */
const CLAIM_SECONDS = 60;

export interface NodeRow {
  id: string;
  publicUrl: string;
  seenAt: Date;
}

export interface NewNode {
  id: string;
  publicUrl: string;
  roles: readonly string[];
  /** Whether it can film pages. */
  hasBrowser?: boolean;
  /** SHA-256 of the public key of its certificate, base64, where it made that itself. */
  certificate?: string | undefined;
  at: Date;
}

/** What a node does now, and could do. */
export interface NodeLoad {
  people: number;
  /** For compositions, as `ROOMFUL_EGRESS_SLOTS` counts them. */
  freeSlots: number;
}

export class NodeStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** When the node was last seen before, if it ever was. */
  async lastSeen(id: string): Promise<Date | undefined> {
    const row = await this.#db.selectFrom('nodes').where('id', '=', id).select('seen_at').executeTakeFirst();
    return row?.seen_at;
  }

  async register(node: NewNode): Promise<void> {
    const values = {
      public_url: node.publicUrl,
      roles: node.roles.join(','),
      has_browser: node.hasBrowser ?? false,
      certificate: node.certificate ?? null,
      load: 0,
      egress_free: 0,
      started_at: node.at,
      seen_at: node.at,
    };
    await this.#db
      .insertInto('nodes')
      .values({ id: node.id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
  }

  /** Answers since when the node takes no new sessions, if so. */
  async heartbeat(id: string, { people, freeSlots }: NodeLoad, at: Date): Promise<Date | null> {
    const row = await this.#db
      .updateTable('nodes')
      .set({ load: people, egress_free: freeSlots, seen_at: at })
      .where('id', '=', id)
      .returning('draining_since')
      .executeTakeFirst();
    return row?.draining_since ?? null;
  }

  /** What all nodes are reached by, also such as are down: addresses, and the keys of certificates they made. */
  async reach(): Promise<{ publicUrls: string[]; certificates: string[] }> {
    const rows = await this.#db.selectFrom('nodes').select(['public_url', 'certificate']).execute();
    return {
      publicUrls: rows.map((row) => row.public_url),
      certificates: rows.map((row) => row.certificate).filter((it) => it !== null),
    };
  }

  /** Every node that there ever was, in the order in which they started. */
  async list(): Promise<NodeFacts[]> {
    const { rows } = await facts(sql`true`).execute(this.#db);
    return rows.map(toFacts);
  }

  async get(id: string): Promise<NodeFacts | undefined> {
    const { rows } = await facts(sql`n.id = ${id}`).execute(this.#db);
    return rows.map(toFacts)[0];
  }

  /** From here on no session begins there, however it was reached. Answers false when there is no such node. */
  async drain(id: string, at: Date): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('nodes')
      .set({ draining_since: sql`coalesce(draining_since, ${at})` })
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async undrain(id: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('nodes')
      .set({ draining_since: null })
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Nodes that have live sessions but have not been seen since `since`. */
  async lostWithSessions(since: Date): Promise<NodeRow[]> {
    const rows = await this.#db
      .selectFrom('nodes')
      .where('seen_at', '<', since)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('sessions')
            .whereRef('sessions.node_id', '=', 'nodes.id')
            .where('sessions.ended_at', 'is', null)
            .select('sessions.id'),
        ),
      )
      .select(['id', 'public_url', 'seen_at'])
      .execute();
    return rows.map((row) => ({ id: row.id, publicUrl: row.public_url, seenAt: row.seen_at }));
  }

  /**
   * The node for a room: where its session lives, else the healthy node that claimed it a moment ago, else the least
   * loaded healthy one that is not draining, which claims it now. Nothing when no media node has been seen since
   * `since`, `draining` when all that have been are draining.
   */
  async place(roomId: string, since: Date): Promise<{ id: string; publicUrl: string } | 'draining' | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const live = await tx
        .selectFrom('sessions')
        .innerJoin('nodes', 'nodes.id', 'sessions.node_id')
        .where('sessions.room_id', '=', roomId)
        .where('sessions.ended_at', 'is', null)
        .where('nodes.seen_at', '>=', since)
        .select(['nodes.id', 'nodes.public_url'])
        .executeTakeFirst();
      if (live) return { id: live.id, publicUrl: live.public_url };
      const room = await tx
        .selectFrom('rooms')
        .where('room_id', '=', roomId)
        .forUpdate()
        .select(['node_id', OPEN_CLAIM.as('claimed')])
        .executeTakeFirst();
      const nodes = await tx
        .selectFrom('nodes')
        .where('seen_at', '>=', since)
        .where('roles', 'like', '%media%')
        .orderBy('load')
        .orderBy('id')
        .select(['id', 'public_url', 'draining_since'])
        .execute();
      const claimant = room?.claimed ? nodes.find((node) => node.id === room.node_id) : undefined;
      const chosen = claimant ?? nodes.find((node) => node.draining_since === null);
      if (!chosen) return nodes.length > 0 ? 'draining' : undefined;
      // Whoever was sent there before is not let down, but the time they have does not begin anew.
      if (chosen.draining_since !== null) return { id: chosen.id, publicUrl: chosen.public_url };
      await tx
        .updateTable('rooms')
        .set({ node_id: chosen.id, node_claimed_at: sql`now()` })
        .where('room_id', '=', roomId)
        .execute();
      return { id: chosen.id, publicUrl: chosen.public_url };
    });
  }

  /** The node that a live session is on. */
  async ofSession(sessionId: string): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('sessions')
      .where('id', '=', sessionId)
      .where('ended_at', 'is', null)
      .select('node_id')
      .executeTakeFirst();
    return row?.node_id;
  }
}

/** People of a session that ended with its node come back to where they were. */
const RETURN_SECONDS = 120;

/** Whether a node may begin a session of a room now; it cannot begin to drain until the transaction has ended. */
export async function mayBegin(tx: DbTx, nodeId: string, roomId: string): Promise<boolean> {
  const node = await tx
    .selectFrom('nodes')
    .where('id', '=', nodeId)
    .forShare()
    .select('draining_since')
    .executeTakeFirst();
  if (!node?.draining_since) return true;
  const { rows } = await sql<{ may: boolean }>`
    select exists (select from rooms where room_id = ${roomId} and node_id = ${nodeId} and ${OPEN_CLAIM})
      or exists (select from sessions where room_id = ${roomId} and node_id = ${nodeId}
        and end_reason in ('node-lost', 'node-stopped')
        and ended_at > now() - make_interval(secs => ${RETURN_SECONDS})) as may`.execute(tx);
  return rows[0]?.may ?? false;
}

/** Of a room: somebody was sent to its node a moment ago, and nobody has begun a session since. */
const OPEN_CLAIM = sql<boolean>`(rooms.node_claimed_at > now() - make_interval(secs => ${CLAIM_SECONDS})
  and not exists (select from sessions where sessions.room_id = rooms.room_id
    and sessions.started_at >= rooms.node_claimed_at - interval '1 second'))`;

type FactsRow = Omit<NodeFacts, 'roles'> & { roles: string };

function facts(condition: RawBuilder<unknown>) {
  return sql<FactsRow>`
    select n.id, n.public_url as "publicUrl", n.roles, n.load as people, n.started_at as "startedAt",
      n.seen_at as "seenAt", n.draining_since as "drainingSince",
      n.egress_free as "freeSlots",
      (select count(*) from sessions where node_id = n.id and ended_at is null) as sessions,
      (select count(*) from egresses where node_id = n.id
        and status in ('queued', 'starting', 'active', 'stopping')) as egresses,
      (select count(*) from egress_uploads where node_id = n.id and status = 'pending') as uploads,
      (select count(*) from rooms where rooms.node_id = n.id and ${OPEN_CLAIM}) as expected
    from nodes n where ${condition} order by n.started_at`;
}

function toFacts({ roles, ...node }: FactsRow): NodeFacts {
  return { ...node, roles: roles.split(',') };
}
