import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertParticipant, insertRoomSession } from '../../test/harness/participants.ts';
import { mintToken, PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { fits } from '../kit/validate.ts';
import {
  ActiveParticipantsPage,
  EndedSessionBody,
  ParticipantBody,
  ParticipantsPage,
  SessionBody,
  SessionPage,
} from '../protocol/rest/sessions.ts';

const T = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
const ISO = (minute: number) => T(minute).toISOString();

let api: TestApi;
let room: { roomId: string; ownerId: string; apiKey: string };
let past: string;
let live: string;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** A room with an hour-old session that two people attended, and a live one that one has left and one is in. */
beforeEach(async () => {
  const { body } = await api.call('POST', '/v2/rooms', { customRoomId: `room of ${Math.random()}`, geoFence: 'in002' });
  room = { roomId: body.roomId, ownerId: body.userId, apiKey: api.key.apiKey };
  const { db } = api.database;
  past = await insertRoomSession(db, room, { started: T(0), ended: T(10) });
  live = await insertRoomSession(db, room, { started: T(20) });
  await insertParticipant(db, past, 'ann', {
    stays: [
      { joined: T(0), left: T(4) },
      { joined: T(5), left: T(10) },
    ],
  });
  await insertParticipant(db, past, 'bob', { stays: [{ joined: T(1), left: T(10) }] });
  await insertParticipant(db, live, 'ann', { stays: [{ joined: T(20), left: T(21) }] });
  await insertParticipant(db, live, 'bob', {
    stays: [{ joined: T(22) }],
    modes: [{ mode: 'SEND_AND_RECV', at: T(22) }],
    spans: [
      { kind: 'mic', started: T(22), ended: T(23) },
      { kind: 'mic', started: T(24) },
      { kind: 'screenShare', started: T(25) },
    ],
    deviceInfo: { sdkType: 'javascript', platform: 'desktop' },
  });
});

const list = async (query: string) => (await api.call('GET', `/v2/sessions?roomId=${room.roomId}&${query}`)).body;
const ids = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);

describe('GET /v2/sessions', () => {
  test('lists newest first, with participants', async () => {
    const page = await list('');
    expect(fits(SessionPage, page)).toBe(true);
    expect(ids(page)).toEqual([live, past]);
    expect(page.data[1]).toMatchObject({
      roomId: room.roomId,
      status: 'ended',
      start: ISO(0),
      end: ISO(10),
      activeDuration: 600,
      apiKey: api.key.apiKey,
      region: 'in002',
      links: { get_room: `${PUBLIC_URL}/v2/rooms/${room.roomId}`, get_session: `${PUBLIC_URL}/v2/sessions/${past}` },
    });
    expect(page.data[1].participants.map((p: { participantId: string }) => p.participantId)).toEqual(['ann', 'bob']);
    expect(page.data[1].participants[0].timelog).toEqual([
      { start: ISO(0), end: ISO(4) },
      { start: ISO(5), end: ISO(10) },
    ]);
  });

  test('is bounded however many were in a meeting, and however often they came', async () => {
    const { db } = api.database;
    for (let nth = 0; nth < 101; nth++) {
      const stays =
        nth === 0 ? Array.from({ length: 120 }, () => ({ joined: T(21), left: T(22) })) : [{ joined: T(23) }];
      await insertParticipant(db, live, `guest-${nth}`, { stays });
    }
    const [of, other] = (await list('')).data;
    expect([of.participants.length, of.participantsCount]).toEqual([100, 103]);
    expect([other.participants.length, other.participantsCount]).toEqual([2, undefined]);
    const often = of.participants.find((it: { participantId: string }) => it.participantId === 'guest-0');
    expect(often.timelog).toHaveLength(100);
    expect((await api.call('GET', `/v2/sessions/${live}`)).body.participants).toHaveLength(103);
  });

  test('filters', async () => {
    const { customRoomId } = (await api.call('GET', `/v2/rooms/${room.roomId}`)).body;
    const custom = encodeURIComponent(customRoomId);
    expect(ids(await list('status=ongoing&perPage=1'))).toEqual([live]);
    expect(ids(await list('status=ended'))).toEqual([past]);
    expect(ids(await list(`startDate=${T(15).getTime()}`))).toEqual([live]);
    expect(ids(await list(`endDate=${T(15).getTime()}`))).toEqual([past]);
    expect(ids(await list(`userId=${room.ownerId}`))).toHaveLength(2);
    expect(ids(await list('userId=somebody'))).toEqual([]);
    expect(ids(await list('customRoomId=other'))).toEqual([]);
    for (const query of [`query=${custom}`, `customRoomId=${custom}`, `roomId=${custom}`]) {
      expect(ids((await api.call('GET', `/v2/sessions?${query}`)).body)).toEqual([live, past]);
    }
    for (const query of ['status=over', 'startDate=yesterday', 'endDate=9e99']) {
      expect((await api.call('GET', `/v2/sessions?${query}`)).status).toBe(400);
    }
  });

  test('pages', async () => {
    expect(await list('perPage=1&page=2')).toMatchObject({ pageInfo: { total: 2, lastPage: 2 }, data: [{ id: past }] });
    expect(ids(await list('perPage=1&page=9'))).toEqual([]);
  });
});

