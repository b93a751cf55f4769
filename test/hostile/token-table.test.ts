// What every call answers to the tokens of every row of the table in docs/tokens.md, on the real server. What is
// expected stands here by itself and not in the words of the code.
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REST_CALLS } from '../../src/access/rest-calls.ts';
import { newApiKey, newApiSecret, newObjectId } from '../../src/protocol/ids.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

const LOOK = ['GET /v2/rooms/:roomId', 'GET /v2/rooms/validate/:roomId', 'POST /v2/rooms/validate/:roomId'];
const MODERATE = [
  ...['POST /v2/sessions/end', 'POST /v2/sessions/participants/remove'],
  ...['recordings', 'hls', 'livestreams'].flatMap((kind) =>
    ['start', 'end', 'stop'].map((what) => `POST /v2/${kind}/${what}`),
  ),
];
const CREATE = 'POST /v2/rooms';
const UPLOAD = 'POST /base64-upload';
const DOWNLOAD = 'GET /files/:id';
const OPEN = 'GET /v2/public/rsa-public-key';
const isOwn = (call: string) => / \/v2\/webhooks\//.test(call);

type May = (call: string) => boolean;
const everything: May = () => true;
const documented: May = (call) => !isOwn(call);
const nothing: May = () => false;
const look: May = (call) => LOOK.includes(call);
const moderate: May = (call) => LOOK.includes(call) || MODERATE.includes(call);
const inOneRoom =
  (may: May): May =>
  (call) =>
    may(call) && call !== CREATE && !isOwn(call);

const JOIN = ['allow_join'];
const MOD = ['allow_join', 'allow_mod'];
const ASK = ['ask_join'];

/** The name of a row, its claims, what it may of REST, and how it joins: `null`, or the number of the refusal. */
type Case = [string, Record<string, unknown>, May, number | null];
const CASES: Case[] = [
  ['crawler alone', { roles: ['crawler'], permissions: MOD }, everything, 4024],
  ['crawler in one word', { roles: 'crawler', permissions: MOD }, everything, 4024],
  ['crawler beside an unknown role', { roles: ['crawler', 'CRAWLER', 'admin'] }, everything, 4024],
  ['crawler that asks', { roles: ['crawler'], permissions: ASK }, everything, 4024],
  ['crawler and rtc', { roles: ['crawler', 'rtc'], permissions: MOD }, documented, null],
  ['no claims at all', {}, documented, 4008],
  ['null and empty claims', { roles: null, permissions: [], roomId: '', participantId: null }, documented, 4008],
  ['CRAWLER, as the sample has it', { roles: ['CRAWLER'], permissions: MOD }, documented, null],
  ['roles of one’s own', { roles: ['moderator', 'Rtc'], permissions: JOIN }, documented, null],
  ['allow_join', { permissions: JOIN }, documented, null],
  ['allow_join in one word', { permissions: 'allow_join' }, documented, null],
  ['allow_mod alone', { permissions: ['allow_mod'] }, documented, 4008],
  ['unknown permissions', { permissions: ['allow_all'] }, documented, 4008],
  ['all three permissions', { permissions: ['allow_join', 'allow_mod', 'ask_join'] }, documented, null],
  ['ask_join and allow_mod', { permissions: ['ask_join', 'allow_mod'] }, documented, 4008],
  ['ask_join alone', { permissions: ASK }, look, null],
  ['ask_join beside an unknown permission', { permissions: ['ask_join', 'allow_all'] }, look, null],
  ['rtc alone', { roles: ['rtc'], permissions: MOD }, nothing, null],
  [
    'rtc alone, in its room as itself',
    { roles: ['rtc'], permissions: MOD, roomId: 'own', participantId: 'ann' },
    nothing,
    null,
  ],
  ['crawler in one room', { roles: ['crawler'], roomId: 'own' }, inOneRoom(everything), 4024],
  [
    'crawler and rtc in one room',
    { roles: ['crawler', 'rtc'], permissions: JOIN, roomId: 'own' },
    inOneRoom(documented),
    null,
  ],
  ['no roles in one room', { permissions: MOD, roomId: 'own' }, inOneRoom(documented), null],
  ['ask_join in one room', { permissions: ASK, roomId: 'own' }, look, null],
  ['a participant in a room', { permissions: JOIN, participantId: 'ann', roomId: 'own' }, look, null],
  ['a participant who is there', { permissions: JOIN, participantId: 'ann' }, look, null],
  ['a moderator in a room', { permissions: MOD, participantId: 'ann', roomId: 'own' }, moderate, null],
  ['a moderator who is there', { permissions: MOD, participantId: 'ann' }, moderate, null],
  ['a participant who asks', { permissions: ASK, participantId: 'ann' }, look, null],
  ['crawler for a participant', { roles: ['crawler'], participantId: 'ann' }, everything, 4024],
];

