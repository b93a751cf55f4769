// The official server SDK, unmodified, against our REST API: rooms, sessions and participants.
import { AuthenticationError, RoomNotFoundError, ValidationError, VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertParticipant, insertRoomSession } from '../harness/participants.ts';
import { startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi;
let url: string;
let sdk: VideoSDK;

beforeAll(async () => {
  api = await startTestApi();
  const { apiKey, secret } = api.key;
  url = await api.listen();
  sdk = new VideoSDK({ apiKey, secret, apiEndpoint: url });
});
afterAll(() => api.close());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function roomWithSession(people: string[]): Promise<{ roomId: string; sessionId: string }> {
  const { roomId } = await sdk.rooms.create();
  const { ownerId, apiKey } = api.key;
  const sessionId = await insertRoomSession(api.database.db, { roomId, ownerId, apiKey });
  for (const [index, id] of people.entries()) {
    const joined = new Date(Date.now() + index * 1000);
    await insertParticipant(api.database.db, sessionId, id, { stays: [{ joined }] });
  }
  return { roomId, sessionId };
}

test('rooms.create, with nothing and with everything', async () => {
  expect(await sdk.rooms.create()).toMatchObject({
    roomId: expect.any(String),
    id: expect.any(String),
    disabled: false,
  });
  const made = await sdk.rooms.create({
    customRoomId: 'from the SDK',
    geoFence: 'in002',
    webhook: { url: 'https://hooks.example.com/', events: ['session*'] },
    autoCloseConfig: { afterInactiveSeconds: 600, type: 'session-end-and-deactivate' },
    autoStartConfig: { recording: { config: { layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25 } } } },
    multiComposition: { recording: true },
    allowedParticipantIds: ['ann'],
  });
  expect(made).toMatchObject({
    customRoomId: 'from the SDK',
    webhook: { endPoint: 'https://hooks.example.com/', events: ['session*'] },
    autoCloseConfig: { type: 'session-end-and-deactivate', duration: 600 },
    allowedParticipantIds: ['ann'],
  });
  expect(await sdk.rooms.create({ customRoomId: 'from the SDK' })).toEqual(made);
});

test.each([
  ['me & you', 'me & you'],
  ['50% off', '50% off'],
  ['a=b', 'a=b'],
  ['a+b/c?d', 'a+b/c?d'],
  ['caf\xe9', 'café'],
  [5, '5'],
])('a room that is called %s is made, got and validated as %s', async (sent, id) => {
  const made = await sdk.rooms.create({ customRoomId: sent as string });
  expect(made).toMatchObject({ customRoomId: id });
  expect(await sdk.rooms.get(id)).toMatchObject({ roomId: made.roomId });
  expect(await sdk.rooms.validate(id)).toBeTruthy();
});

test.each(['#1', 'a\ud83d', 'a\0', 1.5])('a room cannot be called %j', async (id) => {
  await expect(sdk.rooms.create({ customRoomId: id as string })).rejects.toThrow(/customRoomId/);
});

test('rooms.create says what has no effect, and refuses what no session could start', async () => {
  const made = await sdk.rooms.create({
    autoStartConfig: { composite: { fileFormat: 'mp4' }, hls: { qualty: 'low' } },
  });
  expect(made).toMatchObject({
    webhook: { events: [] },
    warnings: [{ field: 'autoStartConfig.composite' }, { field: 'autoStartConfig.hls.qualty' }],
  });
  for (const recording of [{ awsDirPath: '../x' }, { config: { quality: 'best' } }]) {
    const refused = sdk.rooms.create({ autoStartConfig: { recording } } as never);
    await expect(refused).rejects.toBeInstanceOf(ValidationError);
  }
  const ambiguous = sdk.rooms.create({ customRoomId: made.roomId });
  await expect(ambiguous).rejects.toMatchObject({ httpStatus: 409, code: 'CUSTOM_ROOM_ID_TAKEN' });
});

test('rooms.list iterates over all pages and ends', async () => {
  const made = [];
  for (let i = 0; i < 3; i++) made.push((await sdk.rooms.create()).id);
  const rooms = await collect(await sdk.rooms.list({ perPage: 1 }));
  const ids = rooms.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(made));
  const { roomId } = await sdk.rooms.create({ customRoomId: 'looked for' });
  expect(await collect(await sdk.rooms.list({ query: 'looked for' }))).toMatchObject([{ roomId }]);
});

