import { type Kysely, sql } from 'kysely';

// The triggers are per statement and say no more than that something changed, so that a transaction notifies once and
// the ordinary work of rooms does not know that anybody looks on.
const STATEMENTS = `
create table dashboard_sign_ins (
  token_hash text primary key,
  api_key text not null references api_keys (api_key) on delete cascade,
  secret_hash text not null,
  created_at timestamptz(3) not null,
  used_at timestamptz(3) not null
);
create index dashboard_sign_ins_used on dashboard_sign_ins (used_at);

create index sessions_live_by_owner on sessions (owner_id) where ended_at is null;

create function roomful_sessions_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('roomful_dashboard', 'sessions');
  return null;
end $$;
create trigger dashboard_events after insert on events
  for each statement execute function roomful_sessions_changed();
create trigger dashboard_media_spans after insert or update on media_spans
  for each statement execute function roomful_sessions_changed();
create trigger dashboard_mode_changes after insert on mode_changes
  for each statement execute function roomful_sessions_changed();
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