let server: TestApp;
let ann: RawClient;
let roomId: string;
let elsewhere: string;
let ended = 0;

beforeAll(async () => {
  server = await startTestApp();
  const newRoom = async () => String((await server.post('/v2/rooms', {})).body.roomId);
  [roomId, elsewhere] = [await newRoom(), await newRoom()];
  const secret = await server.token({ roles: ['rtc'], participantId: 'ann' });
  ann = await RawClient.join(String(server.app.httpUrl), { roomId, peerId: 'ann', secret });
});
afterAll(async () => {
  ann.close();
  await server[Symbol.asyncDispose]();
});

/** A token with exactly these claims; `own` stands for the room. */
function sign(claims: Record<string, unknown>, key: { apiKey: string; secret: string } = server.app.firstKey) {
  const filled = claims.roomId === 'own' ? { ...claims, roomId } : claims;
  ended += 1;
  return new SignJWT({ apikey: key.apiKey, exp: Math.floor(Date.now() / 1000) + 3_600 + ended, ...filled })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(key.secret));
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
type Answer = { status: number; body: any };

async function ask(call: string, authorization: string | undefined, body?: object, room = roomId): Promise<Answer> {
  const [method = '', path = ''] = call.split(' ');
  // Without a body most calls are refused as soon as who asks is known, so that they change nothing.
  const filled = path.replace(':roomId', room).replace(/:\w+/g, '0123456789abcdef01234567');
  const url = `${server.app.httpUrl}${call === UPLOAD ? `${path}?roomId=${room}` : filled}`;
  const headers = { ...(authorization !== undefined && { authorization }), 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }) });
  return { status: answer.status, body: await answer.json() };
}

const REFUSALS = ['ROLE_NOT_ALLOWED', 'TOKEN_FOR_ONE_ROOM', 'TOKEN_FOR_OTHER_ROOM'];

