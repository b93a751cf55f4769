// How a session ends: everything in it ends first, and each end has its event, in one transaction.
import { sql } from 'kysely';
import type { SessionEnd } from '../../live/ports.ts';
import { webhookTime } from '../../protocol/events.ts';
import type { DbTx } from '../database.ts';
import { publishEvent } from '../webhooks/events.ts';
import { closeParticipant, publishLeft } from './participant-writes.ts';

/** What else ends with a session, in its transaction and before `session-ended`. */
export type OnSessionEnd = (tx: DbTx, sessionId: string, at: Date) => Promise<void>;

/** Ends a session that is still live: all participants leave, then it ends, then its room is deactivated where asked. */
export async function endSessionIn(tx: DbTx, end: SessionEnd, onSessionEnd: OnSessionEnd): Promise<void> {
  const session = await tx
    .selectFrom('sessions')
    .where('id', '=', end.sessionId)
    .where('ended_at', 'is', null)
    .forUpdate()
    .select(['room_id', 'started_at'])
    .executeTakeFirst();
  if (!session) return;
  const present = await tx
    .selectFrom('participant_stays')
    .innerJoin('participants', 'participants.id', 'participant_stays.participant')
    .where('participants.session_id', '=', end.sessionId)
    .where('participant_stays.left_at', 'is', null)
    .select('participants.id')
    .orderBy('participant_stays.id')
    .execute();
  for (const { id } of present) {
    await closeParticipant(tx, id, end.at, end.leaveCode);
    await publishLeft(tx, end.sessionId, id, end.at);
  }
  await onSessionEnd(tx, end.sessionId, end.at);
  await tx
    .updateTable('sessions')
    .set({ ended_at: end.at, end_reason: end.reason })
    .where('id', '=', end.sessionId)
    .execute();
  await publishEvent(tx, {
    type: 'session-ended',
    sessionId: end.sessionId,
    at: end.at,
    data: {
      meetingId: session.room_id,
      sessionId: end.sessionId,
      start: webhookTime(session.started_at),
      end: webhookTime(end.at),
    },
  });
  // The one session of such a room is over, however it ended.
  await tx
    .updateTable('rooms')
    .set({ disabled_at: end.at, updated_at: end.at })
    .where('room_id', '=', session.room_id)
    .where('disabled_at', 'is', null)
    .where(sql<boolean>`auto_close_config ->> 'type' = 'session-end-and-deactivate'`)
    .execute();
}