describe('one session', () => {
  test('get', async () => {
    const { body } = await api.call('GET', `/v2/sessions/${live}`);
    expect(fits(SessionBody, body)).toBe(true);
    expect(body).toMatchObject({ id: live, status: 'ongoing', end: null, userId: room.ownerId });
    expect(body.links.get_session).toBe(`${PUBLIC_URL}/v2/sessions/`);
  });

  test('participants are one object, paged', async () => {
    const { body } = await api.call('GET', `/v2/sessions/${live}/participants?perPage=1&page=2`);
    expect(fits(ParticipantsPage, body)).toBe(true);
    expect(body.pageInfo).toEqual({ currentPage: 2, perPage: 1, lastPage: 2, total: 2 });
    expect(body.data).toMatchObject({ id: live, participants: [{ participantId: 'bob' }] });
  });

  test('participants present are an array of one session', async () => {
    const { body } = await api.call('GET', `/v2/sessions/${live}/participants/active`);
    expect(fits(ActiveParticipantsPage, body)).toBe(true);
    expect(body).toMatchObject({
      pageInfo: { total: 1 },
      data: [{ _id: live, participants: [{ participantId: 'bob' }] }],
    });
    expect(body.data[0].links.get_all_participants).toBe(`${PUBLIC_URL}/v2/sessions/${live}/participants`);
    expect((await api.call('GET', `/v2/sessions/${past}/participants/active`)).body.data[0].participants).toEqual([]);
  });

  test('one participant, with everything that happened to them', async () => {
    const { body } = await api.call('GET', `/v2/sessions/${live}/participants/bob`);
    expect(fits(ParticipantBody, body)).toBe(true);
    expect(body).toMatchObject({
      participantId: 'bob',
      name: 'Name of bob',
      mode: 'SEND_AND_RECV',
      timelog: [{ start: ISO(22), end: null }],
      changeModeHistory: [{ mode: 'SEND_AND_RECV', timelog: ISO(22), _id: expect.stringMatching(/^[0-9a-f]{24}$/) }],
      events: {
        mic: [
          { start: ISO(22), end: ISO(23) },
          { start: ISO(24), end: null },
        ],
        webcam: [],
        screenShare: [{ start: ISO(25), end: null }],
        screenShareAudio: [],
      },
      deviceInfo: { sdkType: 'javascript' },
    });
  });

  test('unknown ones are 404', async () => {
    for (const path of ['nope', 'nope/participants', 'nope/participants/active', `${live}/participants/nope`]) {
      expect((await api.call('GET', `/v2/sessions/${path}`)).status).toBe(404);
    }
  });
});

describe('POST /v2/sessions/end', () => {
  const end = (body: unknown) => api.call('POST', '/v2/sessions/end', body);

  test.each(['roomId', 'meetingId', 'customRoomId in roomId', 'sessionId', 'both'])(
    'names the session by %s',
    async (how) => {
      const { customRoomId } = (await api.call('GET', `/v2/rooms/${room.roomId}`)).body;
      const bodies: Record<string, unknown> = {
        roomId: { roomId: room.roomId, vsdkForceKill: true },
        meetingId: { meetingId: room.roomId },
        'customRoomId in roomId': { roomId: customRoomId },
        sessionId: { sessionId: live },
        both: { roomId: room.roomId, sessionId: live },
      };
      const { status, body } = await end(bodies[how]);
      expect(status).toBe(200);
      expect(fits(EndedSessionBody, body)).toBe(true);
      expect(body).toMatchObject({
        id: live,
        status: 'ongoing',
        end: null,
        meetingId: room.roomId,
        userMeetingId: customRoomId,
      });
      expect(api.live.ended).toContainEqual({ sessionId: live, reason: 'ended-by-api' });
      expect((await api.call('GET', `/v2/sessions/${live}`)).body.status).toBe('ended');
    },
  );

  test('an ended one is refused unless that is accepted', async () => {
    expect(await end({ sessionId: past })).toMatchObject({ status: 400, body: { code: 'SESSION_ALREADY_ENDED' } });
    expect(await end({ sessionId: past, ignoreClosed: 'true' })).toMatchObject({
      status: 200,
      body: { status: 'ended' },
    });
  });

  test('neither id, unknown ids and ids that do not belong together are refused', async () => {
    expect(await end({})).toMatchObject({ status: 400, body: { code: 'ROOM_OR_SESSION_MISSING' } });
    expect((await end({ roomId: 'nope' })).status).toBe(404);
    expect((await end({ sessionId: 'nope' })).status).toBe(404);
    expect((await end({ roomId: 'other', sessionId: live })).status).toBe(404);
    const empty = (await api.call('POST', '/v2/rooms')).body;
    expect(await end({ roomId: empty.roomId })).toMatchObject({ status: 400, body: { code: 'NO_LIVE_SESSION' } });
  });
});

