// Connections that do what no client does: they stop in the middle, trickle, are reset, send too much or are too many.
// Each is answered in our words where it can be, and nobody else notices.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, type RawAnswer, RawHttp } from '../harness/http-wire.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

const IDLE_MS = 300;

let server: TestApp;
let token: string;
let roomId: string;
let participant: RawClient;

beforeAll(async () => {
  server = await startTestApp({
    ROOMFUL_HTTPS_PORT: '0',
    ROOMFUL_LIMIT_HEADERS_TIME: '600',
    ROOMFUL_LIMIT_BODY_IDLE: String(IDLE_MS),
    ROOMFUL_LIMIT_BODY_RATE: '2000',
  });
  token = await server.token({ permissions: ['allow_join'] });
  roomId = String((await server.post('/v2/rooms', {})).body.roomId);
  // Files are taken from those who are in the meeting.
  participant = await RawClient.join(urlOf('http'), { roomId, peerId: 'ada', secret: token });
});
afterAll(async () => {
  participant?.close();
  await server?.[Symbol.asyncDispose]();
});

const urlOf = (scheme: string) => (scheme === 'http' ? server.app.httpUrl : server.app.httpsUrl) as string;
const rooms = (headers: Record<string, string | number>) =>
  head('POST', '/v2/rooms', { authorization: token, 'content-type': 'application/json', ...headers });
const upload = (headers: Record<string, string | number>) =>
  head('POST', `/base64-upload?roomId=${roomId}`, {
    authorization: token,
    'content-type': 'application/json',
    ...headers,
  });

/** The shape that every refusal has. */
function expectRefusal(answer: RawAnswer, status: number, code?: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': expect.stringContaining('x-request-id'),
    'content-type': expect.stringContaining('application/json'),
  });
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  expect(body).toMatchObject({ statusCode: status, message: expect.stringMatching(/./), error: body.message });
  expect(body.requestId).toBe(answer.headers['x-request-id']);
  if (code) expect(body.code).toBe(code);
}

async function expectOthersServed(): Promise<void> {
  expect(await (await fetch(`${server.app.httpUrl}/ping`)).text()).toBe('pong');
  expect((await server.post('/v2/rooms', {})).status).toBe(200);
  expect(server.errors()).toEqual([]);
}

const keptFiles = () => readdir(join(server.dataDir, 'files')).catch(() => [] as string[]);

