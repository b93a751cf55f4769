import { type Kysely, sql } from 'kysely';

// Who comes back to a meeting shows the token that they joined with; the token itself is not kept.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table participants add column token_hash text').execute(db);
}
