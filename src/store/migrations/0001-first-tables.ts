import { type Kysely, sql } from 'kysely';

const STATEMENTS = `
create table api_keys (
  api_key text primary key,
  secret text not null,
  owner_id text not null,
  name text not null,
  webhook jsonb,
  webhook_secret text not null,
  disabled_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index api_keys_owner on api_keys (owner_id);

create table rooms (
  id text primary key,
  owner_id text not null,
  api_key text not null,
  room_id text not null unique,
  custom_room_id text,
  webhook jsonb,
  auto_close_config jsonb,
  auto_start_config jsonb,
  multi_composition jsonb,
  geo_fence text,
  allowed_participant_ids jsonb,
  disabled_at timestamptz(3),
  node_id text,
  node_claimed_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  unique (owner_id, custom_room_id)
);
create index rooms_owner_newest on rooms (owner_id, created_at desc, id desc);

create table sessions (
  id text primary key,
  room_id text not null references rooms (room_id),
  owner_id text not null,
  api_key text not null,
  node_id text not null,
  started_at timestamptz(3) not null,
  ended_at timestamptz(3),
  end_reason text,
  closes_at timestamptz(3) not null,
  event_seq integer not null default 0
);
create unique index sessions_one_live_per_room on sessions (room_id) where ended_at is null;
create index sessions_owner_newest on sessions (owner_id, started_at desc, id desc);
create index sessions_room_newest on sessions (room_id, started_at desc);
create index sessions_live_by_node on sessions (node_id) where ended_at is null;

create table participants (
  id text primary key,
  session_id text not null references sessions (id) on delete cascade,
  participant_id text not null,
  name text not null,
  mode text not null,
  device_info jsonb,
  meta_data jsonb,
  first_joined_at timestamptz(3) not null,
  unique (session_id, participant_id)
);

create table participant_stays (
  id bigint generated always as identity primary key,
  participant text not null references participants (id) on delete cascade,
  joined_at timestamptz(3) not null,
  disconnected_at timestamptz(3),
  left_at timestamptz(3),
  leave_code integer
);
create unique index participant_stays_one_open on participant_stays (participant) where left_at is null;
create index participant_stays_participant on participant_stays (participant, id);

create table mode_changes (
  id bigint generated always as identity primary key,
  participant text not null references participants (id) on delete cascade,
  mode text not null,
  at timestamptz(3) not null
);
create index mode_changes_participant on mode_changes (participant, id);

create table media_spans (
  id bigint generated always as identity primary key,
  participant text not null references participants (id) on delete cascade,
  kind text not null,
  started_at timestamptz(3) not null,
  ended_at timestamptz(3)
);
create index media_spans_participant on media_spans (participant, id);

create table events (
  id text primary key,
  session_id text not null references sessions (id) on delete cascade,
  seq integer not null,
  owner_id text not null,
  room_id text not null,
  type text not null,
  -- json keeps the text as it was written: receivers verify signatures over re-serialised bodies, so order matters.
  data json not null,
  at timestamptz(3) not null,
  unique (session_id, seq)
);

create table webhook_deliveries (
  id text primary key,
  event_id text not null references events (id) on delete cascade,
  owner_id text not null,
  session_id text not null,
  seq integer not null,
  type text not null,
  url text not null,
  host text not null generated always as (lower(coalesce(substring(url from '^[A-Za-z]+://([^/?#]*)'), ''))) stored,
  source text not null,
  lane text not null,
  status text not null,
  waiting boolean not null,
  attempts integer not null default 0,
  lane_attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  claimed_by text,
  claimed_until timestamptz(3),
  last_status integer,
  last_error text,
  delivered_at timestamptz(3),
  created_at timestamptz(3) not null default now()
);
create index webhook_deliveries_due on webhook_deliveries (host, next_attempt_at)
  where status = 'pending' and not waiting and claimed_by is null;
create index webhook_deliveries_claimed on webhook_deliveries (claimed_until) where claimed_by is not null;
create index webhook_deliveries_stream on webhook_deliveries (session_id, url, seq) where status = 'pending' and lane = 'fast';
create index webhook_deliveries_owner_newest on webhook_deliveries (owner_id, created_at desc, id desc);
create index webhook_deliveries_session on webhook_deliveries (session_id, seq);

create table webhook_attempts (
  id bigint generated always as identity primary key,
  delivery_id text not null references webhook_deliveries (id) on delete cascade,
  at timestamptz(3) not null,
  duration_ms integer not null,
  status integer,
  error text,
  response_body text
);
create index webhook_attempts_delivery on webhook_attempts (delivery_id, id);

create table webhook_disabled_endpoints (
  owner_id text not null,
  url text not null,
  reason text not null,
  disabled_at timestamptz(3) not null,
  primary key (owner_id, url)
);

create table egress_requests (
  id text primary key,
  session_id text not null references sessions (id) on delete cascade,
  kind text not null,
  request jsonb not null,
  status text not null,
  created_at timestamptz(3) not null
);
create index egress_requests_session on egress_requests (session_id);

create table pubsub_messages (
  id bigint generated always as identity primary key,
  session_id text not null references sessions (id) on delete cascade,
  topic text not null,
  message_id text not null,
  message text not null,
  payload bytea not null,
  sender_id text not null,
  sender_name text not null,
  send_only jsonb not null,
  timestamp text not null
);
create index pubsub_messages_topic on pubsub_messages (session_id, topic, id);

create table files (
  id text primary key,
  owner_id text not null,
  room_id text not null,
  file_name text not null,
  size integer not null,
  created_at timestamptz(3) not null
);

create table nodes (
  id text primary key,
  public_url text not null,
  roles text not null,
  load integer not null default 0,
  started_at timestamptz(3) not null,
  seen_at timestamptz(3) not null
);

create table shared_secrets (
  name text primary key,
  value text not null
);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
