// The front door: what the pages of the dashboard ask, each question for the owner who is signed in.
import { statfs } from 'node:fs/promises';
import { arch, release, type } from 'node:os';
import { conflict, notFound, operatorsOnly } from '../errors.ts';
import { residentBytes } from '../kit/memory.ts';
import type { DoctorLine } from '../protocol/doctor.ts';
import { nodeState } from '../protocol/node.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type {
  EgressesQuery,
  EgressRow,
  KeyRow,
  NewSecretBody,
  OverviewBody,
  Range,
  RoomRow,
  RoomsQuery,
  SessionRow,
  SessionsQuery,
  SystemBody,
  TimelineBody,
} from '../protocol/rest/dashboard.ts';
import type { QualityBody, QualitySeriesBody } from '../protocol/rest/dashboard-quality.ts';
import type { Feed } from './feed.ts';
import type { DashboardStore, Installation, Keys, NodeStore, SessionQualityStore, Span, StoredKey } from './ports.ts';

/** Whose dashboard it is. */
export interface DashboardCaller {
  apiKey: string;
  ownerId: string;
}

interface DashboardDeps {
  store: DashboardStore;
  quality: SessionQualityStore;
  nodes: NodeStore;
  keys: Keys;
  feed: Feed;
  installation: Installation;
}

const HOUR_MS = 3_600_000;
const RANGE_MS: Record<Range, number> = {
  '24h': 23 * HOUR_MS,
  '7d': 6 * 24 * HOUR_MS,
  '30d': 29 * 24 * HOUR_MS,
  '90d': 89 * 24 * HOUR_MS,
};

export class Dashboard {
  readonly feed: Feed;
  readonly #store: DashboardStore;
  readonly #quality: SessionQualityStore;
  readonly #nodes: NodeStore;
  readonly #keys: Keys;
  readonly #installation: Installation;
  #isExamining = false;

  constructor({ store, quality, nodes, keys, feed, installation }: DashboardDeps) {
    this.#store = store;
    this.#quality = quality;
    this.#nodes = nodes;
    this.#keys = keys;
    this.feed = feed;
    this.#installation = installation;
  }

