import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertRoomSession } from '../../test/harness/participants.ts';
import { mintToken, PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { fits } from '../kit/validate.ts';
import { EVENT_TYPES } from '../protocol/events.ts';
import { DeactivatedRoomBody, OwnedRoomBody, RoomBody, RoomPage } from '../protocol/rest/rooms.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    checkUrl: (url) => {
      if (url.includes('169.254.')) throw new Error('the destination is a link-local address');
    },
  });
});
afterAll(() => api.close());

const create = (body?: unknown) => api.call('POST', '/v2/rooms', body);

describe('POST /v2/rooms', () => {
  test('an empty body and no body make a room of the documented shape', async () => {
    for (const body of [{}, undefined]) {
      const { status, body: room, headers } = await create(body);
      expect(status).toBe(200);
      expect(room).toEqual({
        roomId: expect.stringMatching(/^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/),
        customRoomId: null,
        userId: api.key.ownerId,
        apiKey: api.key.apiKey,
        disabled: false,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updatedAt: room.createdAt,
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        links: { get_room: `${PUBLIC_URL}/v2/rooms/${room.roomId}`, get_session: `${PUBLIC_URL}/v2/sessions/` },
        webhook: { events: [] },
        autoCloseConfig: { type: 'session-ends', duration: 480 },
      });
      expect(fits(RoomBody, room)).toBe(true);
      expect(headers['x-request-id']).toMatch(/./);
    }
  });

  test('every option of the reference is taken and returned', async () => {
    const composed = {
      templateUrl: 'https://pages.example.com/layout?x=1',
      config: {
        layout: { type: 'SIDEBAR', priority: 'PIN', gridSize: 25 },
        theme: 'DARK',
        mode: 'video-and-audio',
        quality: 'high',
        orientation: 'portrait',
        recording: { enabled: 'true' },
      },
      theme: 'LIGHT',
      quality: 'low',
      transcription: { enabled: true, summary: { enabled: 'false', prompt: 'Be brief.' } },
      awsDirPath: 'a/b',
      somethingNew: { is: ['tolerated'] },
    };
    const wish = {
      customRoomId: 'every option ✓',
      webhook: { endPoint: 'https://hooks.example.com/x', events: [...EVENT_TYPES, 'participant-track-*', '*'] },
      autoCloseConfig: { type: 'session-end-and-deactivate', duration: 60 },
      autoStartConfig: {
        recording: composed,
        hls: composed,
        composite: { participants: [{ participantId: 'a', kind: ['audio'] }] },
      },
      multiComposition: { recording: true, hls: false, rtmp: 'true' },
      geoFence: 'sg001',
      allowedParticipantIds: ['a', 'b'],
    };
    const { status, body: room } = await create({ ...wish, region: 'sg001', junk: 1 });
    expect(status).toBe(200);
    expect(room).toMatchObject(wish);
    expect(room).not.toHaveProperty('region');
    expect((await api.call('GET', `/v2/rooms/${room.roomId}`)).body).toMatchObject(wish);
  });

  test('null means absent', async () => {
    const { status, body } = await create({
      customRoomId: null,
      webhook: null,
      autoCloseConfig: { type: null, duration: 5 },
    });
    expect(status).toBe(200);
    expect(body.webhook).toEqual({ events: [] });
    expect(body.autoCloseConfig).toEqual({ type: 'session-ends', duration: 5 });
  });

  test('the same customRoomId returns the first room, unchanged, even when deactivated', async () => {
    const first = (await create({ customRoomId: 'again', geoFence: 'us001' })).body;
    expect((await create({ customRoomId: 'again', geoFence: 'eu001' })).body).toEqual(first);
    await api.call('POST', '/v2/rooms/deactivate', { roomId: first.roomId });
    expect((await create({ customRoomId: 'again' })).body).toMatchObject({ id: first.id, disabled: true });
  });

  test('a hundred concurrent creates of one customRoomId make one room', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => create({ customRoomId: 'race' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await api.call('GET', '/v2/rooms?query=race')).body.pageInfo.total).toBe(1);
  });

  test('owners do not share customRoomIds', async () => {
    const other = await mintToken(api.otherKey);
    const mine = (await create({ customRoomId: 'shared-name' })).body;
    const theirs = (await api.call('POST', '/v2/rooms', { customRoomId: 'shared-name' }, other)).body;
    expect(theirs.id).not.toBe(mine.id);
  });

  test.each([
    ['customRoomId', { customRoomId: 5.5 }, 'customRoomId'],
    ['an empty customRoomId', { customRoomId: '' }, 'customRoomId'],
    ['a long customRoomId', { customRoomId: 'x'.repeat(257) }, 'customRoomId'],
    ['control characters', { customRoomId: 'a\nb' }, 'customRoomId'],
    ['NUL', { customRoomId: 'a\0b' }, 'customRoomId'],
    ['NUL deep inside', { autoStartConfig: { recording: { x: ['\0'] } } }, 'autoStartConfig.recording.x.0'],
    ['half a surrogate pair', { autoStartConfig: { hls: { note: '\ud800' } } }, 'autoStartConfig.hls.note'],
    ['a webhook without endPoint', { webhook: { events: ['*'] } }, 'webhook.endPoint'],
    ['a webhook that is no URL', { webhook: { endPoint: 'nowhere', events: [] } }, 'webhook.endPoint'],
    ['a webhook by ftp', { webhook: { endPoint: 'ftp://a.example/', events: [] } }, 'webhook.endPoint'],
    ['credentials', { webhook: { endPoint: 'https://a:b@c.example/', events: [] } }, 'webhook.endPoint'],
    ['a long endPoint', { webhook: { endPoint: `https://a.example/${'x'.repeat(500)}` } }, 'webhook.endPoint'],
    ['a forbidden address', { webhook: { endPoint: 'http://169.254.169.254/' } }, 'webhook.endPoint'],
    ['an unknown event', { webhook: { endPoint: 'https://a.example/', events: ['*', 'nope'] } }, 'webhook.events.1'],
    ['a wrong type', { autoCloseConfig: { type: 'never' } }, 'autoCloseConfig.type'],
    ['a negative duration', { autoCloseConfig: { duration: -1 } }, 'autoCloseConfig.duration'],
    ['a text duration', { autoCloseConfig: { duration: 'long' } }, 'autoCloseConfig.duration'],
    [
      'gridSize 26',
      { autoStartConfig: { hls: { config: { layout: { gridSize: 26 } } } } },
      'autoStartConfig.hls.config.layout.gridSize',
    ],
    [
      'a fractional gridSize',
      { autoStartConfig: { recording: { config: { layout: { gridSize: 1.5 } } } } },
      'autoStartConfig.recording.config.layout.gridSize',
    ],
    [
      'a quality beside config',
      { autoStartConfig: { recording: { quality: 'best' } } },
      'autoStartConfig.recording.quality',
    ],
    [
      'a template that is no URL',
      { autoStartConfig: { hls: { templateUrl: 'page' } } },
      'autoStartConfig.hls.templateUrl',
    ],
    ['a flag that is a word', { multiComposition: { hls: 'yes' } }, 'multiComposition.hls'],
    ['a participant id with a space', { allowedParticipantIds: ['a b'] }, 'allowedParticipantIds.0'],
    ['a huge configuration', { autoStartConfig: { recording: { x: 'x'.repeat(70_000) } } }, 'autoStartConfig'],
    ['an array', ['customRoomId'], 'body'],
    ['a text', '"text"', 'body'],
  ])('%s is refused by name', async (_what, body, field) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ statusCode: 400, code: 'INVALID_INPUT', error: answer.body.message });
    expect(answer.body.details[0].field).toBe(field);
    expect(answer.body.message).toContain(field);
  });

  test('patterns are told in words', async () => {
    const { body } = await create({ customRoomId: 'a\nb' });
    expect(body.message).toBe(
      'customRoomId: must be 1 to 256 characters without control characters and without #, which ends an address: ' +
        'clients could not join, but got "a\\nb".',
    );
  });

  test('an unknown event is answered with the known ones', async () => {
    const { body } = await create({ webhook: { endPoint: 'https://a.example/', events: ['nope'] } });
    for (const event of EVENT_TYPES) expect(body.message).toContain(event);
  });
});