describe('POST /v2/sessions/participants/remove', () => {
  const remove = (body: unknown) => api.call('POST', '/v2/sessions/participants/remove', body);

  test('answers a JSON string', async () => {
    const { status, body, headers } = await remove({ roomId: room.roomId, participantId: 'bob' });
    expect({ status, body }).toEqual({ status: 200, body: 'Participant removed successfully' });
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(api.live.removed).toContainEqual({ sessionId: live, participantId: 'bob' });
  });

  test('who is not there cannot be removed', async () => {
    expect((await remove({ roomId: room.roomId, participantId: 'ann' })).status).toBe(404);
    expect((await remove({ sessionId: live, participantId: 'carl' })).status).toBe(404);
    expect((await remove({ sessionId: past, participantId: 'ann' })).status).toBe(400);
    expect((await remove({ participantId: 'ann' })).status).toBe(400);
    expect((await remove({ roomId: room.roomId })).status).toBe(400);
  });
});

describe('isolation', () => {
  test('another owner finds nothing and changes nothing', async () => {
    const other = await mintToken(api.otherKey);
    const as = (method: 'GET' | 'POST', url: string, body?: unknown) => api.call(method, url, body, other);
    for (const path of [
      `rooms/${room.roomId}`,
      `sessions/${live}`,
      `sessions/${live}/participants`,
      `sessions/${live}/participants/bob`,
    ]) {
      expect((await as('GET', `/v2/${path}`)).status).toBe(404);
    }
    expect((await as('GET', `/v2/rooms/validate/${room.roomId}`)).status).toBe(400);
    expect((await as('POST', '/v2/rooms/deactivate', { roomId: room.roomId })).status).toBe(402);
    expect((await as('POST', '/v2/sessions/end', { sessionId: live })).status).toBe(404);
    expect(
      (await as('POST', '/v2/sessions/participants/remove', { sessionId: live, participantId: 'bob' })).status,
    ).toBe(404);
    for (const path of [`rooms?query=${room.roomId}`, `sessions?roomId=${room.roomId}`, 'sessions']) {
      expect((await as('GET', `/v2/${path}`)).body.data).toEqual([]);
    }
    expect((await api.call('GET', `/v2/sessions/${live}`)).body.status).toBe('ongoing');
  });

  test('a token for one room reaches that room alone', async () => {
    const elsewhere = (await api.call('POST', '/v2/rooms')).body;
    const token = await mintToken(api.key, { roomId: elsewhere.roomId });
    const as = (method: 'GET' | 'POST', url: string, body?: unknown) => api.call(method, url, body, token);
    const refused = { status: 403, body: { code: 'TOKEN_FOR_OTHER_ROOM' } };
    expect((await as('GET', `/v2/rooms/${elsewhere.roomId}`)).status).toBe(200);
    expect(await as('GET', `/v2/rooms/${room.roomId}`)).toMatchObject(refused);
    expect(await as('GET', `/v2/rooms/validate/${room.roomId}`)).toMatchObject(refused);
    expect(await as('POST', '/v2/rooms/deactivate', { roomId: room.roomId })).toMatchObject(refused);
    expect(await as('POST', '/v2/rooms', {})).toMatchObject(refused);
    expect(await as('GET', `/v2/sessions/${live}`)).toMatchObject(refused);
    expect(await as('POST', '/v2/sessions/end', { roomId: room.roomId })).toMatchObject(refused);
    expect((await as('GET', '/v2/rooms')).body.data.map((r: { id: string }) => r.id)).toEqual([elsewhere.id]);
    expect((await as('GET', '/v2/sessions')).body.data).toEqual([]);
  });

  test('a token for one participant removes and reads that one alone', async () => {
    const token = await mintToken(api.key, { participantId: 'ann', roles: ['crawler'] });
    const refused = { status: 403, body: { code: 'PARTICIPANT_NOT_ALLOWED' } };
    expect(await api.call('GET', `/v2/sessions/${live}/participants/bob`, undefined, token)).toMatchObject(refused);
    const body = { sessionId: live, participantId: 'bob' };
    expect(await api.call('POST', '/v2/sessions/participants/remove', body, token)).toMatchObject(refused);
  });
});
