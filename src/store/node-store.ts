// The nodes that run, and which of them a room's session lives on.
import { sql } from 'kysely';
import type { Db } from './database.ts';

/** A claim of a room for a node lasts this long without a session: the time between bootstrap and join. */
const CLAIM_SECONDS = 60;

export interface NodeRow {
  id: string;
  publicUrl: string;
  seenAt: Date;
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

  async register(node: { id: string; publicUrl: string; roles: readonly string[]; at: Date }): Promise<void> {
    const values = {
      public_url: node.publicUrl,
      roles: node.roles.join(','),
      load: 0,
      started_at: node.at,
      seen_at: node.at,
    };
    await this.#db
      .insertInto('nodes')
      .values({ id: node.id, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
  }

  async heartbeat(id: string, load: number, at: Date): Promise<void> {
    await this.#db.updateTable('nodes').set({ load, seen_at: at }).where('id', '=', id).execute();
  }

  /** Addresses of all nodes, also of such as are down. */
  async publicUrls(): Promise<string[]> {
    const rows = await this.#db.selectFrom('nodes').select('public_url').execute();
    return rows.map((row) => row.public_url);
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('nodes').where('id', '=', id).execute();
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
   * loaded healthy one, which claims it now. Nothing when no media node has been seen since `since`.
   */
  async place(roomId: string, since: Date): Promise<{ id: string; publicUrl: string } | undefined> {
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
        .select([
          'node_id',
          sql<boolean>`node_claimed_at > now() - make_interval(secs => ${CLAIM_SECONDS})`.as('fresh'),
        ])
        .executeTakeFirst();
      const nodes = await tx
        .selectFrom('nodes')
        .where('seen_at', '>=', since)
        .where('roles', 'like', '%media%')
        .orderBy('load')
        .orderBy('id')
        .select(['id', 'public_url'])
        .execute();
      const chosen = (room?.fresh && nodes.find((node) => node.id === room.node_id)) || nodes[0];
      if (!chosen) return undefined;
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
