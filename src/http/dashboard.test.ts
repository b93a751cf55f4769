import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertParticipant, insertRoomSession } from '../../test/harness/participants.ts';
import { qualitySample } from '../../test/harness/samples.ts';
import { PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import type { ApiKey } from '../access/keys.ts';
import { SignIns } from '../access/sign-ins.ts';
import { Dashboard } from '../dashboard/dashboard.ts';
import { Feed } from '../dashboard/feed.ts';
import type { Doctor } from '../dashboard/ports.ts';
import { createLogger } from '../log.ts';
import type { ChangeTopic } from '../protocol/rest/dashboard.ts';
import { ChangeChannel } from '../store/change-channel.ts';
import { DashboardStore } from '../store/dashboard-store.ts';
import { publishEvent } from '../store/events.ts';
import { KeyStore } from '../store/key-store.ts';
import { NodeStore } from '../store/node-store.ts';
import { QualityStore } from '../store/quality-store.ts';
import { SessionQualityStore } from '../store/session-quality-store.ts';
import { SignInStore } from '../store/sign-in-store.ts';

let api: TestApi;
let feed: Feed;
const operator = { id: '' };
/** Finds one thing at once and another when it is allowed to. */
let findMore = Promise.withResolvers<void>();
const doctor: Doctor = {
  checks: [
    { name: 'a', title: 'A' },
    { name: 'b', title: 'B' },
  ],
  async examine(onFinding) {
    onFinding({ name: 'a', title: 'A', level: 'ok', found: 'It is.', advice: null });
    await findMore.promise;
    onFinding({ name: 'b', title: 'B', level: 'failure', found: 'It is not.', advice: 'Make it.' });
  },
};

beforeAll(async () => {
  api = await startTestApi({
    withDatabase: async ({ db, url }, { access }) => {
      feed = new Feed({ channel: new ChangeChannel(db, url), log: createLogger('silent') });
      const keys = new KeyStore(db);
      const dashboard = new Dashboard({
        store: new DashboardStore(db),
        quality: new SessionQualityStore(db),
        nodes: new NodeStore(db),
        keys: access.keys,
        feed,
        installation: {
          version: '0.0.0',
          nodeId: 'test-node',
          dataDir: '/',
          get operatorId() {
            return operator.id;
          },
          keyFromSettings: undefined,
          publicUrl: () => PUBLIC_URL,
          settings: [{ name: 'DATABASE_URL', value: 'set', isDefault: false, secret: true, meaning: '' }],
          workers: () => [],
          doctor: async () => doctor,
          egress: () => ({ slots: 4, slotsTaken: 1, running: 1, waiting: 0 }),
        },
      });
      return { dashboard: { dashboard, signIns: new SignIns({ store: new SignInStore(db), keys }) } };
    },
  });
  operator.id = api.key.ownerId;
  await feed.start();
});

afterAll(async () => {
  await feed.stop();
  await api.close();
});

/** Each test comes from an address of its own, since failures are counted by address. */
let address = '';
let count = 0;
beforeEach(() => {
  address = `10.0.0.${++count}`;
});

const FROM_PAGE = { 'x-roomful-page': '1' };

async function ask(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  options: { cookie?: string; body?: unknown; headers?: Record<string, string>; raw?: boolean } = {},
) {
  const { cookie, body, headers = FROM_PAGE, raw = false } = options;
  const answer = await api.app.inject({
    method,
    url: `/dashboard-api${url}`,
    remoteAddress: address,
    headers: { ...headers, ...(cookie && { cookie }) },
    ...(body !== undefined && { payload: body as object }),
  });
  return { status: answer.statusCode, body: raw ? answer.body : answer.json(), headers: answer.headers };
}

const credentials = ({ apiKey, secret }: ApiKey) => ({ apiKey, secret });

async function signIn(key: ApiKey = api.key): Promise<string> {
  const { status, headers } = await ask('POST', '/sign-in', { body: credentials(key) });
  expect(status).toBe(200);
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

describe('signing in', () => {
  test('takes an API key and its secret and gives a cookie that scripts cannot read', async () => {
    const { headers } = await ask('POST', '/sign-in', { body: credentials(api.key) });
    expect(headers['set-cookie']).toMatch(/^roomful=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
    const me = await ask('GET', '/me', { cookie: await signIn() });
    expect(me.body).toMatchObject({ apiKey: api.key.apiKey, ownerId: api.key.ownerId, operator: true });
    expect(JSON.stringify(me.body)).not.toContain(api.key.secret);
  });

  test('at the public https address marks the cookie as secure', async () => {
    const host = { ...FROM_PAGE, host: new URL(PUBLIC_URL).host };
    const { headers } = await ask('POST', '/sign-in', { body: credentials(api.key), headers: host });
    expect(headers['set-cookie']).toMatch(/^__Host-roomful=.*; Secure$/);
  });

  test.each([
    ['a wrong secret', () => ({ apiKey: api.key.apiKey, secret: 'wrong' })],
    ['an unknown key', () => ({ apiKey: 'nobody', secret: api.key.secret })],
    ["somebody else's secret", () => ({ apiKey: api.key.apiKey, secret: api.otherKey.secret })],
  ])('with %s is refused in the same words', async (_, wrong) => {
    const { status, body, headers } = await ask('POST', '/sign-in', { body: wrong() });
    expect([status, body.code]).toEqual([401, 'SIGN_IN_REFUSED']);
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('with a disabled key is refused, and ends who is in with it', async () => {
    const key = await api.access.keys.create({ ownerId: api.key.ownerId });
    const cookie = await signIn(key);
    await api.access.keys.disable(key.apiKey);
    expect((await ask('POST', '/sign-in', { body: credentials(key) })).status).toBe(401);
    expect((await ask('GET', '/me', { cookie })).body).toBeNull();
  });

  test('is stopped after ten failures for a key from an address, even with the right secret', async () => {
    const guess = { apiKey: api.key.apiKey, secret: 'x' };
    for (let i = 0; i < 10; i++) await ask('POST', '/sign-in', { body: guess });
    const { status, body, headers } = await ask('POST', '/sign-in', { body: credentials(api.key) });
    expect([status, body.code, headers['retry-after']]).toEqual([429, 'TOO_MANY_ATTEMPTS', '600']);
    address = '10.1.0.1';
    await signIn();
  });

  test('is not stopped by failures for its key from elsewhere, nor for other keys', async () => {
    const key = await api.access.keys.create();
    for (let i = 0; i < 50; i++) {
      address = `10.2.0.${i}`;
      await ask('POST', '/sign-in', { body: { apiKey: key.apiKey, secret: 'x' } });
    }
    address = '10.3.0.1';
    for (let i = 0; i < 20; i++) await ask('POST', '/sign-in', { body: { apiKey: `guess-${i}`, secret: 'x' } });
    await signIn(key);
  });
});

describe('a sign-in', () => {
  test('is needed for everything else', async () => {
    for (const url of ['/overview', '/rooms', '/keys', '/system', '/live', '/v2/rooms', '/v2/sessions']) {
      const { status, body } = await ask('GET', url);
      expect([url, status, body.code]).toEqual([url, 401, 'SIGN_IN_NEEDED']);
    }
    expect((await ask('GET', '/me', { cookie: 'roomful=forged' })).body).toBeNull();
  });

  test('does not open the API for programs, nor a token this one', async () => {
    const cookie = await signIn();
    expect((await api.app.inject({ url: '/v2/rooms', headers: { cookie } })).statusCode).toBe(401);
    const { status } = await api.call('GET', '/dashboard-api/v2/rooms');
    expect(status).toBe(401);
  });

  test('ends with sign-out, in the database and in the browser', async () => {
    const cookie = await signIn();
    const { headers } = await ask('POST', '/sign-out', { cookie });
    expect(headers['set-cookie']).toMatch(/^roomful=; .*Max-Age=0/);
    expect((await ask('GET', '/me', { cookie })).body).toBeNull();
  });

  test.each([
    ['used_at', 13],
    ['created_at', 7 * 24 + 1],
  ] as const)('expires by %s', async (column, hours) => {
    const cookie = await signIn();
    const past = new Date(Date.now() - hours * 3_600_000);
    await api.database.db
      .updateTable('dashboard_sign_ins')
      .set({ [column]: past })
      .execute();
    expect((await ask('GET', '/rooms', { cookie })).body.code).toBe('SIGN_IN_NEEDED');
  });

  test('ends when its key gets a new secret, but not the one that asked for it', async () => {
    const key = await api.access.keys.create({ ownerId: api.key.ownerId });
    const [here, elsewhere] = [await signIn(key), await signIn(key)];
    const { body } = await ask('POST', `/keys/${key.apiKey}/rotate`, { cookie: here, body: { keepSeconds: 0 } });
    expect(body.secret).toMatch(/^[0-9a-f]{64}$/);
    expect((await ask('GET', '/rooms', { cookie: here })).status).toBe(200);
    expect((await ask('GET', '/rooms', { cookie: elsewhere })).status).toBe(401);
    await signIn({ ...key, secret: body.secret });
  });

  test('goes on while its key has two secrets, and ends with the old one', async () => {
    const key = await api.access.keys.create({ ownerId: api.key.ownerId });
    const [here, elsewhere] = [await signIn(key), await signIn(key)];
    const { body } = await ask('POST', `/keys/${key.apiKey}/rotate`, { cookie: here });
    expect(new Date(body.previousSecretUntil).getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect((await ask('GET', '/rooms', { cookie: elsewhere })).status).toBe(200);
    await signIn(key);
    await signIn({ ...key, secret: body.secret });
    await ask('POST', `/keys/${key.apiKey}/end-previous-secret`, { cookie: here });
    expect((await ask('GET', '/rooms', { cookie: elsewhere })).status).toBe(401);
    expect((await ask('GET', '/rooms', { cookie: here })).status).toBe(200);
  });

  test('is kept as a hash only', async () => {
    const cookie = await signIn();
    const rows = await api.database.db.selectFrom('dashboard_sign_ins').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
  });
});

describe('a request of another site', () => {
  test.each<[string, Record<string, string>]>([
    ['of a foreign origin', { ...FROM_PAGE, origin: 'https://evil.example' }],
    ['of another port of this host', { ...FROM_PAGE, origin: 'http://localhost:3000', host: 'localhost:8080' }],
    ['of no origin at all (a sandboxed frame)', { ...FROM_PAGE, origin: 'null' }],
    ['that the browser calls cross-site', { ...FROM_PAGE, 'sec-fetch-site': 'cross-site' }],
    ['that the browser calls same-site', { ...FROM_PAGE, 'sec-fetch-site': 'same-site' }],
    ['without the header of our pages', {}],
  ])('%s is refused', async (_, headers) => {
    const cookie = await signIn();
    const { status, body } = await ask('POST', '/v2/rooms', { cookie, body: {}, headers });
    expect([status, body.code]).toEqual([403, 'CROSS_SITE_REQUEST']);
  });

  test('may not read either, and our own pages may do both', async () => {
    const cookie = await signIn();
    const foreign = await ask('GET', '/v2/rooms', { cookie, headers: { origin: 'https://evil.example' } });
    expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    const own = { ...FROM_PAGE, origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' };
    expect((await ask('POST', '/v2/rooms', { cookie, body: {}, headers: own })).status).toBe(200);
  });
});

describe('an owner', () => {
  test('sees their own rooms, sessions and keys, and nothing of others', async () => {
    const [mine, theirs] = [await signIn(api.key), await signIn(api.otherKey)];
    const { body: room } = await ask('POST', '/v2/rooms', { cookie: mine, body: { customRoomId: 'isolated' } });
    const session = await insertRoomSession(api.database.db, {
      ...room,
      ownerId: api.key.ownerId,
      apiKey: api.key.apiKey,
    });
    const listed = async (cookie: string, url: string) => (await ask('GET', url, { cookie })).body.data;
    expect(await listed(mine, '/rooms?search=isol')).toMatchObject([{ roomId: room.roomId, live: { people: 0 } }]);
    expect(await listed(theirs, '/rooms?search=isol')).toEqual([]);
    expect(await listed(mine, `/sessions?roomId=${room.roomId}`)).toMatchObject([{ sessionId: session }]);
    expect(await listed(theirs, `/sessions?roomId=${room.roomId}`)).toEqual([]);
    for (const url of [`/sessions/${session}/timeline`, `/v2/rooms/${room.roomId}`, `/v2/sessions/${session}`]) {
      expect((await ask('GET', url, { cookie: mine })).status).toBe(200);
      expect((await ask('GET', url, { cookie: theirs })).status).toBe(404);
    }
    const keys: { apiKey: string }[] = await listed(theirs, '/keys');
    expect(keys.map(({ apiKey }) => apiKey)).toEqual([api.otherKey.apiKey]);
    expect((await ask('GET', '/overview', { cookie: theirs })).body.now).toEqual({
      rooms: 0,
      people: 0,
      totalRooms: 0,
    });
  });

  test('changes only keys of their own, and keeps one that works', async () => {
    const cookie = await signIn(api.otherKey);
    for (const what of ['rotate', 'disable']) {
      expect((await ask('POST', `/keys/${api.key.apiKey}/${what}`, { cookie })).status).toBe(404);
    }
    const tokens = { expiresInSeconds: 60, permissions: ['allow_join'], apiKey: api.key.apiKey };
    expect((await ask('POST', '/tokens', { cookie, body: tokens })).status).toBe(404);
    expect((await ask('POST', `/keys/${api.otherKey.apiKey}/disable`, { cookie })).body.code).toBe('LAST_API_KEY');
    const { body: made } = await ask('POST', '/keys', { cookie, body: { name: 'Second' } });
    expect((await ask('POST', `/keys/${made.apiKey}/disable`, { cookie })).status).toBe(200);
  });

  test('mints tokens that the API takes', async () => {
    const cookie = await signIn();
    const wish = { expiresInSeconds: 600, permissions: ['allow_join'], roles: ['crawler'] };
    const { body } = await ask('POST', '/tokens', { cookie, body: wish });
    expect((await api.call('GET', '/v2/rooms', undefined, body.token)).status).toBe(200);
  });

  test('sees the system only when they run it', async () => {
    const { body } = await ask('GET', '/system', { cookie: await signIn(api.key) });
    expect(body).toMatchObject({ settings: [{ name: 'DATABASE_URL', value: 'set' }], postgres: expect.any(String) });
    const other = await ask('GET', '/system', { cookie: await signIn(api.otherKey) });
    expect([other.status, other.body.code]).toEqual([403, 'OPERATORS_ONLY']);
  });
});

describe('the pages', () => {
  test('get sums by day, with a stay over midnight on both of its days', async () => {
    const key = await api.access.keys.create();
    const owner = { ownerId: key.ownerId, apiKey: key.apiKey };
    const room = await api.rooms.create(owner, {});
    const midnight = new Date();
    midnight.setUTCHours(0, 0, 0, 0);
    const at = (minutes: number) => new Date(midnight.getTime() - 24 * 3_600_000 + minutes * 60_000);
    const started = at(-20);
    const session = await insertRoomSession(
      api.database.db,
      { ...owner, roomId: room.roomId },
      { started, ended: at(40) },
    );
    await insertParticipant(api.database.db, session, 'ann', { stays: [{ joined: started, left: at(40) }] });
    await insertParticipant(api.database.db, session, 'bob', { stays: [{ joined: at(10), left: at(20) }] });
    const { body } = await ask('GET', '/overview?range=7d&timeZone=UTC', { cookie: await signIn(key) });
    expect(body.unit).toBe('day');
    const told = body.usage
      .slice(-3)
      .map(({ sessions, minutes, people }: Record<string, number>) => [sessions, minutes, people]);
    expect(told).toEqual([
      [1, 20, 1],
      [0, 50, 2],
      [0, 0, 0],
    ]);
    expect(body.usage).toHaveLength(7);
    expect(Date.parse(body.usage.at(-1).start)).toBe(midnight.getTime());
  });

  test('get hours for a day, in any time zone, and take a wrong one for UTC', async () => {
    const cookie = await signIn();
    for (const timeZone of ['Asia/Kolkata', 'America/St_Johns', 'Mars/Olympus', '']) {
      const { status, body } = await ask('GET', `/overview?range=24h&timeZone=${timeZone}`, { cookie });
      expect([status, body.unit, body.usage.length]).toEqual([200, 'hour', 24]);
    }
  });

  test('sort, filter and search, whatever is searched for', async () => {
    const cookie = await signIn();
    for (const name of ['page-a', 'page-b', 'page-c_100%'])
      await ask('POST', '/v2/rooms', { cookie, body: { customRoomId: name } });
    const names = async (query: string) =>
      (await ask('GET', `/rooms?${query}`, { cookie })).body.data.map(
        (row: { customRoomId: string }) => row.customRoomId,
      );
    expect(await names('search=page-&sort=id&order=asc&perPage=2')).toEqual(['page-a', 'page-b']);
    expect(await names('search=page-&sort=id&order=asc&perPage=2&page=2')).toEqual(['page-c_100%']);
    expect(await names(`search=${encodeURIComponent('c_100%')}`)).toEqual(['page-c_100%']);
    expect(await names(`search=${encodeURIComponent('%')}`)).toEqual(['page-c_100%']);
    expect(await names(`search=${encodeURIComponent("'; drop table rooms; --")}`)).toEqual([]);
    expect((await ask('GET', '/rooms?sort=secret', { cookie })).status).toBe(400);
    for (const sort of ['started', 'duration', 'people']) {
      expect((await ask('GET', `/sessions?sort=${sort}&order=asc`, { cookie })).status).toBe(200);
    }
    for (const sort of ['sessions', 'lastUsed', 'created']) {
      expect((await ask('GET', `/rooms?sort=${sort}&status=live`, { cookie })).status).toBe(200);
    }
  });

  test('get the story of a session with the deliveries of each event', async () => {
    const cookie = await signIn();
    const webhook = { endPoint: 'https://hooks.example.com/', events: ['*'] };
    const { body: room } = await ask('POST', '/v2/rooms', { cookie, body: { webhook } });
    const started = new Date(Date.now() - 60_000);
    const session = await insertRoomSession(
      api.database.db,
      { ...room, ownerId: api.key.ownerId, apiKey: api.key.apiKey },
      { started },
    );
    await insertParticipant(api.database.db, session, 'ann', {
      stays: [{ joined: started }],
      modes: [{ mode: 'SEND_AND_RECV', at: started }],
      spans: [{ kind: 'mic', started }],
    });
    const data = { meetingId: room.roomId, sessionId: session, participantId: '<img src=x onerror=alert(1)>' };
    await api.database.db
      .transaction()
      .execute((tx) => publishEvent(tx, { type: 'participant-joined', sessionId: session, data, at: started }));
    const { body } = await ask('GET', `/sessions/${session}/timeline`, { cookie });
    expect(body).toMatchObject({
      people: 1,
      present: 1,
      endedAt: null,
      cut: false,
      participants: [{ participantId: 'ann', stays: [{ end: null }], media: [{ kind: 'mic', end: null }] }],
      events: [{ type: 'participant-joined', data, deliveries: [{ url: webhook.endPoint, status: 'pending' }] }],
    });
    expect(Date.parse(body.participants[0].stays[0].start)).toBe(started.getTime());
  });

  test('see who had trouble in a session, when, and of what kind', async () => {
    const cookie = await signIn();
    const { db } = api.database;
    const { body: room } = await ask('POST', '/v2/rooms', { cookie, body: {} });
    const started = new Date(Date.now() - 600_000);
    const session = await insertRoomSession(
      db,
      { ...room, ownerId: api.key.ownerId, apiKey: api.key.apiKey },
      { started },
    );
    await insertParticipant(db, session, 'ann', { stays: [{ joined: started }] });
    await insertParticipant(db, session, 'bob', { stays: [{ joined: new Date() }] });
    const rows = await db.selectFrom('participants').where('session_id', '=', session).selectAll().execute();
    const rowOf = (name: string) => rows.find(({ participant_id }) => participant_id === name)?.id ?? '';
    const at = (second: number) => new Date(started.getTime() + second * 1000);
    const bad = { audio: { score: 2, sendLost: 60, sendPackets: 300 }, video: { rttMs: 700 } };
    await new QualityStore(db).insert([
      { row: rowOf('ann'), ...qualitySample(at(10)) },
      ...[100, 110, 120, 300].map((second) => ({ row: rowOf('ann'), ...qualitySample(at(second), bad) })),
      { row: rowOf('bob'), ...qualitySample(at(10), { video: { score: 3.5 } }) },
    ]);

    const { body } = await ask('GET', `/sessions/${session}/quality`, { cookie });
    expect(body.stepMs).toBe(10_000);
    const [ann, bob] = body.participants;
    expect(ann).toMatchObject({ participantId: 'ann', name: 'Name of ann', poorMs: 40_000, fairMs: 0 });
    expect(bob).toMatchObject({ participantId: 'bob', poorMs: 0, fairMs: 10_000 });
    expect([ann.cells.slice(0, 3), ann.cells.slice(9, 13)]).toEqual([
      [expect.closeTo(4.39), null, null],
      [2, 2, 2, null],
    ]);
    expect(body.troubles).toHaveLength(2);
    expect(body.troubles[0]).toMatchObject({
      ...{ participant: rowOf('ann'), name: 'Name of ann', sendLoss: 0.2, recvLoss: 0, rttMs: 700, audioScore: 2 },
      ...{ start: at(90).toISOString(), end: at(120).toISOString() },
    });

    const { body: series } = await ask('GET', `/sessions/${session}/quality/${rowOf('ann')}`, { cookie });
    expect(series.points).toHaveLength(5);
    expect(series.points[1]).toMatchObject({ at: at(100).toISOString(), audioSend: 30_000, sendLoss: 0.2, rttMs: 700 });
    const others = await signIn(api.otherKey);
    for (const path of ['quality', `quality/${rowOf('ann')}`]) {
      expect((await ask('GET', `/sessions/${session}/${path}`, { cookie: others })).status).toBe(404);
    }
  });

  test('see a long session in as many steps as fit a page', async () => {
    const cookie = await signIn();
    const { db } = api.database;
    const { body: room } = await ask('POST', '/v2/rooms', { cookie, body: {} });
    const times = { started: new Date('2026-01-01T00:00:00Z'), ended: new Date('2026-01-01T10:00:00Z') };
    const session = await insertRoomSession(db, { ...room, ownerId: api.key.ownerId, apiKey: api.key.apiKey }, times);
    await insertParticipant(db, session, 'ann');
    const { id } = await db
      .selectFrom('participants')
      .where('session_id', '=', session)
      .select('id')
      .executeTakeFirstOrThrow();
    const samples = Array.from({ length: 3_600 }, (_, nth) =>
      qualitySample(
        new Date(times.started.getTime() + (nth + 1) * 10_000),
        nth === 1_800 ? { audio: { score: 1.5 } } : {},
      ),
    );
    await new QualityStore(db).insert(samples.map((sample) => ({ row: id, ...sample })));
    const { body } = await ask('GET', `/sessions/${session}/quality`, { cookie });
    expect(body.stepMs).toBe(300_000);
    expect(body.participants[0].cells).toHaveLength(120);
    expect(body.participants[0].cells[60]).toBe(1.5);
    expect((await ask('GET', `/sessions/${session}/quality/${id}`, { cookie })).body.points).toHaveLength(240);
  });

  test('take a node out of service and put it back, as the operator alone, and every page hears of it', async () => {
    const nodes = new NodeStore(api.database.db);
    await nodes.register({ id: 'n1', publicUrl: 'https://n1.example.com', roles: ['media'], at: new Date() });
    const heard: ChangeTopic[] = [];
    const unsubscribe = feed.subscribe((topics) => heard.push(...topics));
    const cookie = await signIn();
    const state = async () => {
      const { body } = await ask('GET', '/system', { cookie });
      return body.nodes.find(({ id }: { id: string }) => id === 'n1');
    };
    expect(await state()).toMatchObject({ state: 'up', drainingSince: null, roles: ['media'], sessions: 0 });
    expect((await ask('POST', '/nodes/n1/drain', { cookie })).body).toEqual({ draining: true });
    await expect.poll(() => heard).toContain('nodes');
    expect(await state()).toMatchObject({ state: 'drained', drainingSince: expect.stringMatching(/Z$/) });
    const others = await signIn(api.otherKey);
    expect((await ask('POST', '/nodes/n1/undrain', { cookie: others })).body.code).toBe('OPERATORS_ONLY');
    expect((await ask('POST', '/nodes/nobody/drain', { cookie })).body.code).toBe('NODE_NOT_FOUND');
    expect((await ask('POST', '/nodes/n1/undrain', { cookie })).body).toEqual({ draining: false });
    expect(await state()).toMatchObject({ state: 'up' });
    unsubscribe();
  });

  test('have the installation examined, as the operator alone, one at a time, and see each result as it comes', async () => {
    const base = await api.listen();
    const cookie = await signIn();
    const others = await signIn(api.otherKey);
    expect((await ask('POST', '/doctor', { cookie: others })).body.code).toBe('OPERATORS_ONLY');
    const headers = { ...FROM_PAGE, cookie };
    const answer = await fetch(`${base}/dashboard-api/doctor`, { method: 'POST', headers });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = async (until: string) => {
      while (!text.includes(until)) text += (await reader?.read())?.value ?? '';
    };
    await read('"It is."');
    expect(JSON.parse(text.split('\n')[0] ?? '')).toEqual({ checks: doctor.checks });
    expect((await ask('POST', '/doctor', { cookie })).body.code).toBe('EXAMINATION_RUNS');
    findMore.resolve();
    await read('"It is not."');
    await expect.poll(async () => (await ask('POST', '/doctor', { cookie, raw: true })).status).toBe(200);
    findMore = Promise.withResolvers();
  });

  test('hear of changes made elsewhere without asking', async () => {
    const heard = new Set<ChangeTopic>();
    const unsubscribe = feed.subscribe((topics) => {
      for (const topic of topics) heard.add(topic);
    });
    await api.call('POST', '/v2/rooms', {});
    await expect.poll(() => [...heard]).toContain('rooms');
    heard.clear();
    const { body: room } = await api.call('POST', '/v2/rooms', {});
    const session = await insertRoomSession(api.database.db, {
      ...room,
      ownerId: api.key.ownerId,
      apiKey: api.key.apiKey,
    });
    const data = { meetingId: room.roomId, sessionId: session };
    await api.database.db
      .transaction()
      .execute((tx) => publishEvent(tx, { type: 'session-started', sessionId: session, data, at: new Date() }));
    await expect.poll(() => [...heard]).toContain('sessions');
    unsubscribe();
  });

  test('are streamed changes until they sign out', async () => {
    const base = await api.listen();
    const cookie = await signIn();
    const answer = await fetch(`${base}/dashboard-api/live`, { headers: { cookie } });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = async (until: string) => {
      while (!text.includes(until)) text += (await reader?.read())?.value ?? '';
    };
    await read('event: connected');
    feed.changed('keys');
    await read('data: ["keys"]');
    await reader?.cancel();
  });
});
