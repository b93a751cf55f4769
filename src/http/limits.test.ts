// What one caller, and all of them together, may take.
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { mintToken, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';

let api: TestApi;
afterEach(() => api?.close());

async function start(limits: Partial<Limits>, others: { trustedProxies?: string[] } = {}): Promise<string> {
  api = await startTestApi({ limits: { ...DEFAULT_LIMITS, ...limits }, ...others });
  return api.listen();
}

describe('calls of an API key', () => {
  it('are counted in headers, refused when they are too many, and no other key pays for it', async () => {
    const url = await start({ restCalls: 3 });
    const as = async (key: { apiKey: string; secret: string }) => ({ authorization: await mintToken(key) });
    const list = (headers: Record<string, string>) =>
      fetch(`${url}/v2/rooms`, { headers: { ...headers, origin: 'https://app.example.com' } });
    const own = await as(api.key);
    const left = [];
    for (let i = 0; i < 3; i++) {
      const answer = await list(own);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('ratelimit-limit')).toBe('3');
      expect(Number(answer.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(10);
      left.push(answer.headers.get('ratelimit-remaining'));
    }
    expect(left).toEqual(['2', '1', '0']);
    const refused = await list(own);
    expect(refused.status).toBe(429);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(10);
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect(refused.headers.get('access-control-expose-headers')).toBe(
      'x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset',
    );
    expect(await refused.json()).toMatchObject({
      statusCode: 429,
      code: 'TOO_MANY_REQUESTS',
      message: expect.stringContaining('3 calls in 10 s'),
      requestId: refused.headers.get('x-request-id'),
    });
    // A new token of the same key changes nothing; wherever the key is used, it counts.
    expect((await list({ authorization: await mintToken(api.key, { another: 'one' }) })).status).toBe(429);
    const join = await fetch(`${url}/infra/v1/meetings/init-config`, { method: 'POST', headers: own });
    expect([join.status, join.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    expect(await join.json()).toMatchObject({ code: 5000, statusCode: 429 });
    expect((await list(await as(api.otherKey))).status).toBe(200);
    expect((await fetch(`${url}/ping`)).status).toBe(200);
  });

  it('are not counted where the token is not good', async () => {
    const url = await start({ restCalls: 1 });
    const forged = await mintToken({ apiKey: api.key.apiKey, secret: 'another secret of 16' });
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`${url}/v2/rooms`, { headers: { authorization: forged } });
      expect([answer.status, answer.headers.get('ratelimit-limit')]).toEqual([401, null]);
    }
    expect((await api.call('GET', '/v2/rooms')).status).toBe(200);
  });
});

describe('addresses', () => {
  const guess = (url: string, from: string) =>
    fetch(`${url}/v2/rooms`, { headers: { authorization: 'no.token', 'x-forwarded-for': from } });

  it('behind a trusted proxy are told apart', async () => {
    const url = await start({ failedTokens: 1 }, { trustedProxies: ['127.0.0.0/8'] });
    const statuses = [];
    for (const from of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']) {
      statuses.push((await guess(url, from)).status);
    }
    expect(statuses).toEqual([401, 429, 401, 401, 429]);
  });

  it('that anybody claims are not believed', async () => {
    const url = await start({ failedTokens: 1 });
    expect([(await guess(url, '192.0.2.1')).status, (await guess(url, '192.0.2.2')).status]).toEqual([401, 429]);
  });
});

/** While nobody can read `table`, so that what does hangs as a heavy query would. */
async function whileHeld(table: string, work: () => Promise<void>): Promise<void> {
  await api.database.db.transaction().execute(async (tx) => {
    await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(tx);
    await work();
  });
}

const hanging = async () => {
  const found = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(api.database.db);
  return found.rows[0]?.count;
};

const listSessions = async (key = api.key) => api.call('GET', '/v2/sessions', undefined, await mintToken(key));

describe('heavy calls of one owner', () => {
  it('leave connections to others, wait their turn, and are all answered in the end', async () => {
    await start({});
    let heavy: Promise<{ status: number }[]> = Promise.resolve([]);
    await whileHeld('sessions', async () => {
      heavy = Promise.all(Array.from({ length: 300 }, () => listSessions()));
      await expect.poll(hanging).toBeGreaterThanOrEqual(DEFAULT_LIMITS.ownerReads);
      const others = await mintToken(api.otherKey);
      expect((await api.call('GET', '/v2/rooms', undefined, others)).status).toBe(200);
      expect((await api.call('POST', '/v2/rooms', {}, others)).status).toBe(200);
    });
    expect(new Set((await heavy).map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('are refused when even more are under way, each of them with a time to come again', async () => {
    await start({ ownerRequests: 5, ownerReads: 2 });
    let heavy: Promise<{ status: number }[]> = Promise.resolve([]);
    await whileHeld('sessions', async () => {
      heavy = Promise.all(Array.from({ length: 5 }, () => listSessions()));
      await expect.poll(hanging).toBeGreaterThanOrEqual(2);
      const refused = await api.call('POST', '/v2/rooms', {});
      expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
      expect(refused.headers['retry-after']).toBe('1');
    });
    expect((await heavy).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await api.call('POST', '/v2/rooms', {})).status).toBe(200);
  });
});

describe('calls of all owners', () => {
  it('are refused early when the server has enough under way', async () => {
    await start({ nodeRequests: 1 });
    let heavy: Promise<{ status: number }> | undefined;
    await whileHeld('sessions', async () => {
      heavy = listSessions();
      await expect.poll(hanging).toBeGreaterThanOrEqual(1);
      const refused = await listSessions(api.otherKey);
      expect(refused).toMatchObject({ status: 503, body: { code: 'NOT_READY' }, headers: { 'retry-after': '1' } });
    });
    expect((await heavy)?.status).toBe(200);
  });
});

describe('a place that was taken', () => {
  it('is given back whatever becomes of the request', async () => {
    const url = await start({ ownerRequests: 1, nodeRequests: 1, openRequests: 1 });
    const answers = [
      await api.call('GET', '/v2/rooms/none'),
      await api.call('POST', '/v2/rooms', { customRoomId: {} }),
      await api.call('POST', '/v2/nothing', {}),
      await api.call('GET', '/nothing', undefined, ''),
      await api.call('GET', '/openapi.json', undefined, ''),
      await api.call('GET', '/v2/rooms'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 400, 404, 404, 200, 200]);
    const headers = { authorization: await mintToken(api.key) };
    await whileHeld('sessions', async () => {
      const gone = new AbortController();
      const aborted = fetch(`${url}/v2/sessions`, { headers, signal: gone.signal }).catch((error: Error) => error.name);
      await expect.poll(hanging).toBeGreaterThanOrEqual(1);
      gone.abort();
      expect(await aborted).toBe('AbortError');
      // It works on, although nobody waits for it.
      expect((await api.call('GET', '/v2/rooms')).status).toBe(429);
    });
    await expect.poll(async () => (await api.call('GET', '/v2/rooms')).status).toBe(200);
  });
});
