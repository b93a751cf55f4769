// Each check against what it has to tell apart: real files, certificates, ports and servers where there can be any.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, pageSpec } from '../../../test/harness/browser.ts';
import { BUCKET, ObjectStorage } from '../../../test/harness/object-storage.ts';
import { S3Storage } from '../../egress/storage/s3-storage.ts';
import { tryBrowser } from '../../egress/try-browser.ts';
import type { Check, Verdict } from '../check.ts';
import { browserCheck } from './browser.ts';
import { certificateCheck } from './certificate.ts';
import { compositorCheck } from './compositor.ts';
import { dataFolderCheck } from './data-folder.ts';
import { clockCheck, type DatabaseFacts, databaseCheck, migrationsCheck } from './database.ts';
import { listenersCheck } from './listeners.ts';
import { mediaPortsCheck, mediaWorkerCheck, rtcAddressCheck } from './media.ts';
import { outboundCheck } from './outbound.ts';
import { publicUrlCheck } from './public-url.ts';
import { settingsCheck } from './settings.ts';
import { storageCheck } from './storage.ts';
import { tokensCheck } from './tokens.ts';
import { webhookKeyCheck } from './webhook-key.ts';

const DAY_MS = 86_400_000;
const run = async (check: Check): Promise<Verdict> => check.run();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-test-doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Answers `/healthz` as a node does, or something else. */
async function serve(body: string): Promise<number> {
  const server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('settings', () => {
  const fine = { host: '0.0.0.0', httpsPort: 8443, publicUrl: 'https://a.example', unknown: [], changed: 3 };
  const cores = { workers: 2, cores: 2 };
  test.each([
    [{}, 'ok', 'All are valid; 3 differ from the defaults.'],
    [{ host: '127.0.0.1', publicUrl: undefined }, 'ok', 'only this machine can reach the server'],
    [{ unknown: ['ROOMFUL_HTPP_PORT'] }, 'warning', 'ROOMFUL_HTPP_PORT is no setting.'],
    [{ httpsPort: undefined, publicUrl: 'http://a.example' }, 'warning', 'There is no TLS'],
    [{ httpsPort: undefined }, 'ok', 'All are valid'],
    [{ publicUrl: undefined }, 'warning', 'links name whichever comes first'],
    [{ workers: 8 }, 'warning', '8 media workers share 2 cores'],
  ])('%j: %s', async (changes, level, found) => {
    const verdict = await run(settingsCheck({ ...fine, ...cores, ...changes }));
    expect(verdict).toMatchObject({ level, found: expect.stringContaining(found) });
  });
});

describe('the data folder', () => {
  test('that can be written is fine, and nothing is left in it', async () => {
    expect(await run(dataFolderCheck(folder))).toMatchObject({ found: expect.stringContaining('GB') });
    expect(await run(dataFolderCheck(join(folder, 'not', 'yet')))).toMatchObject({ level: 'ok' });
  });

  // Nobody may write there, not even root.
  test.each([
    ['/proc', 'cannot be written'],
    ['/proc/not/there', 'is not there and cannot be made'],
  ])('%s %s', async (path, found) => {
    expect(await run(dataFolderCheck(path))).toMatchObject({ level: 'failure', found: expect.stringContaining(found) });
  });
});

describe('the database', () => {
  const facts: DatabaseFacts = {
    ...{ version: '18.4', versionNumber: 180_004, latencyMs: 0.4, skewMs: 3, freeConnections: 90 },
    ...{ pending: [], unknown: [], signingKey: undefined, keysWithoutRoles: [] },
  };
  const inspect = (changes: Partial<DatabaseFacts>) => async () => ({ ...facts, ...changes });
  const away = (code: string) => async () => Promise.reject(Object.assign(new Error(`it says ${code}`), { code }));

  test.each([
    [{}, 'ok', 'PostgreSQL 18.4 answers within 0.4 ms.'],
    [{ versionNumber: 130_001, version: '13.1' }, 'failure', 'PostgreSQL 13.1 is too old.'],
    [{ latencyMs: 80 }, 'warning', 'everybody who joins waits'],
    [{ freeConnections: 3 }, 'warning', 'only 3 connections free'],
  ])('with %j: %s', async (changes, level, found) => {
    const verdict = await run(databaseCheck(inspect(changes)));
    expect(verdict).toMatchObject({ level, found: expect.stringContaining(found) });
  });

  test.each([
    ['ECONNREFUSED', 'Start PostgreSQL'],
    ['28P01', 'Correct user and password'],
    ['3D000', 'Create the database'],
    ['EWHATEVER', 'See to it'],
  ])('that cannot be used (%s) says what to do', async (code, advice) => {
    const verdict = await run(databaseCheck(away(code)));
    expect(verdict).toMatchObject({ level: 'failure', found: expect.stringContaining(code) });
    expect(verdict.advice).toContain(advice);
    for (const other of [migrationsCheck(away(code), true), webhookKeyCheck(away(code))]) {
      expect(await run(other)).toMatchObject({ level: 'skipped', advice: null });
    }
  });

  test('has the tables of this version, or is told which are missing or unknown', async () => {
    const of = async (changes: Partial<DatabaseFacts>, isRunning = false) => {
      const { level, found } = await run(migrationsCheck(inspect(changes), isRunning));
      return [level, found];
    };
    expect(await of({})).toEqual(['ok', 'The tables are those of this version.']);
    expect(await of({ pending: ['0009-x'] })).toEqual(['ok', '1 migration will be made by the next start (0009-x).']);
    expect((await of({ pending: ['0009-x'] }, true))[0]).toBe('warning');
    expect((await of({ unknown: ['0009-x'] }))[0]).toBe('failure');
  });

  test.each([
    [0, 'ok'],
    [-3_000, 'warning'],
    [3_000, 'warning'],
    [12_000, 'failure'],
  ])('whose clock is %d ms ahead: %s', async (skewMs, level) => {
    expect((await run(clockCheck(inspect({ skewMs })))).level).toBe(level);
  });

  test('has a key that signs', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signingKey = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await run(webhookKeyCheck(inspect({ signingKey })))).level).toBe('ok');
    expect((await run(webhookKeyCheck(inspect({})))).level).toBe('skipped');
    await expect(run(webhookKeyCheck(inspect({ signingKey: 'torn' })))).rejects.toThrow();
  });

  test('names the keys that are used with tokens without roles', async () => {
    const keysWithoutRoles = [{ apiKey: 'a-key', name: 'Old backend', usedAt: new Date('2026-11-30T12:00:00Z') }];
    expect(await run(tokensCheck(inspect({ keysWithoutRoles }), false))).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('Old backend (a-key, last on 2026-11-30)'),
    });
    expect((await run(tokensCheck(inspect({}), false))).level).toBe('ok');
    expect((await run(tokensCheck(inspect({ keysWithoutRoles }), true))).level).toBe('ok');
  });
});

