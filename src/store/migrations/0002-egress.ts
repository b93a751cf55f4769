import { type Kysely, sql } from 'kysely';

const STATEMENTS = `
create table egresses (
  id text primary key,
  kind text not null,
  session_id text not null references sessions (id) on delete cascade,
  room_id text not null,
  owner_id text not null,
  node_id text not null,
  composition_id text,
  plan jsonb not null,
  status text not null,
  reason text,
  webhook_url text,
  folder text unique,
  gaps jsonb not null default '[]',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  started_at timestamptz(3),
  playable_at timestamptz(3),
  ended_at timestamptz(3),
  deleted_at timestamptz(3)
);
create index egresses_owner_newest on egresses (owner_id, kind, created_at desc, id desc);
create index egresses_session on egresses (session_id);
create index egresses_unfinished on egresses (node_id)
  where status in ('queued', 'starting', 'active', 'stopping');

create table egress_files (
  id text primary key,
  egress_id text not null references egresses (id) on delete cascade,
  type text not null,
  size bigint not null,
  duration double precision not null,
  width integer,
  height integer,
  format text not null,
  key text not null,
  token text not null unique,
  local_path text,
  stored_in text,
  node_id text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create unique index egress_files_egress on egress_files (egress_id);

create table egress_uploads (
  id text primary key,
  file_id text not null references egress_files (id) on delete cascade,
  node_id text not null,
  target text not null,
  url text,
  status text not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  last_error text,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
create index egress_uploads_file on egress_uploads (file_id);
create index egress_uploads_due on egress_uploads (node_id, next_attempt_at) where status = 'pending';
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
