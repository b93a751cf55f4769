// A database that is slow, cuts connections, or takes none: whoever asks is to come again, and when it is back nobody
// has to do anything.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, RawHttp } from '../harness/http-wire.ts';
import { mintToken } from '../harness/test-api.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';
import { createTestDatabase, type TestDatabase } from '../harness/test-database.ts';

let database: TestDatabase;
/** On another database of the same server, from where this one can be closed. */
let outside: TestDatabase;
let server: TestApp;
let roomId: string;

beforeAll(async () => {
  [database, outside] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const limits = { ROOMFUL_LIMIT_STATEMENT: '300', ROOMFUL_LIMIT_DATABASE_WAIT: '300' };
  server = await startTestApp({ ...limits, ROOMFUL_LIMIT_DATABASE_WAITING: '5' }, { database });
  roomId = String((await server.post('/v2/rooms', {})).body.roomId);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await database?.drop();
  await outside?.drop();
});

type Call = [what: string, method: string, path: string, body?: object];
const CALLS: Call[] = [
  ['a list', 'GET', '/v2/rooms'],
  ['a room', 'GET', '/v2/rooms/some-room-here'],
  ['a new room', 'POST', '/v2/rooms', {}],
  ['a join', 'POST', '/infra/v1/meetings/init-config', { roomId: 'some-room-here' }],
  ['an upload', 'POST', '/base64-upload?roomId=some-room-here', { fileName: 'a', base64Data: 'AAAA' }],
  ['a sign-in', 'POST', '/dashboard-api/sign-in', { apiKey: 'a-key', secret: 'a-secret-of-some-length' }],
];

async function call([, method, path, body]: Call) {
  const answer = await fetch(`${server.app.httpUrl}${path}`, {
    method,
    headers: {
      authorization: await server.token({ permissions: ['allow_join'] }),
      'content-type': 'application/json',
      'x-roomful-page': '1',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

function expectToComeAgain({ status, headers, body }: Awaited<ReturnType<typeof call>>): void {
  expect(body).toMatchObject({ statusCode: 503, message: expect.any(String) });
  expect(status).toBe(503);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

async function expectAllIsWell(): Promise<void> {
  await expect.poll(async () => (await server.get('/v2/rooms')).status, { timeout: 10_000 }).toBe(200);
  expect((await server.post('/v2/rooms', {})).status).toBe(200);
  expect(server.log.filter(({ msg }) => msg === 'request.failed')).toEqual([]);
}

/** Runs `work` while nobody can read or write these tables. */
async function whileLocked(tables: string[], work: () => Promise<void>): Promise<void> {
  await database.db.transaction().execute(async (tx) => {
    for (const table of tables) await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(tx);
    await work();
  });
}

describe('while statements do not come to an end', () => {
  it('every call is answered 503 with a time to come again', async () => {
    await whileLocked(['rooms', 'api_keys', 'files'], async () => {
      for (const it of CALLS) expectToComeAgain(await call(it));
    });
    await expectAllIsWell();
  });

  it('many at once are refused as soon as enough of them wait', async () => {
    await whileLocked(['rooms'], async () => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => call(['', 'POST', '/v2/rooms', {}])));
      for (const answer of answers) expectToComeAgain(answer);
      expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['NOT_READY']));
      // Not a line for each of them.
      expect(server.log.filter(({ msg }) => msg === 'request.refused').length).toBeLessThan(50);
    });
    await expectAllIsWell();
  });
});

describe('a database that cuts every connection', () => {
  it('costs those who were being served a 503, and nobody anything afterwards', async () => {
    await whileLocked(['rooms'], async () => {
      const asked = Promise.all(Array.from({ length: 10 }, () => call(['', 'POST', '/v2/rooms', {}])));
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = ${nameOf(database)} and application_name = 'roomful' and query like 'insert into rooms%'`.execute(
        outside.db,
      );
      for (const answer of await asked) expectToComeAgain(answer);
    });
    await expectAllIsWell();
  });
});

describe('a database that takes no connections', () => {
  it('is a reason to come again for every call, and health says so', async () => {
    const name = sql.id(nameOf(database));
    await sql`alter database ${name} allow_connections false`.execute(outside.db);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${nameOf(database)}`.execute(
      outside.db,
    );
    for (const it of CALLS) expectToComeAgain(await call(it));
    const url = String(server.app.httpUrl);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect([(await fetch(`${url}/healthz`)).status, (await fetch(`${url}/ping`)).status]).toEqual([200, 200]);
    await using client = await RawHttp.open(url);
    client.send(head('GET', `/v2/rooms/${roomId}`, { authorization: await mintToken(server.app.firstKey) }));
    expect((await client.answer()).status).toBe(503);
    await sql`alter database ${name} allow_connections true`.execute(outside.db);
    await expectAllIsWell();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

function nameOf({ url }: TestDatabase): string {
  return new URL(url).pathname.slice(1);
}
