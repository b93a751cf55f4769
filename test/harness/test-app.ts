// The whole server in this process, on a database of its own and free ports, with its log at hand.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { mintToken, type TokenOptions } from '../../src/access/mint.ts';
import { App, type OtherParts } from '../../src/app/app.ts';
import { readConfig } from '../../src/config.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export interface LogLine {
  level: number;
  msg: string;
  [fact: string]: unknown;
}

export interface TestApp extends AsyncDisposable {
  app: App;
  dataDir: string;
  database: TestDatabase;
  /** Every line logged so far. */
  log: LogLine[];
  /** Lines at level error and above. */
  errors(): LogLine[];
  token(options?: Partial<TokenOptions>): Promise<string>;
  post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  delete(path: string): Promise<{ status: number; body: unknown }>;
}

const ERROR_LEVEL = 50;

/** Needs a media worker; `setup/run-tests.mjs` says where it is. */
export async function startTestApp(
  env: Record<string, string> = {},
  others: OtherParts & { database?: TestDatabase; dataDir?: string } = {},
): Promise<TestApp> {
  const database = others.database ?? (await createTestDatabase());
  const dataDir = others.dataDir ?? (await mkdtemp(join(tmpdir(), 'roomful-test-app-')));
  const { config, secrets } = readConfig({
    MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN,
    ROOMFUL_DATA_DIR: dataDir,
    ROOMFUL_HTTP_PORT: '0',
    ROOMFUL_HTTPS_PORT: 'off',
    ROOMFUL_RTC_PORT: '0',
    ROOMFUL_MEDIA_WORKERS: '1',
    ROOMFUL_OUTBOUND_ALLOW: '127.0.0.0/8',
    DATABASE_URL: database.url,
    ...env,
  });
  const log: LogLine[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line) as LogLine) });
  const app = await App.start(config, secrets, logger, others);
  const token = (options: Partial<TokenOptions> = {}) =>
    mintToken(app.firstKey, { expiresInSeconds: 3600, ...options });
  const call = async (path: string, init: RequestInit) => {
    const answer = await fetch(`${app.httpUrl}${path}`, {
      ...init,
      headers: { authorization: await token({ roles: ['crawler'] }), 'content-type': 'application/json' },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return {
    app,
    dataDir,
    database,
    log,
    errors: () => log.filter((line) => line.level >= ERROR_LEVEL),
    token,
    post: (path, body) => call(path, { method: 'POST', body: JSON.stringify(body) }),
    get: (path) => call(path, { method: 'GET' }),
    // The usual header, but no body to go with it.
    delete: (path) => call(path, { method: 'DELETE' }),
    async [Symbol.asyncDispose]() {
      await app.stop();
      // What a test brought along it may still need.
      if (!others.database) await database.drop();
      if (!others.dataDir) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
