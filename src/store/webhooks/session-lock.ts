// The lock that whatever begins or empties a stream of deliveries holds.
import { sql } from 'kysely';
import type { DbTx } from '../database.ts';

export async function lockSession(tx: DbTx, sessionId: string): Promise<void> {
  await sql`select from sessions where id = ${sessionId} for no key update`.execute(tx);
}
