// What the dashboard's pages ask of the server beside the REST API. Private to this version: pages and server come
// together, so it is not in the API document.
import { type Static, Type } from 'typebox';
import type { CompositionConfig } from '../composition.ts';
import type { Continuation, EgressKind, EgressStatus, LivestreamOutput, WebhookSummary } from '../egress.ts';
import type { NodeFacts, NodeState } from '../node.ts';
import { AnyId, Name, Open, oneOf, type PageInfo, PageQuery, Text } from './common.ts';
import type { GapBody, HlsAddresses, WatchedFile } from './watching.ts';

/** What an open page is told has changed. */
export const CHANGE_TOPICS = ['sessions', 'rooms', 'egresses', 'deliveries', 'keys', 'quality', 'nodes'] as const;
export type ChangeTopic = (typeof CHANGE_TOPICS)[number];

/** Sent with every call that changes something; another site's page could not add it without being asked first. */
export const PAGE_HEADER = 'x-roomful-page';

export const SignInBody = Open({
  apiKey: Text(128, 'The API key.'),
  secret: Text(1024, 'Its secret.'),
});

/** Who is signed in, and what the pages have to know everywhere. */
export interface SignedInBody {
  apiKey: string;
  keyName: string;
  ownerId: string;
  /** Runs this server, and so sees what is not of one owner only. */
  operator: boolean;
  publicUrl: string;
  version: string;
  expiresAt: string;
}

export const RANGES = ['24h', '7d', '30d', '90d'] as const;
export type Range = (typeof RANGES)[number];

export const OverviewQuery = Type.Object({
  range: Type.Optional(oneOf(RANGES, { description: 'How far back.', default: '7d' })),
  timeZone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name; days begin there.' })),
});

export interface OverviewBody {
  now: { rooms: number; people: number; totalRooms: number };
  /** Hours for `24h`, else days. */
  unit: 'hour' | 'day';
  usage: { start: string; sessions: number; minutes: number; people: number }[];
  webhooks: {
    total: number;
    delivered: number;
    pending: number;
    dead: number;
    disabledEndpoints: number;
    medianMs: number | null;
    slowMs: number | null;
    buckets: { start: string; delivered: number; pending: number; dead: number }[];
  };
  /** Recordings, HLS streams and livestreams that have not ended, and those of them that wait for a slot. */
  egress: { running: number; waiting: number };
  /** Shared files, and what is kept of recordings and HLS streams that are finished. */
  storage: { files: number; fileBytes: number; recordings: number; streams: number; keptBytes: number };
  live: LiveSession[];
}

export interface LiveSession {
  sessionId: string;
  roomId: string;
  customRoomId: string | null;
  startedAt: string;
  people: number;
}

const SEARCH = Type.Optional(Type.String({ maxLength: 256, description: 'Part of an id.' }));
const ORDERS = ['asc', 'desc'] as const;
const Order = Type.Optional(oneOf(ORDERS, { description: 'Direction.', default: 'desc' }));

export const ROOM_SORTS = ['created', 'id', 'sessions', 'lastUsed'] as const;
export const RoomsQuery = Type.Object({
  ...PageQuery,
  search: SEARCH,
  status: Type.Optional(oneOf(['open', 'live', 'deactivated'], { description: 'Only these.' })),
  sort: Type.Optional(oneOf(ROOM_SORTS, { description: 'Column.', default: 'created' })),
  order: Order,
});
export type RoomsQuery = Static<typeof RoomsQuery>;

export interface RoomRow {
  roomId: string;
  customRoomId: string | null;
  disabled: boolean;
  createdAt: string;
  sessions: number;
  lastUsedAt: string | null;
  live: { sessionId: string; people: number } | null;
}

export const SESSION_SORTS = ['started', 'duration', 'people'] as const;
export const SessionsQuery = Type.Object({
  ...PageQuery,
  search: SEARCH,
  roomId: Type.Optional(Type.String({ maxLength: 256, description: 'Of this room.' })),
  status: Type.Optional(oneOf(['ongoing', 'ended'], { description: 'Only these.' })),
  sort: Type.Optional(oneOf(SESSION_SORTS, { description: 'Column.', default: 'started' })),
  order: Order,
});
export type SessionsQuery = Static<typeof SessionsQuery>;

export interface SessionRow {
  sessionId: string;
  roomId: string;
  customRoomId: string | null;
  startedAt: string;
  endedAt: string | null;
  endReason: string | null;
  /** How many were in it at all, and are now. */
  people: number;
  present: number;
}

const EGRESS_KINDS = ['recording', 'hls', 'livestream'] as const;
export const EGRESS_SORTS = ['created', 'duration', 'size'] as const;
export const EgressesQuery = Type.Object({
  ...PageQuery,
  kind: Type.Optional(oneOf(EGRESS_KINDS, { description: 'Only these.' })),
  search: SEARCH,
  roomId: Type.Optional(Type.String({ maxLength: 256, description: 'Of this room.' })),
  sessionId: Type.Optional(Type.String({ maxLength: 256, description: 'Of this session.' })),
  status: Type.Optional(
    oneOf(['running', 'queued', 'completed', 'failed'], {
      description: 'Only these; `running` are all that have not ended, `failed` has those that were called off too.',
    }),
  ),
  sort: Type.Optional(oneOf(EGRESS_SORTS, { description: 'Column.', default: 'created' })),
  order: Order,
});
export type EgressesQuery = Static<typeof EgressesQuery>;
export const EgressParams = Type.Object({ kind: oneOf(EGRESS_KINDS), egressId: AnyId });

