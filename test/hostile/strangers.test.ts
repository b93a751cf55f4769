// What nobody has asked for: bodies, floods and guesses of those who have no token. Others get what they always get,
// and the refused body is not even read.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { head, RawHttp } from '../harness/http-wire.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let token: string;
const url = () => server.app.httpUrl as string;

beforeAll(async () => {
  server = await startTestApp({ ROOMFUL_LIMIT_FAILED_TOKENS: '200' });
  token = await server.token();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const MEGABYTE = 1024 * 1024;

/** Routes that take a body from those who have a token or a sign-in. */
const FOR_CALLERS: [string, string][] = [
  ['POST', '/infra/v1/meetings/init-config'],
  ['POST', '/base64-upload?roomId=abcd-efgh-ijkl'],
  ['POST', '/v2/rooms'],
  ['POST', '/v2/rooms/deactivate'],
  ['POST', '/v2/sessions/end'],
  ['POST', '/v2/recordings/start'],
  ['POST', '/v2/webhooks/test'],
  ['PUT', '/v2/webhooks/settings'],
];

describe('a body without a token', () => {
  it.each(FOR_CALLERS)('of %s %s is refused before any of it is sent', async (method, path) => {
    await using client = await RawHttp.open(url());
    client.send(head(method, path, { 'content-type': 'application/json', 'content-length': MEGABYTE }));
    const answer = await client.answer();
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'x-request-id': expect.stringMatching(/./),
    });
  });

  it('is read by no documented call before it is known who calls', async () => {
    const { paths } = (await (await fetch(`${url()}/openapi.json`)).json()) as { paths: Record<string, object> };
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, call]) => 'requestBody' in (call as object))
        .map(([method]) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'x')] as const),
    );
    expect(calls.length).toBeGreaterThan(15);
    for (const [method, path] of calls) {
      await using client = await RawHttp.open(url());
      client.send(head(method, path, { 'content-type': 'application/json', 'content-length': MEGABYTE }));
      expect([method, path, (await client.answer()).status]).toEqual([method, path, expect.toBeOneOf([401, 413])]);
    }
  });

  it.each([
    ['POST', '/meet-api/guest-token'],
    ['POST', '/dashboard-api/sign-in'],
    ['POST', '/nothing/here'],
    ['PUT', '/v2/nothing'],
    ['POST', '/'],
  ])('of %s %s may have a few KiB and no more, and is refused by its length alone', async (method, path) => {
    const headers = { 'content-type': 'application/json', 'x-roomful-page': '1' };
    await using client = await RawHttp.open(url());
    client.send(head(method, path, { ...headers, 'content-length': MEGABYTE }));
    expect((await client.answer()).status).toBe(413);
    await using chunked = await RawHttp.open(url());
    chunked.send(head(method, path, { ...headers, 'transfer-encoding': 'chunked' }));
    // 16 KiB of a body that has not ended.
    chunked.send(`4000\r\n${'a'.repeat(0x4000)}\r\n`);
    expect((await chunked.answer()).status).toBe(413);
  });

  it('is not asked for where the client waits to be asked', async () => {
    const length = { 'content-type': 'application/json', 'content-length': 2, expect: '100-continue' };
    await using stranger = await RawHttp.open(url());
    stranger.send(head('POST', '/v2/rooms', length));
    const refused = await stranger.answer();
    expect([refused.status, refused.headers.connection]).toEqual([401, 'close']);
    await using caller = await RawHttp.open(url());
    caller.send(head('POST', '/v2/rooms', { ...length, authorization: token }));
    expect((await caller.answer()).status).toBe(100);
    caller.send('{}');
    expect((await caller.answer()).status).toBe(200);
  });

  it('costs others nothing: they are served while it still comes', async () => {
    const floods = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await RawHttp.open(url());
        const path = '/infra/v1/meetings/init-config';
        client.send(head('POST', path, { 'content-type': 'application/json', 'content-length': MEGABYTE }));
        client.send('[1,'.repeat(10_000));
        return client;
      }),
    );
    expect(await (await fetch(`${url()}/ping`)).text()).toBe('pong');
    expect((await server.post('/v2/rooms', {})).status).toBe(200);
    for (const flood of floods) {
      expect((await flood.answer()).status).toBe(401);
      await flood[Symbol.asyncDispose]();
    }
  });

  it('does not keep its connection for long after the answer', async () => {
    await using client = await RawHttp.open(url());
    client.send(head('POST', '/v2/rooms', { 'content-length': MEGABYTE }));
    expect((await client.answer()).status).toBe(401);
    await client.closed();
  });
});

describe('what strangers make up', () => {
  it.each([
    ['a long query', `/v2/rooms?${'a=1&'.repeat(3_500)}`],
    ['a long path', `/${'a/'.repeat(7_000)}`],
    ['a path of escapes', `/v2/rooms/${'%41'.repeat(4_500)}`],
    ['many brackets', `/v2/rooms?${'a[]='.repeat(3_500)}`],
    ['a query of escapes', `/watch-api/hls/x?${'%5b%5d=&'.repeat(1_500)}`],
    ['a playlist far ahead', '/meetings-hls/none/index.m3u8?_HLS_msn=9007199254740991&_HLS_part=9'],
    ['a recording that is none', '/recordings-files/none.mp4'],
    ['an asset that is none', '/assets/none-1234.js'],
    ['a file by another name', '/assets/..%2f..%2fpackage.json'],
  ])('%s is refused in our words', async (_what, path) => {
    const answer = await fetch(`${url()}${path}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('x-request-id')).toMatch(/./);
    expect(await answer.json()).toMatchObject({ statusCode: answer.status, message: expect.any(String) });
  });

  it('health and metrics are asked by many at once, and worked out once', async () => {
    const asked = Array.from({ length: 300 }, (_, i) => fetch(`${url()}${i % 2 ? '/readyz' : '/metrics'}`));
    const statuses = await Promise.all(asked.map(async (answer) => (await answer).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe('bad tokens', () => {
  it('are not even looked at any more once they are many, while tokens that are known go on', async () => {
    await server.get('/v2/rooms');
    const known = token;
    expect((await fetch(`${url()}/v2/rooms`, { headers: { authorization: known } })).status).toBe(200);
    const guess = (path: string, value: string) =>
      fetch(`${url()}${path}`, { method: path === '/v2/rooms' ? 'GET' : 'POST', headers: { authorization: value } });
    let answer = await guess('/v2/rooms', 'no.token.0');
    for (let i = 1; answer.status === 401 && i < 300; i++) answer = await guess('/v2/rooms', `no.token.${i}`);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    expect(await answer.json()).toMatchObject({ statusCode: 429, code: 'TOO_MANY_ATTEMPTS' });
    // The same bound holds wherever a token is tried.
    for (const path of ['/infra/v1/meetings/init-config', '/base64-upload?roomId=x']) {
      expect((await guess(path, 'no.token')).status).toBe(429);
    }
    expect((await fetch(`${url()}/v2/rooms`, { headers: { authorization: known } })).status).toBe(200);
    expect(await (await fetch(`${url()}/ping`)).text()).toBe('pong');
  });

  it('may be many before that: a whole company can share one address', () => {
    expect(DEFAULT_LIMITS.failedTokens).toBeGreaterThanOrEqual(1_000);
  });
});
