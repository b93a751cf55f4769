// Files of deleted recordings and streams that are still somewhere, each place a row until it has none of them.
import { sql } from 'kysely';
import type { Db } from './database.ts';

export interface Removal {
  egressId: string;
  place: 'disk' | 'storage';
  /** Of an HLS stream on the disk of its node. */
  folder: string | null;
  /** In the storage; with `isFolder` everything below it. */
  key: string | null;
  isFolder: boolean;
  attempts: number;
  createdAt: Date;
}

/** A node that has not been seen for so long leaves what is in the storage to others. */
const LOST_AFTER = sql`interval '1 hour'`;

export class RemovalStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** What a node may remove now, the longest waiting first. */
  async dueRemovals(nodeId: string, { at, limit }: { at: Date; limit: number }): Promise<Removal[]> {
    const { rows } = await sql<Removal>`
      select egress_id as "egressId", place, folder, key, is_folder as "isFolder", attempts, created_at as "createdAt"
      from egress_removals r
      where next_attempt_at <= ${at} and (node_id = ${nodeId} or (place = 'storage' and not exists (
        select from nodes where nodes.id = r.node_id and seen_at > now() - ${LOST_AFTER}
      )))
      order by next_attempt_at limit ${limit}`.execute(this.#db);
    return rows;
  }

  async removalDone({ egressId, place }: Removal): Promise<void> {
    await this.#db.deleteFrom('egress_removals').where('egress_id', '=', egressId).where('place', '=', place).execute();
  }

  async removalFailed({ egressId, place }: Removal, facts: { error: string; next: Date }): Promise<void> {
    await this.#db
      .updateTable('egress_removals')
      .set({ attempts: sql`attempts + 1`, last_error: facts.error, next_attempt_at: facts.next })
      .where('egress_id', '=', egressId)
      .where('place', '=', place)
      .execute();
  }
}
