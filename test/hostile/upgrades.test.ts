// Whatever asks for an upgrade, and however it goes away: the server answers what it can and lives on.
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, openRaw, reset } from '../harness/raw-http.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let token: string;

beforeAll(async () => {
  server = await startTestApp({ ROOMFUL_HTTPS_PORT: '0' });
  token = await server.token();
});
afterAll(() => server[Symbol.asyncDispose]());

const listeners = ['http', 'https'] as const;
const addressOf = (scheme: (typeof listeners)[number]) => String(server.app[`${scheme}Url`]);

const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==',
];
/** What Java's HTTP client (11 and later) sends with the first request to a host without TLS. */
const JAVA = [
  'Connection: Upgrade, HTTP2-Settings',
  'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
  'Upgrade: h2c',
  'User-Agent: Java-http-client/17.0.15',
];
/** `curl --http2`. */
const CURL = [
  'User-Agent: curl/7.88.1',
  'Accept: */*',
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
];

function request(method: string, path: string, headers: string[], body = ''): string {
  const length = body || method === 'POST' ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  return `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, ...length].join('\r\n')}\r\n\r\n${body}`;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** The last header closes the connection, so that an answer has an end. */
const closing = (headers: string[]) => headers.map((it) => it.replace(/^Connection: /, 'Connection: close, '));

describe.each(listeners)('on the %s listener', (scheme) => {
  describe.each([
    ['Java', JAVA],
    ['curl', CURL],
    ['a guess', ['Connection: Upgrade', 'Upgrade: TLS/1.0, foo/2']],
    ['a WebSocket nobody serves here', WEBSOCKET],
  ])('an upgrade that is not ours (%s) is ignored and the request answered:', (_, headers) => {
    it('without a body', async () => {
      const answer = await exchange(
        addressOf(scheme),
        request('GET', '/v2/rooms', [...closing(headers), `Authorization: ${token}`]),
      );
      expect(statusOf(answer)).toBe(200);
      expect(answer).toContain('"pageInfo"');
    });

    it('with one', async () => {
      const body = JSON.stringify({ customRoomId: `from-${scheme}-${headers.length}-${headers[0]?.length}` });
      const sent = [...closing(headers), `Authorization: ${token}`, 'Content-Type: application/json'];
      const answer = await exchange(addressOf(scheme), request('POST', '/v2/rooms', sent, body));
      expect(statusOf(answer)).toBe(200);
      expect(answer).toContain('"roomId"');
    });

    it('where there is nothing', async () => {
      expect(statusOf(await exchange(addressOf(scheme), request('GET', '/nosuch', closing(headers))))).toBe(404);
    });
  });

  it('a pub/sub socket without a ticket is refused', async () => {
    expect(statusOf(await exchange(addressOf(scheme), request('GET', '/pubsub?ticket=guess', WEBSOCKET)))).toBe(401);
  });

  it.each([
    '/',
    '/x',
    '/v2/rooms',
    '/infra/v1/meetings/init-config',
    '/base64-upload?roomId=x',
    '/dashboard-api/live',
    '/hls/x/live.m3u8',
    '/meet/x',
    '/socket.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=3&transport=websocket',
    '/socket.io/?EIO=4&transport=polling',
    '/socket.io/?EIO=4&transport=websocket&sid=nobody',
    '/pubsub',
    '/pubsub?ticket=guess',
    '//',
    'http://localhost/socket.io/',
    '*',
  ])('resets at %s harm nobody', async (path) => {
    for (const headers of [WEBSOCKET, JAVA, []]) {
      const bytes = request('GET', path, headers);
      // In the middle of the request, in one breath with it, with what would follow it, and once it is answered.
      for (const sent of [bytes.slice(0, -3), bytes, `${bytes}\x81\x85abcdefghi`]) {
        const socket = await openRaw(addressOf(scheme));
        socket.write(sent);
        await reset(socket);
      }
      const socket = await openRaw(addressOf(scheme));
      socket.write(bytes);
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      await reset(socket);
    }
    expect((await server.get('/v2/rooms')).status).toBe(200);
  });
});

it('none of it was an error of the server', () => expect(server.errors()).toEqual([]));
