// What a new egress may be refused for.
import { sql } from 'kysely';
import { egressAlreadyRunning, egressQueueFull, egressStillFinishing } from '../../errors.ts';
import type { EgressKind } from '../../protocol/egress.ts';
import type { DbTx } from '../database.ts';
import { UNFINISHED } from './egress-rows.ts';

/** One of a kind at a time, where the room does not allow more. */
export async function refuseSecond(tx: DbTx, sessionId: string, kind: EgressKind): Promise<void> {
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

/** Counts what is queued: what waits for a slot, and the few that are just being started. */
export async function refuseFullQueue(
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

export async function refuseSecondContinuation(tx: DbTx, kind: EgressKind, continues: string): Promise<void> {
  const other = await tx.selectFrom('egresses').where('continues', '=', continues).select('id').executeTakeFirst();
  if (other) throw egressAlreadyRunning(kind);
}