describe.each(['http', 'https'])('over %s', (scheme) => {
  it.each([
    ['that is none', 'hello\r\n\r\n', 400],
    ['of a made-up version', 'GET / HTTP/9.9\r\n\r\n', 400],
    ['with a header that is none', 'GET /ping HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n', 400],
    ['with two lengths', 'POST /v2/rooms HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    ['without a host', 'GET /ping HTTP/1.1\r\n\r\n', 400],
    ['with large headers', head('GET', '/ping', { 'x-large': 'x'.repeat(40_000) }), 431],
    [
      'with many headers',
      head('GET', '/ping', Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`x-${i}`, 1]))),
      431,
    ],
    ['to a long address', head('GET', `/${'x'.repeat(40_000)}`), 431],
    [
      'with a chunk that is none',
      `${head('POST', '/meet-api/guest-token', { 'transfer-encoding': 'chunked' })}zz\r\n`,
      400,
    ],
  ])('a request %s is refused in our words', async (_what, text, status) => {
    await using client = await RawHttp.open(urlOf(scheme));
    client.send(text);
    expectRefusal(await client.answer(), status);
    await client.closed();
    await expectOthersServed();
  });

  it('expectations that nobody knows are left to the request itself', async () => {
    await using client = await RawHttp.open(urlOf(scheme));
    client.send(head('GET', '/ping', { expect: 'miracles' }));
    expect((await client.answer()).status).toBe(200);
  });

  it('a head that does not end is given up with 408', async () => {
    await using client = await RawHttp.open(urlOf(scheme));
    client.send('GET /ping HTTP/1.1\r\nhost: x\r\nx-slow: ');
    expectRefusal(await client.answer(), 408, 'REQUEST_TIMEOUT');
    await client.closed();
  });

  it('a body that stops is given up with 408', async () => {
    await using client = await RawHttp.open(urlOf(scheme));
    client.send(rooms({ 'content-length': 100 }));
    client.send('{"customRoomId":');
    expectRefusal(await client.answer(), 408, 'REQUEST_TIMEOUT');
    await client.closed();
  });

  it('so is one that comes byte by byte', async () => {
    await using client = await RawHttp.open(urlOf(scheme));
    client.send(rooms({ 'content-length': 100_000 }));
    const trickle = setInterval(() => client.send(' '), IDLE_MS / 6);
    const answer = await client.answer();
    clearInterval(trickle);
    expectRefusal(answer, 408, 'REQUEST_TIMEOUT');
    await client.closed();
    await expectOthersServed();
  });

  it('a slow upload that makes progress may take longer than any of these times', async () => {
    const body = JSON.stringify({ fileName: 'slow.txt', base64Data: Buffer.alloc(12_000, 7).toString('base64') });
    await using client = await RawHttp.open(urlOf(scheme));
    client.send(upload({ 'content-length': body.length }));
    const pieces = body.match(/.{1,800}/g) ?? [];
    for await (const _ of every(IDLE_MS / 3)) {
      const piece = pieces.shift();
      if (piece === undefined) break;
      client.send(piece);
    }
    const answer = await client.answer();
    expect(answer.status).toBe(200);
    const { url } = JSON.parse(answer.body) as { url: string };
    const file = await fetch(`${server.app.httpUrl}${new URL(url).pathname}`, { headers: { authorization: token } });
    expect(Buffer.from(await file.arrayBuffer())).toEqual(Buffer.alloc(12_000, 7));
  });

  it('an upload that stops, or is cut, leaves nothing', async () => {
    const before = await keptFiles();
    await using stops = await RawHttp.open(urlOf(scheme));
    stops.send(upload({ 'content-length': 1_000_000 }));
    stops.send(`{"fileName":"a","base64Data":"${'A'.repeat(200_000)}`);
    const cut = await RawHttp.open(urlOf(scheme));
    cut.send(upload({ 'transfer-encoding': 'chunked' }));
    cut.send(`30d40\r\n{"fileName":"a","base64Data":"${'A'.repeat(199_970)}\r\n`);
    await expect.poll(async () => (await keptFiles()).length - before.length).toBe(2);
    await cut[Symbol.asyncDispose]();
    expectRefusal(await stops.answer(), 408, 'REQUEST_TIMEOUT');
    await expect.poll(keptFiles).toEqual(before);
    await expectOthersServed();
  });

  it('resets at any moment harm nobody', async () => {
    const moments = [
      '',
      'GET /pi',
      head('GET', '/ping'),
      head('GET', '/docs/js/scalar.js'),
      rooms({ 'content-length': 100 }),
      `${rooms({ 'content-length': 100 })}{"a":`,
      `${rooms({ 'transfer-encoding': 'chunked' })}5\r\n{"a":`,
      head('GET', '/socket.io/?transport=websocket', {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      }),
      head('GET', '/elsewhere', { connection: 'upgrade', upgrade: 'websocket' }),
    ];
    for (const moment of [...moments, ...moments]) {
      const client = await RawHttp.open(urlOf(scheme));
      client.send(moment);
      await client.reset();
    }
    await expectOthersServed();
  });
});

describe('a TLS handshake', () => {
  it.each([
    ['that is none', 'GET / HTTP/1.1\r\n\r\n'],
    ['that never begins', ''],
  ])('%s ends with its connection', async (_what, text) => {
    // As if it had no TLS.
    await using client = await RawHttp.open(urlOf('https').replace('https', 'http'));
    client.send(text);
    await client.closed();
    await expectOthersServed();
  });
});