describe('the table', () => {
  test.each(CASES)('%s', async (_, claims, may, joins) => {
    const token = await sign(claims);
    for (const call of Object.keys(REST_CALLS)) {
      const { status, body } = await ask(call, token);
      // Files belong to meetings: judged as joining is, or by the secret of their address.
      if (call === UPLOAD) expect([call, status === 401]).toEqual([call, false]);
      else if (call === DOWNLOAD) expect([call, status, body.code]).toEqual([call, 404, 'FILE_NOT_FOUND']);
      else if (call === OPEN || may(call))
        expect([call, [401, 500].includes(status), REFUSALS.includes(body.code)]).toEqual([call, false, false]);
      else {
        expect([call, status, REFUSALS]).toEqual([call, 403, expect.arrayContaining([body.code])]);
        expect(body.message).toMatch(/roles claim|roomId claim/);
      }
      expect([call, body.code]).not.toEqual([call, 'NOT_FOUND']);
    }
    const joined = await ask('POST /infra/v1/meetings/init-config', token, { roomId });
    expect([joined.status === 200 ? null : joined.body.code]).toEqual([joins]);
  });

  test('asks for a token wherever it says so', async () => {
    for (const call of Object.keys(REST_CALLS)) {
      for (const none of [undefined, '', 'Bearer', 'nonsense']) {
        const { status, body } = await ask(call, none);
        expect([call, status]).toEqual([call, call === OPEN ? 200 : 401]);
        if (status === 401) expect(body.message).toMatch(/^Token is invalid or expired: /);
      }
    }
  });

  test('opens no other room to a token for one', async () => {
    for (const claims of [
      { roles: ['crawler'], roomId: 'own' },
      { permissions: MOD, roomId: 'own' },
      { permissions: MOD, participantId: 'ann' },
      { permissions: MOD, participantId: 'ann', roomId: 'own' },
    ]) {
      const token = await sign(claims);
      for (const call of [...LOOK, ...MODERATE]) {
        const body = {
          roomId: elsewhere,
          participantId: 'ann',
          outputs: [{ url: 'rtmp://a.example', streamKey: 'k' }],
        };
        const refused = await ask(call, token, body, elsewhere);
        expect([call, refused.status, refused.body.code]).toEqual([call, 403, 'TOKEN_FOR_OTHER_ROOM']);
        expect(refused.body.message).toContain('roomId claim');
      }
    }
    const narrow = await sign({ roles: ['crawler'], roomId: 'own' });
    for (const list of ['rooms', 'sessions', 'recordings', 'hls', 'livestreams']) {
      const { body } = await ask(`GET /v2/${list}`, narrow);
      expect(body.data.every((it: { roomId: string }) => it.roomId === roomId)).toBe(true);
    }
    expect((await ask('GET /v2/rooms', narrow)).body.data).toHaveLength(1);
  });

  test('knows no room of a participant who is in none, and none of another owner', async () => {
    const absent = await sign({ permissions: MOD, participantId: 'bob' });
    for (const call of LOOK) expect((await ask(call, absent)).body.code).toBe('TOKEN_FOR_OTHER_ROOM');
    const stranger = { apiKey: newApiKey(), secret: newApiSecret() };
    await server.database.db
      .insertInto('api_keys')
      .values({
        api_key: stranger.apiKey,
        secret: stranger.secret,
        owner_id: newObjectId(),
        name: '',
        webhook_secret: '',
      })
      .execute();
    for (const claims of [{ roles: ['crawler'] }, { participantId: 'ann' }, { permissions: MOD, roomId: 'own' }]) {
      expect((await ask('GET /v2/rooms/:roomId', await sign(claims, stranger))).status).toBeGreaterThanOrEqual(403);
    }
  });

  test('lets no token that is for a participant act on another', async () => {
    const token = await sign({ roles: ['crawler'], participantId: 'bob' });
    const refused = await ask('POST /v2/sessions/participants/remove', token, { roomId, participantId: 'ann' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'PARTICIPANT_NOT_ALLOWED' } });
    expect(refused.body.message).toContain('participantId claim');
  });
});

describe('an API key that takes roles only', () => {
  test('takes no tokens without them for the documented calls, and says what it takes', async () => {
    const key = { apiKey: newApiKey(), secret: newApiSecret() };
    const { db } = server.database;
    const { ownerId } = server.app.firstKey;
    const row = { api_key: key.apiKey, secret: key.secret, owner_id: ownerId, name: 'strict', webhook_secret: '' };
    await db
      .insertInto('api_keys')
      .values({ ...row, roles_required: true })
      .execute();
    const codesOf = async (claims: object, call: string) => (await ask(call, await sign({ ...claims }, key))).body;
    const refused = await codesOf({ permissions: MOD }, 'GET /v2/rooms');
    expect([refused.code, refused.message.includes('["crawler"]')]).toEqual(['ROLE_NOT_ALLOWED', true]);
    expect((await codesOf({ roles: ['crawler', 'rtc'] }, 'GET /v2/rooms')).data).toBeDefined();
    expect((await codesOf({ permissions: JOIN, participantId: 'ann' }, 'GET /v2/rooms/:roomId')).roomId).toBe(roomId);
    const joined = await ask('POST /infra/v1/meetings/init-config', await sign({ permissions: JOIN }, key), { roomId });
    expect(joined.status).toBe(200);
  });

  test('is told from the others by when it was used without', async () => {
    await ask('GET /v2/rooms', await sign({ permissions: JOIN }));
    const used = async () => {
      const { apiKey } = server.app.firstKey;
      const keys = server.database.db.selectFrom('api_keys').select('used_without_roles_at');
      return (await keys.where('api_key', '=', apiKey).executeTakeFirstOrThrow()).used_without_roles_at;
    };
    await expect.poll(used).toBeInstanceOf(Date);
  });
});

