// What is written of one participant: its row, its stays, its media, and the event when it has left.
import { sql } from 'kysely';
import type { JoinRecord } from '../../live/ports.ts';
import { newObjectId } from '../../protocol/ids.ts';
import type { DbTx } from '../database.ts';
import { publishEvent } from '../webhooks/events.ts';

export async function upsertParticipant(
  tx: DbTx,
  record: JoinRecord,
): Promise<{ row: string; lastTokenHash: string | null }> {
  const changing = {
    name: record.name,
    mode: record.mode,
    device_info: record.deviceInfo === undefined ? null : JSON.stringify(record.deviceInfo),
    meta_data: record.metaData === undefined ? null : JSON.stringify(record.metaData),
    token_hash: record.tokenHash,
  };
  return tx
    .insertInto('participants')
    .values({
      id: newObjectId(record.at),
      session_id: record.sessionId,
      participant_id: record.participantId,
      first_joined_at: record.at,
      ...changing,
    })
    .onConflict((conflict) => conflict.columns(['session_id', 'participant_id']).doUpdateSet(changing))
    .returning([
      'id as row',
      // As it was before this statement, which does not see what it writes itself.
      (query) =>
        query
          .selectFrom('participants as earlier')
          .where('earlier.session_id', '=', record.sessionId)
          .where('earlier.participant_id', '=', record.participantId)
          .select('earlier.token_hash')
          .as('lastTokenHash'),
    ])
    .executeTakeFirstOrThrow();
}

export function openStay(tx: DbTx, participant: string) {
  return tx.updateTable('participant_stays').where('participant', '=', participant).where('left_at', 'is', null);
}

/** Closes what is open of a participant; returns whether it was there at all. */
export async function closeParticipant(tx: DbTx, participant: string, at: Date, code: number): Promise<boolean> {
  const { numUpdatedRows } = await openStay(tx, participant)
    .set({ left_at: sql`greatest(joined_at, coalesce(disconnected_at, ${at}))`, leave_code: code })
    .executeTakeFirst();
  await closeSpans(tx, participant, at);
  return numUpdatedRows > 0n;
}

export async function closeSpans(tx: DbTx, participant: string, at: Date): Promise<void> {
  await tx
    .updateTable('media_spans')
    .set({ ended_at: sql`greatest(started_at, ${at})` })
    .where('participant', '=', participant)
    .where('ended_at', 'is', null)
    .execute();
}

export async function publishLeft(tx: DbTx, sessionId: string, participant: string, at: Date): Promise<void> {
  const row = await tx
    .selectFrom('participants')
    .innerJoin('sessions', 'sessions.id', 'participants.session_id')
    .where('participants.id', '=', participant)
    .select(['participants.participant_id', 'participants.name', 'sessions.room_id'])
    .executeTakeFirstOrThrow();
  await publishEvent(tx, {
    type: 'participant-left',
    sessionId,
    at,
    data: { meetingId: row.room_id, sessionId, participantId: row.participant_id, participantName: row.name },
  });
}