test('rooms.get, validate and end', async () => {
  const room = await sdk.rooms.create({ customRoomId: 'name/with?odd&characters' });
  for (const id of [room.id, room.roomId, 'name/with?odd&characters']) {
    expect(await sdk.rooms.get(id)).toMatchObject({ id: room.id });
  }
  await expect(sdk.rooms.get('nope')).rejects.toBeInstanceOf(RoomNotFoundError);
  expect(await sdk.rooms.validate('nope')).toEqual({ valid: false, roomId: 'nope' });
  expect(await sdk.rooms.validate('no id at all')).toMatchObject({ valid: false });
  expect(await sdk.rooms.validate(room.roomId)).toMatchObject({ valid: true, room: { id: room.id } });
  await expect(sdk.rooms.end('name/with?odd&characters')).rejects.toBeInstanceOf(RoomNotFoundError);
  expect(await sdk.rooms.end(room.roomId)).toMatchObject({ roomId: room.roomId, disabled: true });
});

test('sessions.list, get and end', async () => {
  const { roomId, sessionId } = await roomWithSession(['ann']);
  expect(await collect(await sdk.sessions.list({ roomId, status: 'ongoing', perPage: 1 }))).toMatchObject([
    { id: sessionId, status: 'ongoing', participants: [{ participantId: 'ann' }] },
  ]);
  expect(await sdk.sessions.get(sessionId)).toMatchObject({ id: sessionId, roomId });
  expect(await sdk.sessions.end({ roomId })).toMatchObject({ id: sessionId, roomId, status: 'ongoing' });
  expect(await collect(await sdk.sessions.list({ roomId, status: 'ended' }))).toHaveLength(1);
  await expect(sdk.sessions.end({ roomId })).rejects.toBeInstanceOf(ValidationError);
  expect(await sdk.sessions.end({ roomId, force: true, ignoreClosed: true })).toMatchObject({ status: 'ended' });
});

test('participants: those present in a room, all of a session, one, and removal', async () => {
  const { roomId, sessionId } = await roomWithSession(['ann', 'bob', 'carl']);
  const people = ['ann', 'bob', 'carl'];
  const names = async (page: AsyncIterable<{ participantId: string }>) =>
    (await collect(page)).map(({ participantId }) => participantId);
  expect(await names(await sdk.participants.list(roomId, { perPage: 1 }))).toEqual(people);
  expect(await names(await sdk.sessions.listParticipants(sessionId, { perPage: 2 }))).toEqual(people);
  expect(await names(await sdk.sessions.listActiveParticipants(sessionId, { perPage: 2 }))).toEqual(people);
  expect(await sdk.sessions.getParticipant(sessionId, 'bob')).toMatchObject({ participantId: 'bob' });
  expect(await sdk.participants.get(roomId, 'bob')).toMatchObject({ participantId: 'bob' });
  expect(await sdk.sessions.removeParticipant({ roomId, participantId: 'bob' })).toBe(
    'Participant removed successfully',
  );
  expect(await sdk.participants.remove(roomId, 'carl')).toBe('Participant removed successfully');
  expect(api.live.removed).toEqual(['bob', 'carl'].map((participantId) => ({ sessionId, participantId })));
  const empty = await sdk.rooms.create();
  expect(await names(await sdk.participants.list(empty.roomId))).toEqual([]);
  await expect(sdk.participants.get(empty.roomId, 'ann')).rejects.toBeInstanceOf(RoomNotFoundError);
});

test('errors carry class, message, code and request id', async () => {
  await expect(sdk.rooms.get('nope')).rejects.toMatchObject({
    httpStatus: 404,
    code: 'ROOM_NOT_FOUND',
    message: 'Room not found.',
    requestId: expect.any(String),
  });
  const stranger = new VideoSDK({ apiKey: api.key.apiKey, secret: 'not the secret of that key', apiEndpoint: url });
  await expect(stranger.rooms.create()).rejects.toBeInstanceOf(AuthenticationError);
});

test('tokens of the SDK reach what they are meant for', async () => {
  const { roomId } = await sdk.rooms.create();
  const joining = sdk.accessToken().setParticipant('ann').forRoom(roomId).toJwt();
  expect(await api.access.authorizeJoin(joining)).toMatchObject({ entry: 'allowed', moderator: true });
  await expect(api.access.authorizeRest(joining)).rejects.toMatchObject({ status: 403 });
});
