import { type Kysely, sql } from 'kysely';

// A key has two good secrets during a rotation, and may take no tokens without roles.
const STATEMENTS = `
alter table api_keys
  add column previous_secret text,
  add column previous_secret_until timestamptz,
  add column roles_required boolean not null default false,
  add column used_without_roles_at timestamptz;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