/** A recording, HLS stream or livestream, as lists and timelines show it. */
export interface EgressRow extends Continuation {
  id: string;
  kind: EgressKind;
  status: EgressStatus;
  reason: string | null;
  roomId: string;
  customRoomId: string | null;
  sessionId: string;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  /** Place among those that wait for a slot on their node, from 1. */
  queuePosition: number | null;
  config: CompositionConfig;
  /** Hosts that a livestream goes to. */
  destinations: string[];
  /** Of a recording or an HLS stream that is finished; seconds and bytes. */
  file: { duration: number; size: number } | null;
  gaps: GapBody[];
}

export interface EgressBody extends EgressRow {
  /** With their stream keys. */
  outputs: LivestreamOutput[];
  webhookUrl: string | null;
  /** Of an HLS stream. */
  hls: HlsAddresses | null;
  /** Of a recording that is finished. */
  recorded: RecordedFile | null;
  /** The page for those who watch, with whatever it takes to open it. */
  pageUrl: string | null;
  webhook: WebhookSummary;
}

export interface RecordedFile extends WatchedFile {
  /** Where it is in the storage. */
  key: string;
  /** The storage that has confirmed it; until then it is on the node's disk. */
  storedIn: 'file' | 's3' | null;
}

export type Paged<T> = { pageInfo: Static<typeof PageInfo>; data: T[] };

interface SpanBody {
  start: string;
  end: string | null;
}

export interface TimelineParticipant {
  id: string;
  participantId: string;
  name: string;
  mode: string;
  stays: (SpanBody & { disconnectedAt: string | null; leaveCode: number | null })[];
  modes: { mode: string; at: string }[];
  media: (SpanBody & { kind: 'mic' | 'webcam' | 'screenShare' | 'screenShareAudio' })[];
  deviceInfo: unknown;
}

export interface TimelineDelivery {
  id: string;
  url: string;
  status: 'pending' | 'delivered' | 'dead';
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
}

export interface TimelineEvent {
  id: string;
  sequence: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
  deliveries: TimelineDelivery[];
}

export interface TimelineBody extends SessionRow {
  apiKey: string;
  nodeId: string;
  /** When auto-close would end it. */
  closesAt: string;
  /** The clock that what lasts is measured with. */
  now: string;
  participants: TimelineParticipant[];
  events: TimelineEvent[];
  egresses: EgressRow[];
  /** True when there is more than is told. */
  cut: boolean;
}

export interface KeyRow {
  apiKey: string;
  name: string;
  createdAt: string;
  disabledAt: string | null;
  /** Signed in with it. */
  current: boolean;
  /** Its secret comes from the settings at every start, so that it is not changed here. */
  fromSettings: boolean;
  /** Whether calls of the REST API take a token with a role. */
  rolesRequired: boolean;
  /** When a token without roles called it last. */
  usedWithoutRolesAt: string | null;
  /** During a rotation: until when the old secret is good as well. */
  previousSecretUntil: string | null;
}

export const CreateKeyBody = Open({ name: Name(100, 'What it is for.') });
export const KeyParams = Type.Object({ apiKey: AnyId });
export const KeyRolesBody = Open({
  required: Type.Boolean({ description: 'Whether tokens without roles are refused.' }),
});

/** How long both secrets of a rotation are good, unless something else is asked for. */
export const ROTATION_SECONDS = 24 * 3600;
const MAX_ROTATION_SECONDS = 90 * 24 * 3600;
export const RotateKeyBody = Open({
  keepSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_ROTATION_SECONDS,
      default: ROTATION_SECONDS,
      description: 'How long the old secret stays good; 0 ends it at once.',
    }),
  ),
});

/** The only time that the secret is shown. */
export interface NewSecretBody {
  apiKey: string;
  name: string;
  ownerId: string;
  secret: string;
  previousSecretUntil: string | null;
}

const TEN_YEARS_S = 10 * 366 * 86_400;
export const MintBody = Open({
  apiKey: Type.Optional(Text(128, 'The key that signs; absent: the one signed in with.')),
  expiresInSeconds: Type.Integer({ minimum: 60, maximum: TEN_YEARS_S, description: 'Good for this long.' }),
  permissions: Type.Array(oneOf(['allow_join', 'ask_join', 'allow_mod']), { maxItems: 3 }),
  roles: Type.Optional(
    Type.Array(oneOf(['crawler', 'rtc']), { minItems: 1, maxItems: 2, description: 'Absent: both.' }),
  ),
  roomId: Type.Optional(Text(256, 'Good for this room only.')),
  participantId: Type.Optional(Text(128, 'Good for this participant only.')),
});
export type MintBody = Static<typeof MintBody>;

export interface SystemBody {
  version: string;
  nodeVersion: string;
  postgres: string;
  platform: string;
  startedAt: string;
  memoryBytes: number;
  databaseBytes: number;
  disk: { freeBytes: number; totalBytes: number } | null;
  checks: Record<string, string>;
  nodes: NodeRow[];
  /** Of the node that answers. */
  workers: { index: number; pid: number; rooms: number; people: number; consumers: number }[];
  /** Of the node that answers: its slots, and what takes them. */
  egress: { slots: number; slotsTaken: number; running: number; waiting: number };
  settings: SettingInForce[];
}

export interface NodeRow extends Omit<NodeFacts, 'startedAt' | 'seenAt' | 'drainingSince'> {
  startedAt: string;
  seenAt: string;
  drainingSince: string | null;
  state: NodeState;
  /** It answers this call. */
  thisOne: boolean;
}

export const NodeParams = Type.Object({ nodeId: AnyId });

export interface SettingInForce {
  name: string;
  value: string;
  /** True when nothing else was said. */
  isDefault: boolean;
  secret: boolean;
  meaning: string;
}
