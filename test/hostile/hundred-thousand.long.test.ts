// A hundred thousand calls and a hundred thousand messages: nothing breaks, nobody beside is hurt, and what is refused for
// being too much is only what crossed a bound.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REQUESTS } from '../../src/protocol/signaling.ts';
import { Crowd } from '../harness/crowd.ts';
import { HOSTILE_VALUES } from '../harness/hostile-values.ts';
import { type OtherOwner, otherOwner } from '../harness/other-owner.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

const COUNT = 100_000;
const AT_ONCE = 64;
const TIMEOUT_MS = 20 * 60_000;

let server: TestApp;
let victim: OtherOwner;
let crowd: Crowd;
let bystander: RawClient;
let roomId: string;

beforeAll(async () => {
  server = await startTestApp({
    ROOMFUL_LIMIT_SOCKET_REQUESTS: '100000',
    ROOMFUL_LIMIT_SOCKET_NOTICES: '100000',
    ROOMFUL_LIMIT_SOCKET_BYTES: '1000000000',
  });
  roomId = String((await server.post('/v2/rooms', {})).body.roomId);
  victim = await otherOwner(server);
  const victims = await victim.createRoom();
  const httpUrl = String(server.app.httpUrl);
  crowd = await Crowd.gather({ httpUrl, ...victim.key }, victims, { people: 1, voices: 1 });
  bystander = await RawClient.join(httpUrl, { roomId: victims, peerId: 'bystander', secret: await victim.token() });
}, 60_000);

afterAll(async () => {
  bystander?.close();
  await crowd?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function sentBytes(): Promise<number> {
  const { send } = (await bystander.request('getTransportStats', { peerId: 'crowd-0' })) as unknown as {
    send: { stats: { sendBytes: number } };
  };
  return send.stats.sendBytes;
}

/** Runs `one` so many times, some at once, and looks at the bystander in between. */
async function flood(one: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  let bytes = await sentBytes();
  const lane = async () => {
    for (let nth = next++; nth < COUNT; nth = next++) await one(nth);
  };
  const watch = setInterval(async () => {
    const now = await sentBytes();
    flowing.push(now > bytes);
    bytes = now;
  }, 5_000);
  const flowing: boolean[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  clearInterval(watch);
  expect(flowing.filter((it) => !it)).toEqual([]);
  expect(server.errors()).toEqual([]);
}

const PATHS = [
  ['POST', '/v2/rooms'],
  ['POST', '/v2/rooms/deactivate'],
  ['GET', '/v2/rooms'],
  ['GET', '/v2/rooms/x'],
  ['GET', '/v2/rooms/validate/x'],
  ['GET', '/v2/sessions'],
  ['POST', '/v2/sessions/end'],
  ['POST', '/v2/sessions/participants/remove'],
  ['POST', '/v2/recordings/start'],
  ['POST', '/v2/recordings/end'],
  ['GET', '/v2/recordings'],
  ['POST', '/v2/hls/start'],
  ['POST', '/v2/livestreams/start'],
  ['POST', '/infra/v1/meetings/init-config'],
  ['POST', '/meet-api/guest-token'],
  ['POST', '/dashboard-api/sign-in'],
  ['POST', '/base64-upload?roomId=x'],
  ['GET', '/hls/x/live.m3u8'],
  ['GET', '/nosuch'],
] as const;
const FIELDS = ['roomId', 'customRoomId', 'webhook', 'events', 'endPoint', 'config', 'layout', 'sessionId', 'invite'];

test('a hundred thousand calls of the REST API', { timeout: TIMEOUT_MS }, async () => {
  const token = await server.token();
  const statuses = new Map<number, number>();
  const bodies = fc.sample(
    fc.oneof(
      fc.dictionary(
        fc.constantFrom(...FIELDS),
        fc.oneof(fc.jsonValue() as fc.Arbitrary<unknown>, fc.constantFrom(...HOSTILE_VALUES)),
      ),
      fc.jsonValue() as fc.Arbitrary<unknown>,
    ),
    5_000,
  );
  await flood(async (nth) => {
    const [method, path] = PATHS[nth % PATHS.length] ?? PATHS[0];
    const body = method === 'POST' ? (JSON.stringify(bodies[nth % bodies.length]) ?? '') : undefined;
    const answer = await fetch(`${server.app.httpUrl}${path}`, {
      method,
      headers: { authorization: nth % 7 === 0 ? 'nonsense' : token, 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    });
    await answer.arrayBuffer();
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  });
  console.log('statuses', Object.fromEntries(statuses));
  expect([...statuses.keys()].filter((status) => status >= 500 && status !== 503)).toEqual([]);
  expect((await server.get('/readyz')).status).toBe(200);
});

test('a hundred thousand messages of the sockets', { timeout: TIMEOUT_MS }, async () => {
  const secret = await server.token();
  const methods = Object.keys(REQUESTS).filter(
    (it) => !['closeRoom', 'startRecording', 'startHls', 'startLivestream'].includes(it),
  );
  const samples = fc.sample(
    fc.oneof(
      fc.dictionary(
        fc.constantFrom(
          'transportId',
          'kind',
          'rtpParameters',
          'dtlsParameters',
          'peerId',
          'mode',
          'key',
          'value',
          'metaData',
          'name',
          'displayName',
        ),
        fc.oneof(fc.jsonValue() as fc.Arbitrary<unknown>, fc.constantFrom(...HOSTILE_VALUES)),
      ),
      fc.constantFrom(...HOSTILE_VALUES),
    ),
    5_000,
  );
  const attackers: RawClient[] = [];
  const attacker = async (nth: number) => {
    const known = attackers[nth];
    if (known?.socket.connected) return known;
    const client = await RawClient.join(
      String(server.app.httpUrl),
      { roomId, peerId: `attacker-${nth}`, secret },
      'SEND_AND_RECV',
    );
    attackers[nth] = client;
    return client;
  };
  let broken = 0;
  await flood(async (nth) => {
    const client = await attacker(nth % 4);
    const answer = await client
      .request(methods[nth % methods.length], samples[nth % samples.length])
      .catch(() => undefined);
    if (/Something went wrong/.test(String(answer?.message ?? ''))) broken += 1;
  });
  expect(broken).toBe(0);
  for (const client of attackers) client.close();
});
