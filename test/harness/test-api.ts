// The REST side on a database of its own, with a stand-in for live sessions that only writes what ending leaves behind.
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { SignJWT } from 'jose';
import { Access } from '../../src/access/access.ts';
import type { ApiKey } from '../../src/access/keys.ts';
import { createAdmission } from '../../src/app/admission.ts';
import { planOf } from '../../src/egress/plan.ts';
import { createListener } from '../../src/http/listener.ts';
import { createHttpServer, type HttpDeps } from '../../src/http/server.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { createLogger } from '../../src/log.ts';
import { Rooms, type RoomsDeps } from '../../src/rooms/rooms.ts';
import type { LiveSessions } from '../../src/rooms/stored.ts';
import type { Db } from '../../src/store/database.ts';
import { FileStore } from '../../src/store/file-store.ts';
import { KeyStore } from '../../src/store/key-store.ts';
import { PresenceStore } from '../../src/store/presence-store.ts';
import { RoomStore } from '../../src/store/room-store.ts';
import { SessionStore } from '../../src/store/session-store.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export interface TestApi extends AsyncDisposable {
  app: FastifyInstance;
  dataDir: string;
  access: Access;
  rooms: Rooms;
  database: TestDatabase;
  live: FakeLive;
  key: ApiKey;
  /** A key of somebody else. */
  otherKey: ApiKey;
  /** Calls the API as `key` unless other headers are given. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS',
    url: string,
    body?: unknown,
    token?: string,
  ): Promise<Answer>;
  /** Listens on a free port of the loopback and returns the address. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into by tests
  body: any;
  headers: Record<string, unknown>;
}

export const PUBLIC_URL = 'https://rooms.example.com';

interface TestApiOptions extends Partial<HttpDeps>, Pick<RoomsDeps, 'checkUrl'> {
  /** Of the files that are uploaded; else one of its own, which goes with it. */
  dataDir?: string;
  /** Parts that need the database. */
  withDatabase?: (database: TestDatabase, parts: { access: Access; rooms: Rooms }) => Promise<Partial<HttpDeps>>;
}

export async function startTestApi({ checkUrl, withDatabase, ...overrides }: TestApiOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const dataDir = overrides.dataDir ?? (await mkdtemp(join(tmpdir(), 'roomful-test-api-')));
  const access = new Access(new KeyStore(database.db));
  const live = new FakeLive(database.db);
  const rooms = new Rooms({
    rooms: new RoomStore(database.db),
    sessions: new SessionStore(database.db),
    live,
    checkUrl,
    checkAutoStart: ({ kind, request }) => kind === 'composite' || planOf(kind, request, parsedUrl),
  });
  function parsedUrl(url: string): URL {
    checkUrl?.(url);
    return new URL(url);
  }
  const app = await createHttpServer({
    access,
    // Nobody is live here: whoever has a token for a room counts as being in its meeting.
    admission: {
      ...createAdmission({ access, rooms, presence: new PresenceStore(database.db) }),
      isInMeeting: async () => true,
    },
    rooms,
    files: new FileStore(database.db, dataDir, overrides.limits),
    checks: {},
    publicUrl: () => PUBLIC_URL,
    log: createLogger('silent'),
    ...overrides,
    ...(await withDatabase?.(database, { access, rooms })),
  });
  const key = await access.keys.create({ name: 'test' });
  const otherKey = await access.keys.create({ name: 'somebody else' });
  const ownToken = await mintToken(key, { roles: ['crawler'] });
  const listener = createListener(app, { limits: overrides.limits ?? DEFAULT_LIMITS, log: createLogger('silent') });

  return {
    app,
    dataDir,
    access,
    rooms,
    database,
    live,
    key,
    otherKey,
    async call(method, url, body, token = ownToken) {
      const answer = await app.inject({
        method,
        url,
        headers: token ? { authorization: token } : {},
        ...(body !== undefined && { payload: body as object }),
      });
      return { status: answer.statusCode, body: parsed(answer.body), headers: answer.headers };
    },
    async listen() {
      if (!listener.listening) await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  async function close(): Promise<void> {
    listener.closeAllConnections();
    listener.close();
    await app.close();
    await database.drop();
    if (!overrides.dataDir) await rm(dataDir, { recursive: true, force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A token of a key, good for an hour unless `exp` says otherwise; claims given as undefined are left out. */
export function mintToken(
  key: { apiKey: string; secret: string },
  claims: Record<string, unknown> = {},
): Promise<string> {
  const all = { apikey: key.apiKey, permissions: ['allow_join', 'allow_mod'], version: 2, ...claims };
  return new SignJWT(all)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime((claims.exp as number | undefined) ?? '1h')
    .sign(new TextEncoder().encode(key.secret));
}

/** Remembers what it was asked for, and ends sessions and stays in the tables as the real one would. */
export class FakeLive implements LiveSessions {
  readonly ended: { sessionId: string; reason: string }[] = [];
  readonly removed: { sessionId: string; participantId: string }[] = [];
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async endSession(sessionId: string, reason: 'ended-by-api' | 'deactivated'): Promise<void> {
    this.ended.push({ sessionId, reason });
    const ended_at = new Date();
    await this.#db.updateTable('sessions').set({ ended_at, end_reason: reason }).where('id', '=', sessionId).execute();
  }

  async removeParticipant(sessionId: string, participantId: string): Promise<void> {
    this.removed.push({ sessionId, participantId });
  }

  async placement(): Promise<{ publicUrl: string }> {
    return { publicUrl: 'https://media-1.example.com:8443' };
  }
}