describe('the certificate', () => {
  let nth = 0;
  async function files(from: number, days: number, names = ['rooms.example.com']) {
    const made = await generate([{ name: 'commonName', value: 'test' }], {
      keyType: 'ec',
      notBeforeDate: new Date(Date.now() + from * DAY_MS),
      notAfterDate: new Date(Date.now() + (from + days) * DAY_MS),
      extensions: [{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) }],
    });
    const paths = { cert: join(folder, `${++nth}.pem`), key: join(folder, `${nth}.key`) };
    writeFileSync(paths.cert, made.cert);
    writeFileSync(paths.key, made.private);
    return paths;
  }
  const check = async (paths: { cert: string; key: string }, changes: object = {}) =>
    run(
      certificateCheck({
        ...{ httpsPort: 8443, files: paths, isGiven: true, publicHost: 'rooms.example.com', served: undefined },
        ...changes,
      }),
    );

  test.each([
    [-30, 20, 'failure', 'expired on'],
    [2, 30, 'failure', 'valid only from'],
    [-30, 40, 'warning', 'expires on'],
    [-1, 300, 'warning', 'self-signed'],
  ])('valid from day %d for %d days: %s', async (from, days, level, found) => {
    expect(await check(await files(from, days))).toMatchObject({ level, found: expect.stringContaining(found) });
  });

  test('for another name, with another key, or none at all', async () => {
    const [one, two] = [await files(-1, 300), await files(-1, 300)];
    expect(await check(one, { publicHost: 'other.example.com' })).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('is not for other.example.com'),
    });
    expect(await check({ cert: one.cert, key: two.key })).toMatchObject({
      level: 'failure',
      found: expect.stringContaining('do not belong together'),
    });
    await expect(check({ cert: join(folder, 'none'), key: one.key })).rejects.toThrow('ENOENT');
    expect((await check(one, { httpsPort: undefined })).level).toBe('skipped');
  });

  test('that is renewed on the disk only', async () => {
    const [old, renewed] = [await files(-90, 95), await files(-1, 300)];
    const served = async () => new X509Certificate(readFileSync(old.cert));
    expect(await check(renewed, { served })).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('still shows an older certificate'),
      advice: 'Start the server again.',
    });
  });
});

