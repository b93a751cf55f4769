import { request } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintToken, PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { createLogger } from '../log.ts';
import { FileStore } from '../store/file-store.ts';
import type { Draining } from './routes/health.ts';
import { pageRoutes } from './routes/pages.ts';
import { createHttpServer, type HttpDeps } from './server.ts';

let api: TestApi;
let url: string;
let token: string;
const failing = { on: false };
let drain: Awaited<ReturnType<Draining>>;

beforeAll(async () => {
  api = await startTestApi({
    checks: {
      database: async () => {
        if (failing.on) throw new Error('the database is away');
      },
    },
    draining: async () => drain,
    metricsToken: 'for the scraper',
    open: () => [
      async (app) => {
        app.get('/broken', { schema: { hide: true } }, async () => {
          throw new Error('select secret from api_keys');
        });
      },
    ],
  });
  url = await api.listen();
  token = await mintToken(api.key);
});
afterAll(() => api.close());

/** For another application beside, with nothing but what a server has to have. */
const deps = (): HttpDeps => ({
  access: api.access,
  admission: {
    admit: () => Promise.reject(new Error('nobody joins here')),
    isInMeeting: async () => false,
  },
  rooms: api.rooms,
  files: new FileStore(api.database.db, api.dataDir),
  checks: {},
  publicUrl: () => PUBLIC_URL,
  log: createLogger('silent'),
});

