// Tables that nobody can read or write for a while, so that what needs them hangs as behind a heavy query.
import { sql } from 'kysely';
import type { Db } from '../../src/store/database.ts';

/** Runs `work` while these tables are locked. */
export async function whileLocked(db: Db, tables: string[], work: () => Promise<void>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const table of tables) await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(tx);
    await work();
  });
}