describe('ports', () => {
  const facts = { runningNode: undefined, silentServer: undefined };
  test('are free, or are not', async () => {
    const listener = { scheme: 'http' as const, host: '127.0.0.1', port: 0 };
    expect((await run(listenersCheck({ ...facts, listeners: [listener] }))).level).toBe('ok');
    const port = await serve('');
    expect(await run(listenersCheck({ ...facts, listeners: [{ ...listener, port }] }))).toMatchObject({
      level: 'failure',
      found: `Port ${port} on 127.0.0.1 is in use by another program.`,
      advice: expect.stringContaining('ROOMFUL_HTTP_PORT'),
    });
  });

  test('are answered by the running server, or by something else', async () => {
    const of = async (body: string) => {
      const listeners = [{ scheme: 'http' as const, host: '0.0.0.0', port: await serve(body) }];
      return (await run(listenersCheck({ ...facts, listeners, runningNode: 'n1' }))).level;
    };
    expect(await of('{"status":"ok","node":"n1"}')).toBe('ok');
    expect(await of('{"status":"ok","node":"n2"}')).toBe('failure');
    expect(await of('<html>')).toBe('failure');
  });
});

describe('the public URL', () => {
  const of = async (url: string) => run(publicUrlCheck({ url, runningNode: 'n1' }));
  test('leads to this server, to another one, to something else, or nowhere', async () => {
    const at = async (body: string) => of(`http://127.0.0.1:${await serve(body)}`);
    expect(await at('{"status":"ok","node":"n1"}')).toMatchObject({ level: 'ok' });
    expect(await at('{"status":"ok","node":"n2"}')).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('another node (n2)'),
    });
    expect(await at('<html>')).toMatchObject({ level: 'failure', found: expect.stringContaining('is not Roomful') });
    expect(await of('http://127.0.0.1:1')).toMatchObject({
      level: 'failure',
      found: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await run(publicUrlCheck({ url: 'http://x', runningNode: undefined }))).toMatchObject({ level: 'skipped' });
  });
});

describe('media', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', 'ok'],
    ['127.0.0.1', '203.0.113.7', 'failure'],
    ['10.0.0.5', '8.8.8.8', 'warning'],
    ['10.0.0.5', '10.0.0.5', 'ok'],
    ['8.8.8.8', '8.8.8.8', 'ok'],
    ['no-such-host.invalid', '8.8.8.8', 'failure'],
  ])('announced at %s by a server at %s: %s', async (announced, publicHost, level) => {
    expect(
      (await run(rtcAddressCheck({ hasMedia: true, findAnnounced: async () => announced, publicHost }))).level,
    ).toBe(level);
  });

  test('ports that answer here and not at the announced address are a warning, silent ones a failure', async () => {
    const port = { protocol: 'udp' as const, address: '127.0.0.1', port: 40_000, isLocal: true, problem: undefined };
    const announced = { ...port, address: '203.0.113.7', isLocal: false };
    const of = async (...answers: Parameters<typeof mediaPortsCheck>[2] extends () => Promise<infer A> ? A : never) =>
      (await run(mediaPortsCheck(true, undefined, async () => answers))).level;
    expect(await of(port, announced)).toBe('ok');
    expect(await of(port, { ...announced, problem: 'no answer' })).toBe('warning');
    expect(await of({ ...port, problem: 'no answer' }, announced)).toBe('failure');
  });

  test('and recordings are not looked at where the roles lack them', async () => {
    const never = async () => {
      throw new Error('looked at all the same');
    };
    for (const check of [
      mediaWorkerCheck(false, '', never),
      mediaPortsCheck(false, undefined, never),
      compositorCheck(false, never),
    ]) {
      expect((await run(check)).level).toBe('skipped');
    }
  });
});

