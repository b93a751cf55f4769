// The whole examination without a server: what is wrong is found, and what is right is said to be.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import type { Finding } from '../protocol/doctor.ts';
import { runCli } from './cli.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'roomful-test-doctor-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const USUAL = { ROOMFUL_HTTP_PORT: '0', ROOMFUL_HTTPS_PORT: '0', ROOMFUL_RTC_PORT: '0', ROOMFUL_MEDIA_WORKERS: '1' };
beforeEach(() => {
  for (const [name, value] of Object.entries({ ...USUAL, ROOMFUL_DATA_DIR: folder })) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function examine(env: Record<string, string>, ...args: string[]): Promise<{ code: number; out: string }> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const out = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const code = await runCli(['doctor', ...args]);
  return { code, out: out.mock.calls.map(([line]) => String(line)).join('\n') };
}

async function findings(env: Record<string, string>): Promise<{ code: number; of: Record<string, Finding> }> {
  const { code, out } = await examine(env, '--json');
  const told = (JSON.parse(out) as { findings: Finding[] }).findings;
  return { code, of: Object.fromEntries(told.map((finding) => [finding.name, finding])) };
}

test('an installation that is in order', async () => {
  const { code, of } = await findings({ DATABASE_URL: database.url });
  expect(Object.values(of).filter(({ level }) => level === 'failure')).toEqual([]);
  expect(code).toBe(0);
  for (const name of ['settings', 'migrations', 'clock', 'listeners', 'media-worker', 'rtc-address']) {
    expect(of[name]).toMatchObject({ level: 'ok', advice: null });
  }
  for (const name of ['media-ports', 'storage', 'compositor', 'outbound']) {
    expect(of[name]).toMatchObject({ level: 'ok', advice: null });
  }
  expect(of.database?.found).toMatch(/^PostgreSQL [\d.]+ answers within/);
  expect(of['data-folder']?.found).toContain('GB');
  expect(of.server).toMatchObject({ level: 'skipped', found: expect.stringContaining('No server runs') });
});

test('a wrong database, a folder that cannot be written, an expired certificate, and a storage that is away', async () => {
  const dates = { notBeforeDate: new Date('2020-01-01'), notAfterDate: new Date('2021-01-01') };
  const made = await generate([{ name: 'commonName', value: 'rooms.example.com' }], { keyType: 'ec', ...dates });
  const [cert, key] = [join(folder, 'old.pem'), join(folder, 'old.key')];
  await Promise.all([writeFile(cert, made.cert), writeFile(key, made.private)]);
  const wrong = new URL(database.url);
  wrong.pathname = '/no_such_database';
  const { code, of } = await findings({
    DATABASE_URL: wrong.href,
    ROOMFUL_DATA_DIR: '/proc',
    ROOMFUL_TLS_CERT: cert,
    ROOMFUL_TLS_KEY: key,
    ROOMFUL_STORAGE: 's3',
    ROOMFUL_S3_BUCKET: 'recordings',
    ROOMFUL_S3_ENDPOINT: 'http://127.0.0.1:1',
    ROOMFUL_S3_ACCESS_KEY_ID: 'key',
    ROOMFUL_S3_SECRET_ACCESS_KEY: 'secret',
  });
  expect(code).toBe(1);
  expect(of).toMatchObject({
    database: { level: 'failure', found: expect.stringContaining('no_such_database'), advice: expect.any(String) },
    migrations: { level: 'skipped' },
    'data-folder': { level: 'failure', found: expect.stringContaining('/proc cannot be written') },
    certificate: { level: 'failure', found: 'The certificate expired on 2021-01-01.' },
    storage: { level: 'failure', found: expect.stringContaining('ECONNREFUSED') },
    'media-ports': { level: 'ok' },
  });
});

test('settings that cannot be read are a finding too', async () => {
  const { code, out } = await examine({ ROOMFUL_HTTPS_PORT: 'high' });
  expect(code).toBe(1);
  expect(out).toMatch(/^failure +Settings +ROOMFUL_HTTPS_PORT is "high", but must be a port/);
  expect(out).toContain('0 ok, 0 skipped, 0 warning, 1 failure.');
  expect((await examine({}, '--frob')).code).toBe(2);
});
