import { type Kysely, sql } from 'kysely';

// What is still to be removed of deleted recordings and streams, with all that is needed for it: the rows themselves may be
// gone by then. `disk` is that of the node, `storage` an object storage.
const STATEMENTS = `
create table egress_removals (
  egress_id text not null,
  place text not null,
  node_id text not null,
  folder text,
  key text,
  is_folder boolean not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  last_error text,
  created_at timestamptz(3) not null,
  primary key (egress_id, place)
);
create index egress_removals_due on egress_removals (next_attempt_at);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