describe('GET /v2/rooms', () => {
  test('pages newest first, with numbers that end the iteration of the SDK', async () => {
    const key = await api.access.keys.create();
    const token = await mintToken(key);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await api.call('POST', '/v2/rooms', {}, token)).body.id);
    const seen: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const { body } = await api.call('GET', `/v2/rooms?page=${page}&perPage=2`, undefined, token);
      expect(fits(RoomPage, body)).toBe(true);
      expect(body.pageInfo).toEqual({ currentPage: page, perPage: 2, lastPage: 3, total: 5 });
      seen.push(...body.data.map(({ id }: { id: string }) => id));
    }
    expect([...seen].sort()).toEqual([...ids].sort());
  });

  test('an owner without rooms has one empty page', async () => {
    const token = await mintToken(await api.access.keys.create());
    const { body } = await api.call('GET', '/v2/rooms/', undefined, token);
    expect(body).toEqual({ pageInfo: { currentPage: 1, perPage: 20, lastPage: 1, total: 0 }, data: [] });
  });

  test('pages have at most 200 items, and say so', async () => {
    const { body } = await api.call('GET', '/v2/rooms?perPage=5000');
    expect(body.pageInfo.perPage).toBe(200);
  });

  test.each(['page=0', 'page=x', 'perPage=-1', 'perPage=1e9', 'page=1&page=2', 'page=99999999999999999999'])(
    '?%s is refused',
    async (query) => {
      expect((await api.call('GET', `/v2/rooms?${query}`)).status).toBe(400);
    },
  );
});