describe('an invite', () => {
  const invite = async (claims: object, body: object = {}) =>
    ask('POST /v2/rooms/:roomId/invite', await sign({ ...claims }), body);

  test.each<[string, object, object, string | null]>([
    ['allow_mod by who may not moderate', { permissions: JOIN }, { permissions: MOD }, 'allow_mod'],
    ['allow_join by who may only moderate', { permissions: ['allow_mod'] }, {}, 'allow_join'],
    ['allow_join by who has no permission', {}, {}, 'allow_join'],
    ['allow_join by a crawler that asks', { roles: ['crawler'], permissions: ASK }, {}, 'allow_join'],
    [
      'allow_mod by a crawler that may not',
      { roles: ['crawler'], permissions: JOIN },
      { permissions: MOD },
      'allow_mod',
    ],
    ['all by a crawler without permissions', { roles: ['crawler'] }, { permissions: MOD }, null],
    ['all by who may all', { permissions: MOD }, { permissions: MOD }, null],
    ['ask_join by who may join', { permissions: JOIN }, { permissions: ASK }, null],
  ])('with %s', async (_, claims, body, missing) => {
    const answer = await invite(claims, body);
    expect([answer.status, answer.body.code]).toEqual(missing ? [403, 'PERMISSION_NOT_HELD'] : [200, undefined]);
    if (missing) expect(answer.body.message).toContain(`permissions claim names "${missing}"`);
  });

  test('ends with the token of its maker, and the guest’s token with the invite', async () => {
    const exp = Math.floor(Date.now() / 1000) + 90;
    const { body } = await invite({ permissions: MOD, exp }, { expiresIn: 86_400 });
    expect(new Date(body.expiresAt).getTime()).toBe(exp * 1000);
    const guest = await ask('POST /meet-api/guest-token', undefined, { invite: body.invite });
    const claims = JSON.parse(Buffer.from(guest.body.token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ roomId, roles: ['rtc'], permissions: JOIN });
    expect(claims.exp).toBeLessThanOrEqual(exp);
    // It joins, and does nothing else.
    expect((await ask('GET /v2/rooms/:roomId', guest.body.token)).status).toBe(403);
  });

  test('leads to no room but that of the token', async () => {
    const token = await sign({ permissions: MOD, roomId: 'own' });
    expect((await ask('POST /v2/rooms/:roomId/invite', token, {}, elsewhere)).status).toBe(403);
    expect((await ask('POST /v2/rooms/:roomId/invite', token)).status).toBe(200);
  });
});

describe('on the socket', () => {
  test.each(CASES)('%s', async (_, claims, _may, joins) => {
    const client = RawClient.open(String(server.app.httpUrl), { roomId, peerId: 'ann', secret: await sign(claims) });
    const first = await client.waitFor((it) => it.method === 'connectionSuccess' || it.method === 'error');
    const seen = JSON.stringify(client.notifications);
    if (joins === null) expect(first.method).toBe('connectionSuccess');
    else expect(seen).toContain(String(joins));
    client.close();
  });

  test('what is wrong with a token is said as over REST', async () => {
    const secret = await sign({ permissions: JOIN, exp: 1_700_000_000 });
    const client = RawClient.open(String(server.app.httpUrl), { roomId, peerId: 'late', secret });
    const refused = JSON.stringify(await client.waitFor((it) => it.method === 'error'));
    expect(refused).toContain('Token is invalid or expired: the claim exp is 2023-11-14T22:13:20Z (1700000000)');
    client.close();
  });
});
