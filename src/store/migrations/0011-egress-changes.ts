import { type Kysely, sql } from 'kysely';

// As 0003 does for sessions: whoever looks on is told that something changed, once for each transaction.
const STATEMENTS = `
create function roomful_egresses_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('roomful_dashboard', 'egresses');
  return null;
end $$;
create trigger dashboard_egresses after insert or update on egresses
  for each statement execute function roomful_egresses_changed();
create trigger dashboard_egress_files after insert or update on egress_files
  for each statement execute function roomful_egresses_changed();
create index egresses_room on egresses (room_id, created_at desc);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
