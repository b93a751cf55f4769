// The tables, as Kysely sees them. Column meanings are told here; the migrations create what is written here.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { EgressKind, EgressPlan, EgressStatus, FileFormat } from '../protocol/egress.ts';
import type { EventData, EventType } from '../protocol/events.ts';

type Json<T> = ColumnType<T, string, string>;
type JsonOrNull<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface ApiKeysTable {
  /** The public key id, the `apikey` claim of tokens. */
  api_key: string;
  /** Kept readable because HS256 verifies with the secret itself. */
  secret: string;
  /** During a rotation: the secret before, and until when it is good as well. */
  previous_secret: string | null;
  previous_secret_until: Date | null;
  /** `userId` on the wire: keys of one owner share rooms and sessions, others do not see them. */
  owner_id: string;
  name: string;
  /** Receiver of every event of the owner's rooms: `{endPoint, events}`. */
  webhook: JsonOrNull<unknown>;
  /** Secret of the Standard Webhooks signature, `whsec_…`. */
  webhook_secret: string;
  /** Whether calls of the documented API take a token with a role. */
  roles_required: Generated<boolean>;
  /** When a token without roles called it last, to about a minute. */
  used_without_roles_at: Date | null;
  disabled_at: Date | null;
  created_at: Generated<Date>;
}