  /** What the pages have to know of the one who is signed in. */
  async facts(
    caller: DashboardCaller,
  ): Promise<{ keyName: string; operator: boolean; publicUrl: string; version: string }> {
    const key = await this.#ownKey(caller, caller.apiKey);
    const { version, publicUrl } = this.#installation;
    return { keyName: key.name, operator: this.#isOperator(caller), publicUrl: publicUrl(), version };
  }

  async overview({ ownerId }: DashboardCaller, range: Range, timeZone: string): Promise<OverviewBody> {
    const span = spanOf(range, timeZone);
    const [now, live, usage, webhooks, egress, storage] = await Promise.all([
      this.#store.now(ownerId),
      this.#store.live(ownerId),
      this.#store.usage(ownerId, span),
      this.#store.webhooks(ownerId, span),
      this.#store.egresses.running(ownerId),
      this.#store.storage(ownerId),
    ]);
    return { now, live, unit: span.unit, usage, webhooks, egress, storage };
  }

  rooms(caller: DashboardCaller, query: RoomsQuery, paging: Paging): Promise<{ rooms: RoomRow[]; total: number }> {
    return this.#store.rooms(caller.ownerId, query, paging);
  }

  sessions(
    caller: DashboardCaller,
    query: SessionsQuery,
    paging: Paging,
  ): Promise<{ sessions: SessionRow[]; total: number }> {
    return this.#store.sessions(caller.ownerId, query, paging);
  }

  /** Everything that happened in a session. */
  async timeline(caller: DashboardCaller, sessionId: string): Promise<TimelineBody> {
    const timeline = await this.#store.timeline(caller.ownerId, sessionId);
    if (!timeline) throw notFound('Session', sessionId);
    return timeline;
  }

  /** Who had trouble in a session, and when. */
  async quality(caller: DashboardCaller, sessionId: string): Promise<QualityBody> {
    const quality = await this.#quality.overview(caller.ownerId, sessionId);
    if (!quality) throw notFound('Session', sessionId);
    return quality;
  }

  /** How it went for one participant, by its object id. */
  async participantQuality(caller: DashboardCaller, sessionId: string, id: string): Promise<QualitySeriesBody> {
    const series = await this.#quality.series(caller.ownerId, sessionId, id);
    if (!series) throw notFound('Session', sessionId);
    return series;
  }

  egresses(
    caller: DashboardCaller,
    query: EgressesQuery,
    paging: Paging,
  ): Promise<{ egresses: EgressRow[]; total: number }> {
    return this.#store.egresses.list(caller.ownerId, query, paging);
  }

  /** One of the owner's recordings, HLS streams and livestreams. */
  async egress(caller: DashboardCaller, id: string): Promise<EgressRow> {
    const egress = await this.#store.egresses.find(caller.ownerId, id);
    if (!egress) throw notFound('Egress', id);
    return egress;
  }

  /** The owner's keys, without their secrets. */
  async keys(caller: DashboardCaller): Promise<KeyRow[]> {
    const keys = await this.#ownKeys(caller);
    return keys.map((key) => ({
      apiKey: key.apiKey,
      name: key.name,
      createdAt: key.createdAt.toISOString(),
      disabledAt: key.disabledAt?.toISOString() ?? null,
      current: key.apiKey === caller.apiKey,
      fromSettings: key.apiKey === this.#installation.keyFromSettings,
      rolesRequired: key.rolesRequired,
      usedWithoutRolesAt: key.usedWithoutRolesAt?.toISOString() ?? null,
      previousSecretUntil: rotationEnd(key),
    }));
  }

  /** Another key of the same owner, which sees the same rooms. */
  async createKey(caller: DashboardCaller, name: string): Promise<NewSecretBody> {
    const key = await this.#keys.create({ name, ownerId: caller.ownerId });
    this.feed.changed('keys');
    return newSecret(key);
  }

  /** Gives a key a new secret; the old one stays good for `keepSeconds`. */
  async rotateKey(caller: DashboardCaller, apiKey: string, keepSeconds: number): Promise<NewSecretBody> {
    await this.#ownKey(caller, apiKey);
    if (apiKey === this.#installation.keyFromSettings) throw secretFromSettings();
    const key = await this.#keys.rotate(apiKey, keepSeconds);
    this.feed.changed('keys');
    return newSecret(key);
  }

  /** Ends the old secret of a rotation. */
  async endPreviousSecret(caller: DashboardCaller, apiKey: string): Promise<void> {
    await this.#ownKey(caller, apiKey);
    await this.#keys.endPreviousSecret(apiKey);
    this.feed.changed('keys');
  }

  /** Says whether tokens without roles may call the REST API. */
  async requireRoles(caller: DashboardCaller, apiKey: string, required: boolean): Promise<void> {
    await this.#ownKey(caller, apiKey);
    await this.#keys.requireRoles(apiKey, required);
    this.feed.changed('keys');
  }

  /** Ends a key for good; never the last one, without which nobody could sign in. */
  async disableKey(caller: DashboardCaller, apiKey: string): Promise<void> {
    await this.#ownKey(caller, apiKey);
    const usable = (await this.#ownKeys(caller)).filter((key) => !key.disabledAt);
    if (usable.every((key) => key.apiKey === apiKey)) {
      throw conflict('LAST_API_KEY', 'This is the last API key that works: create another one first.');
    }
    await this.#keys.disable(apiKey);
    this.feed.changed('keys');
  }

  /** A key of the owner that may sign tokens. */
  async signingKey(caller: DashboardCaller, apiKey: string): Promise<{ apiKey: string; secret: string }> {
    const key = await this.#ownKey(caller, apiKey);
    if (key.disabledAt) throw conflict('API_KEY_DISABLED', 'This API key has been disabled; its tokens are refused.');
    return key;
  }

  /** The installation as a whole, for its operator. */
  async system(caller: DashboardCaller, checks: Record<string, string>): Promise<SystemBody> {
    this.#requireOperator(caller);
    const { version, nodeId, dataDir, settings, workers, egress } = this.#installation;
    const [nodes, database, disk] = await Promise.all([this.#nodes.list(), this.#store.database(), diskOf(dataDir)]);
    return {
      version,
      nodeVersion: process.version,
      postgres: database.version,
      platform: `${type()} ${release()} ${arch()}`,
      startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
      memoryBytes: residentBytes(),
      databaseBytes: database.bytes,
      disk,
      checks,
      nodes: nodes.map((node) => ({
        ...node,
        startedAt: node.startedAt.toISOString(),
        seenAt: node.seenAt.toISOString(),
        drainingSince: node.drainingSince?.toISOString() ?? null,
        state: nodeState(node),
        thisOne: node.id === nodeId,
      })),
      workers: workers(),
      egress: egress(),
      settings: [...settings],
    };
  }

  /** Takes a node out of service, or puts it back; every page is told. */
  async setDraining(caller: DashboardCaller, nodeId: string, draining: boolean): Promise<void> {
    this.#requireOperator(caller);
    const found = await (draining ? this.#nodes.drain(nodeId, new Date()) : this.#nodes.undrain(nodeId));
    if (!found) throw notFound('Node', nodeId);
  }

  /**
   * Begins to examine the installation: what is returned tells what is going to be examined, then each result. One
   * examination at a time, since it starts processes and writes into the storage.
   */
  examination(caller: DashboardCaller): (tell: (line: DoctorLine) => void) => Promise<void> {
    this.#requireOperator(caller);
    if (this.#isExamining) throw conflict('EXAMINATION_RUNS', 'An examination runs already; wait until it has ended.');
    this.#isExamining = true;
    return async (tell) => {
      try {
        const doctor = await this.#installation.doctor();
        tell({ checks: [...doctor.checks] });
        await doctor.examine((finding) => tell({ finding }));
      } finally {
        this.#isExamining = false;
      }
    };
  }

  #requireOperator(caller: DashboardCaller): void {
    if (!this.#isOperator(caller)) throw operatorsOnly();
  }

  #isOperator({ ownerId }: DashboardCaller): boolean {
    return ownerId === this.#installation.operatorId;
  }

  async #ownKeys({ ownerId }: DashboardCaller): Promise<StoredKey[]> {
    return (await this.#keys.list()).filter((key) => key.ownerId === ownerId);
  }

  async #ownKey(caller: DashboardCaller, apiKey: string): Promise<StoredKey> {
    const key = (await this.#ownKeys(caller)).find((own) => own.apiKey === apiKey);
    if (!key) throw notFound('API key', apiKey);
    return key;
  }
}

function newSecret(key: StoredKey): NewSecretBody {
  const { apiKey, name, ownerId, secret } = key;
  return { apiKey, name, ownerId, secret, previousSecretUntil: rotationEnd(key) };
}

/** Until when two secrets are good, if they are. */
function rotationEnd({ previousSecretUntil: until }: StoredKey): string | null {
  return until && until.getTime() > Date.now() ? until.toISOString() : null;
}

function secretFromSettings(): Error {
  const message = 'The secret of this key comes from ROOMFUL_API_SECRET at every start: change it there.';
  return conflict('SECRET_FROM_SETTINGS', message);
}

function spanOf(range: Range, timeZone: string): Span {
  const to = new Date();
  return { from: new Date(to.getTime() - RANGE_MS[range]), to, unit: range === '24h' ? 'hour' : 'day', timeZone };
}

async function diskOf(folder: string): Promise<SystemBody['disk']> {
  try {
    const { bsize, bavail, blocks } = await statfs(folder);
    return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch {
    // Some file systems do not tell.
    return null;
  }
}
