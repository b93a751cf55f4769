// Rows that moves of an egress write beside its own, and the lock that they are written under.
import { sql } from 'kysely';
import type { NewUpload } from '../../egress/ports.ts';
import type { Egress, EgressFile, EgressPlan } from '../../protocol/egress.ts';
import { newObjectId } from '../../protocol/ids.ts';
import type { DbTx } from '../database.ts';

export function lockSession(tx: DbTx, sessionId: string) {
  return tx
    .selectFrom('sessions')
    .where('id', '=', sessionId)
    .forUpdate()
    .select(['room_id', 'owner_id', 'node_id', 'ended_at'])
    .executeTakeFirst();
}

export async function lockSessionOf(tx: DbTx, egressId: string): Promise<boolean> {
  const row = await tx.selectFrom('egresses').where('id', '=', egressId).select('session_id').executeTakeFirst();
  return row !== undefined && (await lockSession(tx, row.session_id)) !== undefined;
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

export async function insertQueued(
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

export async function settleRequest(tx: DbTx, id: string, status: 'taken' | 'refused'): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('egress_requests')
    .set({ status })
    .where('id', '=', id)
    .where('status', '=', 'requested')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function insertFile(
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

export async function queueRemovals(tx: DbTx, egress: Egress, isStoredElsewhere: boolean, at: Date): Promise<void> {
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

export function lateStart({ duration }: EgressFile, at: Date) {
  return sql<Date>`coalesce(started_at, ${new Date(at.getTime() - duration * 1000)})`;
}