describe('the browser for template pages', () => {
  const bounds = { memoryBytes: 2 ** 31, diskBytes: 2 ** 29, threads: 1000 };
  const facts = {
    hasEgress: true,
    program: findBrowser(),
    sandboxed: pageSpec('').sandboxed,
    start: (program: string) => tryBrowser(program, pageSpec('').sandboxed, bounds),
  };

  test('starts as it would for a page', async () => {
    const verdict = await run(browserCheck(facts));
    expect(verdict.found).toMatch(/starts (in|without) its sandbox \(.*Chrom.*\d/);
    expect(verdict.level).toBe(facts.sandboxed ? 'ok' : 'warning');
  });

  test('without its sandbox is warned of', async () => {
    const verdict = await run(browserCheck({ ...facts, sandboxed: false }));
    expect(verdict).toMatchObject({ level: 'warning', found: expect.stringContaining('without its sandbox') });
  });

  test.each([
    [{ program: undefined }, 'None was found'],
    [{ hasEgress: false }, 'films no pages'],
  ])('is not looked at with %j', async (other, found) => {
    const verdict = await run(browserCheck({ ...facts, ...other }));
    expect(verdict).toMatchObject({ level: 'skipped', found: expect.stringContaining(found) });
  });

  test.each(['/no/such/browser', '/bin/false'])('that does not start is reported: %s', async (program) => {
    await expect(run(browserCheck({ ...facts, program }))).rejects.toThrow(/could not be started: .*(ENOENT|code 1)/);
  });
});

describe('the object storage', () => {
  const check = (options: ConstructorParameters<typeof S3Storage>[0]) =>
    run(storageCheck({ storage: new S3Storage(options), where: 'the bucket', isS3: true, folder }));

  test('takes, gives and forgets a file, or says why not', async () => {
    await using storage = await ObjectStorage.start();
    const { options } = storage;
    expect(await check(options)).toMatchObject({ level: 'ok' });
    expect(await check({ ...options, bucket: `no-${BUCKET}` })).toMatchObject({
      level: 'failure',
      advice: expect.stringContaining('ROOMFUL_S3_BUCKET'),
    });
    const stranger = { accessKeyId: 'NOBODY', secretAccessKey: 'guessed' };
    expect(await check({ ...options, credentials: stranger })).toMatchObject({
      level: 'failure',
      advice: expect.stringContaining('ROOMFUL_S3_ACCESS_KEY_ID'),
    });
    await storage.goAway();
    expect(await check(options)).toMatchObject({
      level: 'failure',
      found: expect.stringContaining('ECONNREFUSED'),
      advice: expect.stringContaining('ROOMFUL_S3_ENDPOINT'),
    });
  });
});

describe('outbound addresses', () => {
  test.each([
    [[], 'rooms.example.com', 'ok', 'public addresses only'],
    [['10.1.0.0/16', '192.0.2.5'], 'rooms.example.com', 'ok', '2 entries are open'],
    [['0.0.0.0/0'], 'rooms.example.com', 'warning', 'opens every address'],
    [['169.254.0.0/16'], 'rooms.example.com', 'warning', 'credentials of this machine'],
    [['127.0.0.0/8'], 'rooms.example.com', 'warning', 'This machine itself'],
    [['127.0.0.0/8'], '127.0.0.1', 'ok', '1 entry is open'],
    [['no-such-host.invalid'], 'rooms.example.com', 'warning', 'no-such-host.invalid cannot be resolved'],
  ])('%j of a server at %s: %s', async (allow, publicHost, level, found) => {
    const verdict = await run(outboundCheck({ allow, publicHost }));
    expect(verdict).toMatchObject({ level, found: expect.stringContaining(found) });
  });
});
