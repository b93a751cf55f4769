// Egresses as their rows are read: with the node that runs each, the node its session lives on, and its file.
import { type Selectable, sql } from 'kysely';
import type { Egress, EgressStatus } from '../protocol/egress.ts';
import type { Db, DbTx } from './database.ts';
import type { EgressesTable, EgressFilesTable } from './schema.ts';
import { toFile } from './upload-store.ts';

export const UNFINISHED: readonly EgressStatus[] = ['queued', 'starting', 'active', 'stopping'];

/** A `Continuation`, of egresses called `e`. */
export const CONTINUATION = sql`
  (select before.id from egresses before where before.id = e.continues and before.deleted_at is null) as continues,
  (select jsonb_build_object('id', after.id, 'ended', after.ended_at is not null) from egresses after
    where after.continues = e.id and after.deleted_at is null) as "continuedBy"`;

export function shown(db: Db | DbTx) {
  return db
    .selectFrom('egresses')
    .leftJoin('egress_files', 'egress_files.egress_id', 'egresses.id')
    .leftJoin('nodes', 'nodes.id', 'egresses.node_id')
    .innerJoin('sessions', 'sessions.id', 'egresses.session_id')
    .selectAll('egresses')
    .select([
      'nodes.public_url',
      'sessions.node_id as session_node_id',
      sql<Selectable<EgressFilesTable> | null>`to_jsonb(egress_files)`.as('file'),
    ]);
}

export async function one(tx: DbTx, id: string): Promise<Egress> {
  return toEgress(await shown(tx).where('egresses.id', '=', id).executeTakeFirstOrThrow());
}

type EgressRow = Selectable<EgressesTable> & {
  public_url: string | null;
  session_node_id: string;
  file: Selectable<EgressFilesTable> | null;
};

export function toEgress(row: EgressRow): Egress {
  return {
    ...row.plan,
    id: row.id,
    sessionId: row.session_id,
    roomId: row.room_id,
    ownerId: row.owner_id,
    nodeId: row.node_id,
    baseUrl: row.public_url ?? '',
    sessionNodeId: row.session_node_id,
    compositionId: row.composition_id,
    status: row.status,
    reason: row.reason,
    folder: row.folder,
    gaps: row.gaps.map(({ at, ms }) => ({ at: new Date(at), ms })),
    file: row.file && toFile(row.file),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at,
    playableAt: row.playable_at,
    endedAt: row.ended_at,
  };
}
