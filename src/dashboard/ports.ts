// What the dashboard asks of the rest of the server.
import type { CheckName, Finding } from '../protocol/doctor.ts';
import type { NodeFacts } from '../protocol/node.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type {
  EgressesQuery,
  EgressRow,
  LiveSession,
  OverviewBody,
  RoomRow,
  RoomsQuery,
  SessionRow,
  SessionsQuery,
  SettingInForce,
  SystemBody,
  TimelineBody,
} from '../protocol/rest/dashboard.ts';
import type { QualityBody, QualitySeriesBody } from '../protocol/rest/dashboard-quality.ts';

/** Part of the past, in hours or days of a time zone. */
export interface Span {
  from: Date;
  to: Date;
  unit: 'hour' | 'day';
  timeZone: string;
}

export interface DashboardStore {
  now(ownerId: string): Promise<OverviewBody['now']>;
  live(ownerId: string): Promise<LiveSession[]>;
  usage(ownerId: string, span: Span): Promise<OverviewBody['usage']>;
  webhooks(ownerId: string, span: Span): Promise<OverviewBody['webhooks']>;
  storage(ownerId: string): Promise<OverviewBody['storage']>;
  rooms(ownerId: string, query: RoomsQuery, paging: Paging): Promise<{ rooms: RoomRow[]; total: number }>;
  sessions(ownerId: string, query: SessionsQuery, paging: Paging): Promise<{ sessions: SessionRow[]; total: number }>;
  timeline(ownerId: string, sessionId: string): Promise<TimelineBody | undefined>;
  readonly egresses: {
    list(ownerId: string, query: EgressesQuery, paging: Paging): Promise<{ egresses: EgressRow[]; total: number }>;
    find(ownerId: string, id: string): Promise<EgressRow | undefined>;
    running(ownerId: string): Promise<OverviewBody['egress']>;
  };
  database(): Promise<{ version: string; bytes: number }>;
}

export interface SessionQualityStore {
  overview(ownerId: string, sessionId: string): Promise<QualityBody | undefined>;
  /** `participant` is an object id. */
  series(ownerId: string, sessionId: string, participant: string): Promise<QualitySeriesBody | undefined>;
}

export interface NodeStore {
  list(): Promise<NodeFacts[]>;
  /** Both answer false when there is no such node. */
  drain(id: string, at: Date): Promise<boolean>;
  undrain(id: string): Promise<boolean>;
}

/** Examines the installation once. */
export interface Doctor {
  readonly checks: readonly CheckName[];
  examine(onFinding: (finding: Finding) => void): Promise<unknown>;
}

export interface StoredKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  name: string;
  rolesRequired: boolean;
  usedWithoutRolesAt: Date | null;
  previousSecretUntil: Date | null;
  disabledAt: Date | null;
  createdAt: Date;
}

export interface Keys {
  list(): Promise<StoredKey[]>;
  create(wish: { name?: string | undefined; ownerId?: string | undefined }): Promise<StoredKey>;
  disable(apiKey: string): Promise<StoredKey>;
  rotate(apiKey: string, keepSeconds: number): Promise<StoredKey>;
  endPreviousSecret(apiKey: string): Promise<StoredKey>;
  requireRoles(apiKey: string, required: boolean): Promise<StoredKey>;
}

/** The process and the machine it runs on. */
export interface Installation {
  version: string;
  nodeId: string;
  dataDir: string;
  /** Owner of the first API key. */
  operatorId: string;
  /** API key whose secret the settings give. */
  keyFromSettings: string | undefined;
  publicUrl: () => string;
  settings: readonly SettingInForce[];
  workers: () => SystemBody['workers'];
  /** A new doctor for each examination. */
  doctor: () => Promise<Doctor>;
  egress: () => SystemBody['egress'];
}