/** A request exactly as written, without what `fetch` adds. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, async (answer) => {
      const text = (await answer.toArray()).map(String).join('');
      resolve({ status: answer.statusCode ?? 0, body: text });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('bodies', () => {
  test.each([
    ['POST', '/v2/rooms', { 'content-type': 'application/json' }, ''],
    ['POST', '/v2/rooms', {}, ''],
    ['POST', '/v2/rooms', {}, '{}'],
    ['POST', '/v2/rooms', { 'content-type': 'application/json; charset=utf-8' }, 'null'],
    ['POST', '/v2/rooms', { 'content-type': 'application/x-www-form-urlencoded' }, '{"customRoomId":"by curl -d"}'],
    ['POST', '/v2/rooms', { 'content-type': 'text/plain' }, '{}'],
    ['GET', '/v2/rooms', { 'content-type': 'application/json' }, ''],
    ['GET', '/v2/rooms', { 'content-type': 'application/json' }, ''],
    ['GET', '/v2/sessions', {}, ''],
  ])('%s %s with %j and %j is accepted', async (method, path, headers, body) => {
    expect(await raw(method, path, { ...headers, authorization: token }, body)).toMatchObject({ status: 200 });
  });

  test.each([
    ['half a body', 'application/json', '{"a":', 400, 'MALFORMED_JSON'],
    ['a form of parts', 'multipart/form-data; boundary=x', '--x--', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['binary', 'application/octet-stream', '\u0000\u0001', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['too much', 'application/json', JSON.stringify({ a: 'x'.repeat(1_100_000) }), 413, 'BODY_TOO_LARGE'],
    ['deep nesting', 'application/json', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`, 400, 'INVALID_INPUT'],
    ['deep arrays', 'application/json', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, 'INVALID_INPUT'],
  ])('%s is refused', async (_what, type, body, status, code) => {
    const answer = await raw('POST', '/v2/rooms', { authorization: token, 'content-type': type }, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ statusCode: status, code, message: expect.any(String) });
  });

  test('__proto__ and constructor do nothing', async () => {
    const body =
      '{"__proto__":{"customRoomId":"polluted"},"constructor":{"prototype":{"x":1}},"webhook":{"__proto__":{"endPoint":"https://a.example"},"endPoint":"https://b.example"}}';
    const answer = await raw('POST', '/v2/rooms', { authorization: token, 'content-type': 'application/json' }, body);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ customRoomId: null, webhook: { endPoint: 'https://b.example' } });
    expect({}).not.toHaveProperty('customRoomId');
  });
});

describe('errors', () => {
  test('of a missing token come before those of the body', async () => {
    const answer = await api.call('POST', '/v2/rooms', { customRoomId: 5 }, '');
    expect(answer).toMatchObject({ status: 401, body: { statusCode: 401, code: 'INVALID_TOKEN' } });
  });

  test('of ours are masked, and found again by request id', async () => {
    const { status, body, headers } = await api.call('GET', '/broken');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(body).toMatchObject({ code: 'INTERNAL_ERROR', requestId: headers['x-request-id'] });
  });

  test.each(['/nope', '/v2/nope', '/v2/rooms/a/b/c', '/v2/resource/acquire'])(
    '%s is 404 with the standard body',
    async (path) => {
      const { status, body } = await api.call('GET', path);
      expect(status).toBe(404);
      expect(body).toMatchObject({
        statusCode: 404,
        code: 'NOT_FOUND',
        error: body.message,
        requestId: expect.any(String),
      });
    },
  );

  test('a path that cannot be decoded is 400', async () => {
    const answer = await raw('GET', '/v2/rooms/%E0%A4%A', { authorization: token });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'BAD_URL', statusCode: 400 });
  });

  test('NUL and very long ids are never 5xx', async () => {
    for (const id of ['%00', 'a%00b', 'x'.repeat(2_000), 'x'.repeat(12_000), '%F0%9F%92%A9'.repeat(256)]) {
      for (const path of [
        `/v2/rooms/${id}`,
        `/v2/rooms/validate/${id}`,
        `/v2/sessions/${id}`,
        `/v2/rooms?query=${id}`,
      ]) {
        expect((await raw('GET', path, { authorization: token })).status).toBeLessThan(500);
      }
    }
  });
});

describe('every answer', () => {
  test('has a request id: a sane one that was given, else a new one', async () => {
    const given = async (id: string) =>
      (await fetch(`${url}/v2/rooms`, { headers: { authorization: token, 'x-request-id': id } })).headers.get(
        'x-request-id',
      );
    expect(await given('proxy-1.2:3')).toBe('proxy-1.2:3');
    expect(await given('<script>')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await fetch(`${url}/nope`)).headers.get('x-request-id')).toMatch(/./);
    expect((await fetch(`${url}/v2/rooms/%E0%A4%A`)).headers.get('x-request-id')).toMatch(/./);
  });

  test('may be read by pages of any origin, after a preflight', async () => {
    const preflight = await fetch(`${url}/v2/rooms`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    for (const path of ['/metrics', '/readyz', '/healthz', '/openapi.json', '/docs/']) {
      const answer = await fetch(`${url}${path}`, { headers: { origin: 'https://app.example.com' } });
      expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, null]);
    }
    for (const path of ['/ping', '/v2/rooms', '/infra/v1/meetings/init-config', '/nope']) {
      const answer = await fetch(`${url}${path}`, { headers: { origin: 'https://app.example.com' } });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-expose-headers')).toBe('x-request-id');
    }
  });
});

describe('for operators', () => {
  test('ping, health, readiness and metrics', async () => {
    expect(await (await fetch(`${url}/ping`)).text()).toBe('pong');
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok', checks: { database: 'ok' } });
    failing.on = true;
    const answer = await fetch(`${url}/readyz`);
    failing.on = false;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'not ready', checks: { database: 'failed' } });
    const metrics = (authorization: string) => fetch(`${url}/metrics`, { headers: { authorization } });
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await metrics('Bearer wrong')).status).toBe(401);
    expect(await (await metrics('Bearer for the scraper')).text()).toContain('route="/readyz",status="503"');
  });

  test('a node that is draining is ready as long as people have to get in, and no longer', async () => {
    const left = { sessions: 1, people: 2, egresses: 0, uploads: 0, expected: 0 };
    drain = { state: 'draining', left };
    const draining = await fetch(`${url}/readyz`);
    expect([draining.status, await draining.json()]).toMatchObject([200, { status: 'draining', left }]);
    drain = { state: 'drained', left: { ...left, sessions: 0, people: 0 } };
    const drained = await fetch(`${url}/readyz`);
    expect([drained.status, await drained.json()]).toMatchObject([503, { status: 'drained' }]);
    drain = undefined;
  });
});

describe('pages and the dashboard', () => {
  test('are served under our own names only, while the API is under any', async () => {
    const app = await createHttpServer({
      ...deps(),
      isOwnHost: (name) => name === 'rooms.example.com',
      open: () => [pageRoutes({ folder: '/nowhere', isOwnHost: (name) => name === 'rooms.example.com' })],
    });
    const statusOf = async (host: string, path = '/') =>
      (await app.inject({ url: path, headers: { host } })).statusCode;
    for (const own of ['rooms.example.com', 'ROOMS.example.com.:8443', 'localhost:8080', '127.0.0.1', '[::1]:8080']) {
      expect([own, await statusOf(own)]).toEqual([own, 503]);
    }
    for (const other of ['evil.example', 'rooms.example.com.evil.example', 'localhost.evil.example', 'a b']) {
      expect([other, await statusOf(other)]).toEqual([other, 421]);
      expect([other, await statusOf(other, '/v2/rooms')]).toEqual([other, 401]);
      expect([other, await statusOf(other, '/ping')]).toEqual([other, 200]);
    }
    await app.close();
  });

  test('ask for TLS for ever only where the server is told to, and over TLS', async () => {
    const app = await createHttpServer({ ...deps(), strictTransport: true, trustedProxies: ['127.0.0.1'] });
    const hstsOf = async (proto: string) => {
      const { headers } = await app.inject({ url: '/ping', headers: { 'x-forwarded-proto': proto } });
      return headers['strict-transport-security'];
    };
    expect([await hstsOf('https'), await hstsOf('http')]).toEqual(['max-age=31536000', undefined]);
    expect((await fetch(`${url}/ping`)).headers.get('strict-transport-security')).toBeNull();
    await app.close();
  });

  test('and a route of the REST API that says nothing of whose it is does not start', async () => {
    const forgotten = async (app: FastifyInstance) => void app.get('/forgotten', async () => 'secret');
    await expect(createHttpServer({ ...deps(), v2: [forgotten] })).rejects.toThrow(
      'GET /v2/forgotten is not in the table',
    );
  });
});

describe('documentation', () => {
  test('the OpenAPI document holds every call under /v2', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    expect(Object.keys(document.paths).sort()).toEqual([
      '/base64-upload',
      '/files/{id}',
      '/infra/v1/meetings/init-config',
      '/v2/rooms',
      '/v2/rooms/deactivate',
      '/v2/rooms/validate/{roomId}',
      '/v2/rooms/{roomId}',
      '/v2/sessions',
      '/v2/sessions/end',
      '/v2/sessions/participants/remove',
      '/v2/sessions/{sessionId}',
      '/v2/sessions/{sessionId}/participants',
      '/v2/sessions/{sessionId}/participants/active',
      '/v2/sessions/{sessionId}/participants/{participantId}',
    ]);
    const create = document.paths['/v2/rooms']?.post as { requestBody: unknown; responses: Record<string, unknown> };
    expect(JSON.stringify(create.requestBody)).toContain('autoStartConfig');
    expect(Object.keys(create.responses)).toEqual(['200', '4XX']);
  });

  test('the pages name no foreign host', async () => {
    expect(await (await fetch(`${url}/`)).text()).toContain('/docs');
    const page = await fetch(`${url}/docs/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).not.toMatch(/(?:src|href)="https?:/);
    const script = await fetch(`${url}/docs/js/scalar.js`);
    expect(script.status).toBe(200);
  });
});