export interface RoomsTable {
  id: string;
  owner_id: string;
  api_key: string;
  room_id: string;
  custom_room_id: string | null;
  webhook: JsonOrNull<unknown>;
  auto_close_config: JsonOrNull<unknown>;
  auto_start_config: JsonOrNull<unknown>;
  multi_composition: JsonOrNull<unknown>;
  geo_fence: string | null;
  allowed_participant_ids: JsonOrNull<string[]>;
  disabled_at: Date | null;
  /** The media node that the next session will live on, claimed by `init-config`. */
  node_id: string | null;
  node_claimed_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface SessionsTable {
  id: string;
  /** `rooms.room_id`. */
  room_id: string;
  owner_id: string;
  api_key: string;
  node_id: string;
  started_at: Date;
  ended_at: Date | null;
  /** Why it ended: `everyone-left`, `closed`, `ended-by-api`, `auto-closed`, `deactivated`, `node-lost`. */
  end_reason: string | null;
  /** When auto-close ends it. */
  closes_at: Date;
  /** Sequence number of its latest event; the row lock taken to raise it puts a session's events in one order. */
  event_seq: Generated<number>;
}

export interface ParticipantsTable {
  id: string;
  session_id: string;
  participant_id: string;
  name: string;
  mode: string;
  device_info: JsonOrNull<unknown>;
  meta_data: JsonOrNull<unknown>;
  /** Of the token that they joined with last; null where that was before there was such a column. */
  token_hash: string | null;
  first_joined_at: Date;
}

/** One stay of a participant in a session, from join to leave: the `timelog` of the REST API. */
export interface ParticipantStaysTable {
  id: Generated<string>;
  participant: string;
  joined_at: Date;
  /** Since when its connection has been lost; null while it is there. Where it leaves for that, this is when. */
  disconnected_at: Date | null;
  left_at: Date | null;
  leave_code: number | null;
}

export interface ModeChangesTable {
  id: Generated<string>;
  participant: string;
  mode: string;
  at: Date;
}

/** A span in which a participant sent one kind of media. */
export interface MediaSpansTable {
  id: Generated<string>;
  participant: string;
  kind: 'mic' | 'webcam' | 'screenShare' | 'screenShareAudio';
  started_at: Date;
  ended_at: Date | null;
}

/** How well media got through to a participant in the interval that ended at `at`; see `protocol/quality.ts`. */
export interface QualitySamplesTable extends QualityColumns<'audio'>, QualityColumns<'video'> {
  participant: string;
  at: Date;
  sent_heights: number[];
}

type QualityColumns<K extends string> = Record<`${K}_${'send' | 'recv'}_${'bitrate' | 'packets' | 'lost'}`, number> &
  Record<`${K}_${'rtt_ms' | 'jitter_ms' | 'score'}`, number | null>;

export interface EventsTable {
  id: string;
  session_id: string;
  seq: number;
  owner_id: string;
  room_id: string;
  type: EventType;
  data: Json<EventData>;
  at: Date;
}

export interface WebhookDeliveriesTable {
  id: string;
  event_id: string;
  owner_id: string;
  session_id: string;
  seq: number;
  type: string;
  url: string;
  /** Host and port out of `url`, by which attempts are shared out fairly. */
  host: GeneratedAlways<string>;
  /** What asked for it: the room's webhook, the API key's, or one operation's `webhookUrl`. */
  source: 'room' | 'key' | 'operation';
  /** `fast` keeps the order of its stream (session and URL); `slow` is what failed there and no longer blocks it. */
  lane: 'fast' | 'slow';
  status: 'pending' | 'delivered' | 'dead';
  /** Pending behind an earlier delivery of its stream, whose end sets it free. */
  waiting: boolean;
  attempts: Generated<number>;
  /** Attempts since it entered its lane or was replayed: the position in that lane's schedule. */
  lane_attempts: Generated<number>;
  next_attempt_at: Date;
  /** Set while a node is delivering it; the claim lapses by itself so that a dead node's work is taken over. */
  claimed_by: string | null;
  claimed_until: Date | null;
  last_status: number | null;
  last_error: string | null;
  delivered_at: Date | null;
  created_at: Generated<Date>;
}

export interface WebhookAttemptsTable {
  id: Generated<string>;
  delivery_id: string;
  at: Date;
  duration_ms: number;
  /** HTTP status, or null when no answer came. */
  status: number | null;
  error: string | null;
  response_body: string | null;
}

/** A receiver that answered 410 Gone and gets nothing more until it is enabled again. */
export interface WebhookDisabledEndpointsTable {
  owner_id: string;
  url: string;
  reason: string;
  disabled_at: Date;
}

/** What auto-start asked for when a session began, for the egress part to take up. */
export interface EgressRequestsTable {
  id: string;
  session_id: string;
  kind: 'recording' | 'hls' | 'composite';
  request: Json<unknown>;
  /** `taken`: an egress was made of it; `refused`: it could not be one, or its session ended before. */
  status: 'requested' | 'taken' | 'refused';
  created_at: Date;
}

/** A recording, HLS stream or livestream of a session. */
export interface EgressesTable {
  id: string;
  kind: EgressKind;
  session_id: string;
  room_id: string;
  owner_id: string;
  /** Where it runs, and where its files are. */
  node_id: string;
  /** The one that broke off and that it goes on for. */
  continues: string | null;
  composition_id: string | null;
  /** What was asked for, checked and with defaults. */
  plan: Json<EgressPlan>;
  status: EgressStatus;
  reason: string | null;
  webhook_url: string | null;
  folder: string | null;
  /** `[{at, ms}]`: what a recording lacks. */
  gaps: ColumnType<{ at: string; ms: number }[], string | undefined, string>;
  created_at: Date;
  updated_at: Date;
  started_at: Date | null;
  playable_at: Date | null;
  ended_at: Date | null;
  /** Deleted ones are not shown any more; events and deliveries of them stay. */
  deleted_at: Date | null;
}

/** The file that a recording became. */
export interface EgressFilesTable {
  id: string;
  egress_id: string;
  type: 'video' | 'audio';
  size: number;
  duration: number;
  width: number | null;
  height: number | null;
  format: FileFormat | 'm3u8';
  key: string;
  token: string;
  /** On the disk of `node_id`; null once an object storage has confirmed it. */
  local_path: string | null;
  stored_in: 'file' | 's3' | null;
  node_id: string;
  created_at: Date;
  updated_at: Date;
}

/** A finished file that still has to be brought somewhere, by the node that has it on its disk. */
export interface EgressUploadsTable {
  id: string;
  file_id: string;
  node_id: string;
  owner_id: string;
  /** Host and port of the URL; empty for the target `storage`. */
  host: GeneratedAlways<string>;
  target: 'storage' | 'presigned';
  /** Of the target `presigned`. */
  url: string | null;
  status: 'pending' | 'done' | 'failed';
  attempts: Generated<number>;
  next_attempt_at: Date;
  last_error: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface EgressRemovalsTable {
  egress_id: string;
  place: 'disk' | 'storage';
  node_id: string;
  folder: string | null;
  key: string | null;
  is_folder: boolean;
  attempts: Generated<number>;
  next_attempt_at: Date;
  last_error: string | null;
  created_at: Date;
}

export interface PubsubMessagesTable {
  id: Generated<string>;
  session_id: string;
  topic: string;
  message_id: string;
  message: string;
  payload: Buffer;
  sender_id: string;
  sender_name: string;
  send_only: Json<string[]>;
  timestamp: string;
}

export interface FilesTable {
  id: string;
  owner_id: string;
  room_id: string;
  file_name: string;
  size: number;
  created_at: Date;
}

/** What uploaded files take together; kept by triggers on `files`. */
export interface FileUsageTable {
  /** `owner:` or `room:` and its id. */
  holder: string;
  bytes: number;
}

export interface NodesTable {
  id: string;
  /** Base URL that SDKs reach this node at. */
  public_url: string;
  roles: string;
  /** Participants on it now; the least loaded node takes the next room. */
  load: Generated<number>;
  started_at: Date;
  seen_at: Date;
  /** Since when it takes no new sessions; null while it does. Kept over restarts. */
  draining_since: Date | null;
  /** Slots for compositions that nothing takes now. */
  egress_free: Generated<number>;
  /** Whether it can film pages. */
  has_browser: Generated<boolean>;
  /** SHA-256 of the public key of its certificate, base64, where it made that itself. */
  certificate: string | null;
}

/** Secrets that all nodes share, such as the RSA key that signs webhooks. */
export interface SharedSecretsTable {
  name: string;
  value: string;
}

/** Somebody signed in to the dashboard in a browser. */
export interface DashboardSignInsTable {
  /** SHA-256 of the cookie's value, which nobody can read here. */
  token_hash: string;
  api_key: string;
  /** SHA-256 of the secret it was made with: a new secret ends it. */
  secret_hash: string;
  created_at: Date;
  used_at: Date;
}

export interface Tables {
  api_keys: ApiKeysTable;
  rooms: RoomsTable;
  sessions: SessionsTable;
  participants: ParticipantsTable;
  participant_stays: ParticipantStaysTable;
  mode_changes: ModeChangesTable;
  media_spans: MediaSpansTable;
  quality_samples: QualitySamplesTable;
  events: EventsTable;
  webhook_deliveries: WebhookDeliveriesTable;
  webhook_attempts: WebhookAttemptsTable;
  webhook_disabled_endpoints: WebhookDisabledEndpointsTable;
  egress_requests: EgressRequestsTable;
  egresses: EgressesTable;
  egress_files: EgressFilesTable;
  egress_uploads: EgressUploadsTable;
  egress_removals: EgressRemovalsTable;
  pubsub_messages: PubsubMessagesTable;
  files: FilesTable;
  file_usage: FileUsageTable;
  nodes: NodesTable;
  shared_secrets: SharedSecretsTable;
  dashboard_sign_ins: DashboardSignInsTable;
}
