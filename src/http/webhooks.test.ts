import { createPublicKey } from 'node:crypto';
import { VideoSDK } from '@videosdk.live/server-sdk';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LOOPBACK_OPEN, publishIn, publishTo, untilSettled } from '../../test/harness/deliveries.ts';
import { ScriptedReceiver } from '../../test/harness/scripted-receiver.ts';
import { insertSession } from '../../test/harness/sessions.ts';
import { mintToken, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { createOutbound } from '../kit/outbound/outbound.ts';
import { createLogger } from '../log.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import { WebhookStore } from '../store/webhook-store.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { publicKeyRoutes, webhookRoutes } from './routes/webhooks.ts';

let api: TestApi;
let webhooks: Webhooks;
let receiver: ScriptedReceiver;
let sessionId: string;
let roomId: string;

beforeAll(async () => {
  api = await startTestApi({
    withDatabase: async ({ db, url }) => {
      webhooks = await Webhooks.create({
        queue: new DeliveryQueue(db, url),
        store: new WebhookStore(db),
        outbound: createOutbound({ allow: LOOPBACK_OPEN }),
        log: createLogger('silent'),
        nodeId: 'test-node',
      });
      return { v2: [webhookRoutes({ webhooks })], open: () => [publicKeyRoutes({ webhooks })] };
    },
  });
  await webhooks.start();
});

afterAll(async () => {
  await webhooks.stop();
  await api.close();
});

beforeEach(async () => {
  receiver = await ScriptedReceiver.start();
  const webhook = { endPoint: receiver.url };
  ({ sessionId, roomId } = await insertSession(api.database.db, { webhook, ownerId: api.key.ownerId }));
  return () => receiver[Symbol.asyncDispose]();
});

/** Publishes events and waits until each has been accepted or given up. */
async function deliver(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await publishTo(api.database.db, sessionId);
  await untilSettled(api.database.db, sessionId);
}

async function listed(query = ''): Promise<{ id: string; sequence: number; status: string }[]> {
  const { body } = await api.call('GET', `/v2/webhooks/deliveries?sessionId=${sessionId}${query}`);
  return body.data;
}

describe('deliveries', () => {
  test('are listed newest first, page by page', async () => {
    await deliver(3);
    const { status, body } = await api.call('GET', `/v2/webhooks/deliveries?sessionId=${sessionId}&page=2&perPage=2`);
    expect(status).toBe(200);
    expect(body.pageInfo).toEqual({ currentPage: 2, perPage: 2, lastPage: 2, total: 3 });
    expect(body.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1]);
    expect(body.data[0]).toMatchObject({
      roomId,
      sessionId,
      status: 'delivered',
      lastStatus: 200,
      nextAttemptAt: null,
    });
  });

  test('are newest first by number, also of transactions that take long or tell of much', async () => {
    const { db } = api.database;
    await db.transaction().execute(async (long) => {
      // Its time begins here, and the next event is committed before its own.
      await sql`select now()`.execute(long);
      await publishTo(db, sessionId);
      for (let i = 0; i < 5; i++) await publishIn(long, sessionId);
    });
    await publishTo(db, sessionId);
    const sequences = (deliveries: { sequence: number }[]) => deliveries.map(({ sequence }) => sequence);
    expect(sequences(await listed())).toEqual([7, 6, 5, 4, 3, 2, 1]);
    const { body } = await api.call('GET', `/v2/webhooks/deliveries?roomId=${roomId}`);
    expect(sequences(body.data)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  test('are filtered by room, status and type', async () => {
    await deliver(1);
    const count = async (query: string) => (await api.call('GET', `/v2/webhooks/deliveries?${query}`)).body.data.length;
    expect(await count(`roomId=${roomId}&status=delivered&type=participant-joined`)).toBe(1);
    expect(await count(`roomId=${roomId}&status=dead`)).toBe(0);
    expect(await count(`roomId=${roomId}&type=session-ended`)).toBe(0);
    expect((await api.call('GET', '/v2/webhooks/deliveries?status=lost')).status).toBe(400);
  });

  test('each show what was sent and every attempt', async () => {
    receiver.answer((_arrival, count) => (count === 1 ? 500 : 200));
    await deliver(1);
    const [{ id = '' } = {}] = await listed();
    const { body } = await api.call('GET', `/v2/webhooks/deliveries/${id}`);
    expect(body.body).toMatchObject({ webhookType: 'participant-joined', data: { sessionId } });
    expect(JSON.stringify(body.body)).toBe(receiver.arrivals[0]?.body);
    expect(body.attemptLog.map(({ status }: { status: number }) => status)).toEqual([500, 200]);
  });

  test('are sent again under the same id', async () => {
    await deliver(1);
    const [{ id = '' } = {}] = await listed();
    const { status, body } = await api.call('POST', `/v2/webhooks/deliveries/${id}/replay`);
    expect([status, body.status]).toEqual([200, 'pending']);
    await untilSettled(api.database.db, sessionId);
    expect(receiver.arrivals.map((arrival) => arrival.id)).toHaveLength(2);
    expect(new Set(receiver.arrivals.map((arrival) => arrival.id)).size).toBe(1);
  });

  test('dead ones of a range are sent again', async () => {
    receiver.answer(() => 410);
    await deliver(3);
    receiver.answer(() => 200);
    await api.call('POST', '/v2/webhooks/endpoints/enable', { url: receiver.url });
    const range = { sessionId, from: Date.now() - 60_000, to: Date.now() + 60_000 };
    const later = await api.call('POST', '/v2/webhooks/deliveries/replay', { ...range, from: Date.now() + 60_000 });
    expect(later.body).toEqual({ replayed: 0 });
    const { body } = await api.call('POST', '/v2/webhooks/deliveries/replay', range);
    expect(body).toEqual({ replayed: 3 });
    await untilSettled(api.database.db, sessionId);
    expect((await listed('&status=delivered')).length).toBe(3);
  });

  test('of another owner are nowhere to be seen', async () => {
    await deliver(1);
    const [{ id = '' } = {}] = await listed();
    const stranger = await mintToken(api.otherKey, { roles: ['crawler'] });
    const calls = [
      await api.call('GET', `/v2/webhooks/deliveries?sessionId=${sessionId}`, undefined, stranger),
      await api.call('GET', `/v2/webhooks/deliveries/${id}`, undefined, stranger),
      await api.call('POST', `/v2/webhooks/deliveries/${id}/replay`, undefined, stranger),
      await api.call('POST', '/v2/webhooks/deliveries/replay', { sessionId, status: 'delivered' }, stranger),
      await api.call('GET', '/v2/webhooks/endpoints', undefined, stranger),
    ];
    expect(calls.map(({ status }) => status)).toEqual([200, 404, 404, 200, 200]);
    expect([calls[0]?.body.data, calls[3]?.body.replayed, calls[4]?.body.data]).toEqual([[], 0, []]);
  });

  test('are not for a token of one room', async () => {
    const narrow = await mintToken(api.key, { roomId, roles: ['crawler'] });
    const { status, body } = await api.call('GET', '/v2/webhooks/deliveries', undefined, narrow);
    expect([status, body.code]).toEqual([403, 'TOKEN_FOR_ONE_ROOM']);
  });
});

describe('endpoints', () => {
  test('tell their health, and one that answered 410 is enabled again', async () => {
    await deliver(2);
    receiver.answer(() => 410);
    await deliver(1);
    const health = async () =>
      (await api.call('GET', '/v2/webhooks/endpoints')).body.data.find(
        ({ url }: { url: string }) => url === receiver.url,
      );
    expect(await health()).toMatchObject({
      delivered: 2,
      dead: 1,
      lastError: 'answered 410',
      disabled: { reason: 'answered 410 Gone' },
    });
    const [{ id = '' } = {}] = await listed('&status=dead');
    expect((await api.call('POST', `/v2/webhooks/deliveries/${id}/replay`)).body.code).toBe('ENDPOINT_DISABLED');
    const enabled = await api.call('POST', '/v2/webhooks/endpoints/enable', { url: receiver.url });
    expect(enabled.body).toEqual({ url: receiver.url, disabled: null });
    expect((await health()).disabled).toBeNull();
    expect((await api.call('POST', '/v2/webhooks/endpoints/enable', { url: receiver.url })).status).toBe(404);
  });
});

describe('a test event', () => {
  test('is signed like a real one, and its outcome is told', async () => {
    receiver.answer((_arrival, _count, response) => {
      response.writeHead(202).end('thank you');
      return undefined;
    });
    const asked = { url: receiver.url, type: 'recording-stopped' };
    const { body } = await api.call('POST', '/v2/webhooks/test', asked);
    expect(body).toMatchObject({ ok: true, status: 202, error: null, responseBody: 'thank you' });
    const [arrival] = receiver.arrivals;
    const { signingSecret } = (await api.call('GET', '/v2/webhooks/settings')).body;
    const headers = arrival?.headers as Record<string, string>;
    expect(new Webhook(signingSecret).verify(arrival?.body ?? '', headers)).toMatchObject({ webhookType: asked.type });
  });

  test('to a forbidden address is refused, to a dead one it tells why', async () => {
    const forbidden = await api.call('POST', '/v2/webhooks/test', { url: 'http://169.254.169.254/' });
    expect([forbidden.status, forbidden.body.code]).toEqual([400, 'DESTINATION_FORBIDDEN']);
    const dead = await api.call('POST', '/v2/webhooks/test', { url: 'http://127.0.0.1:1/' });
    expect(dead.body).toMatchObject({ ok: false, status: null, error: 'the connection was refused' });
  });
});

describe('settings', () => {
  test('of the API key hold its receiver and secret', async () => {
    const wish = { endPoint: receiver.url, events: ['session-*'] };
    const { body } = await api.call('PUT', '/v2/webhooks/settings', wish);
    expect(body).toEqual({ ...wish, signingSecret: expect.stringMatching(/^whsec_/) });
    expect((await api.call('GET', '/v2/webhooks/settings')).body).toEqual(body);
    const removed = await api.call('PUT', '/v2/webhooks/settings', { endPoint: null });
    expect(removed.body).toEqual({ signingSecret: body.signingSecret });
  });

  test('refuse a receiver that may not be reached', async () => {
    const { status, body } = await api.call('PUT', '/v2/webhooks/settings', { endPoint: 'http://10.0.0.1/' });
    expect([status, body.code]).toEqual([400, 'DESTINATION_FORBIDDEN']);
  });
});

describe('the public key', () => {
  test('is served without a token, as PKCS#1 with surrounding line breaks', async () => {
    const { status, body } = await api.call('GET', '/v2/public/rsa-public-key', undefined, '');
    expect(status).toBe(200);
    expect(body.publicKey).toMatch(/^\n-----BEGIN RSA PUBLIC KEY-----\n[\s\S]+-----END RSA PUBLIC KEY-----\n$/);
    expect(createPublicKey(body.publicKey).asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  test("lets VideoSDK's own SDK, given nothing but our address, verify a delivery", async () => {
    await deliver(1);
    const { apiKey, secret } = api.key;
    const sdk = new VideoSDK({ apiKey, secret, apiEndpoint: await api.listen() });
    const [arrival] = receiver.arrivals;
    const event = await sdk.webhooks.verify(arrival?.body ?? '', String(arrival?.headers['videosdk-signature']));
    expect(event).toMatchObject({ type: 'participant-joined', data: { sessionId } });
  });
});