describe('one room', () => {
  test('get finds it by each of its ids', async () => {
    const room = (await create({ customRoomId: 'three names' })).body;
    for (const id of [room.roomId, encodeURIComponent('three names'), room.id]) {
      const { status, body } = await api.call('GET', `/v2/rooms/${id}`);
      expect(status).toBe(200);
      expect(fits(OwnedRoomBody, body)).toBe(true);
      expect(body).toMatchObject({ id: room.id, user: { id: api.key.ownerId, email: null } });
    }
  });

  test('an unknown one is 404 for get, 400 for validate, 402 for deactivate', async () => {
    expect(await api.call('GET', '/v2/rooms/nope')).toMatchObject({ status: 404, body: { code: 'ROOM_NOT_FOUND' } });
    expect(await api.call('GET', '/v2/rooms/validate/nope')).toMatchObject({
      status: 400,
      body: { message: 'Room not found.' },
    });
    expect(await api.call('GET', '/v2/rooms/validate/no%20id')).toMatchObject({
      status: 400,
      body: { message: 'RoomId is invalid.' },
    });
    expect((await api.call('POST', '/v2/rooms/deactivate', { roomId: 'nope' })).status).toBe(402);
  });

  test('validate takes both ids, GET and POST', async () => {
    const room = (await create({ customRoomId: 'valid' })).body;
    for (const method of ['GET', 'POST'] as const) {
      for (const id of ['valid', room.roomId]) {
        expect(await api.call(method, `/v2/rooms/validate/${id}`)).toMatchObject({ status: 200, body: room });
      }
    }
  });

  test('deactivate ends the live session, is idempotent, and refuses a customRoomId', async () => {
    const room = (await create({ customRoomId: 'to end' })).body;
    const sessionId = await insertRoomSession(api.database.db, {
      ...room,
      ownerId: room.userId,
      apiKey: api.key.apiKey,
    });
    expect((await api.call('POST', '/v2/rooms/deactivate', { roomId: 'to end' })).status).toBe(402);
    const first = await api.call('POST', '/v2/rooms/deactivate', { roomId: room.roomId });
    expect(first.status).toBe(200);
    expect(fits(DeactivatedRoomBody, first.body)).toBe(true);
    expect(first.body).toMatchObject({
      disabled: true,
      meetingId: room.roomId,
      userMeetingId: 'to end',
      user: { id: room.userId },
    });
    expect(api.live.ended).toContainEqual({ sessionId, reason: 'deactivated' });
    expect((await api.call('POST', '/v2/rooms/deactivate', { roomId: room.roomId })).body).toEqual(first.body);
    expect((await api.call('GET', `/v2/rooms/validate/${room.roomId}`)).body.disabled).toBe(true);
  });
});

test('a list leaves long lists of participants out and counts them, a room keeps its own', async () => {
  const ids = Array.from({ length: 101 }, (_, nth) => `participant-${nth}`);
  const long = (await api.call('POST', '/v2/rooms', { allowedParticipantIds: ids })).body;
  const short = (await api.call('POST', '/v2/rooms', { allowedParticipantIds: ids.slice(1) })).body;
  const { data } = (await api.call('GET', '/v2/rooms')).body;
  const listed = (id: string) => data.find((room: { id: string }) => room.id === id);
  expect([listed(long.id).allowedParticipantIds, listed(long.id).allowedParticipantIdsCount]).toEqual([undefined, 101]);
  expect([listed(short.id).allowedParticipantIds, listed(short.id).allowedParticipantIdsCount]).toEqual([
    ids.slice(1),
    undefined,
  ]);
  expect((await api.call('GET', `/v2/rooms/${long.roomId}`)).body.allowedParticipantIds).toEqual(ids);
});
