import { type Kysely, sql } from 'kysely';

const STATEMENTS = `
alter table nodes
  add column egress_free real not null default 0,
  add column has_browser boolean not null default false,
  add column certificate text;

alter table egresses add column continues text unique references egresses (id) on delete set null;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
