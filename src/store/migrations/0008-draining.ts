import { type Kysely, sql } from 'kysely';

// A heartbeat does not name the column, so that it tells nobody.
const STATEMENTS = `
alter table nodes add column draining_since timestamptz(3);

create index rooms_claimed_by_node on rooms (node_id, node_claimed_at) where node_id is not null;

create function roomful_nodes_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('roomful_dashboard', 'nodes');
  return null;
end $$;
create trigger dashboard_nodes after insert or update of draining_since on nodes
  for each statement execute function roomful_nodes_changed();
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
