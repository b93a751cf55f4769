import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintToken, PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';

let api: TestApi;
let roomId: string;
beforeAll(async () => {
  api = await startTestApi();
  roomId = (await api.call('POST', '/v2/rooms', { customRoomId: 'the room' })).body.roomId;
});
afterAll(() => api.close());

describe('POST /infra/v1/meetings/init-config', () => {
  const ask = async (claims: Record<string, unknown>, body: unknown = { roomId }, key = api.key) =>
    api.call('POST', '/infra/v1/meetings/init-config', body, await mintToken(key, claims));

  test.each(['roomId', 'customRoomId'])('names the media node of a room, found by %s', async (by) => {
    const { status, body } = await ask({}, { roomId: by === 'roomId' ? roomId : 'the room' });
    expect(status).toBe(200);
    expect(body).toEqual({ data: { baseUrl: 'media-1.example.com:8443', observability: { traces: {}, logs: {} } } });
  });

  test('accepts a token for this room, and one that has to ask', async () => {
    expect((await ask({ roomId })).status).toBe(200);
    expect((await ask({ roomId: 'the room', roles: ['rtc'] })).status).toBe(200);
    for (const permissions of [['ask_join'], ['ask_join', 'allow_join', 'allow_mod'], 'allow_join']) {
      expect((await ask({ permissions, roles: ['CRAWLER'] })).status).toBe(200);
    }
  });

  test('refuses with the numbers of the SDK', async () => {
    const guarded = (await api.call('POST', '/v2/rooms', { allowedParticipantIds: ['ann'] })).body.roomId;
    const ended = (await api.call('POST', '/v2/rooms')).body.roomId;
    await api.call('POST', '/v2/rooms/deactivate', { roomId: ended });
    const refusals: [number, number, ReturnType<typeof ask>][] = [
      [4001, 401, ask({ apikey: 'unknown' })],
      [4002, 401, api.call('POST', '/infra/v1/meetings/init-config', { roomId }, 'nonsense')],
      [4002, 401, api.call('POST', '/infra/v1/meetings/init-config', { roomId }, '')],
      [4003, 404, ask({}, { roomId: 'nope' })],
      [4003, 404, ask({}, undefined, api.otherKey)],
      [4004, 400, ask({ participantId: 'a b' })],
      [4008, 403, ask({ permissions: [] })],
      [4008, 403, ask({ permissions: ['ask_join', 'allow_mod'] })],
      [4008, 403, ask({ permissions: ['allow_mod'] })],
      [4008, 403, ask({ permissions: ['allow_everything'] })],
      [4022, 403, ask({ roomId: guarded })],
      [4023, 403, ask({ participantId: 'bob' }, { roomId: guarded })],
      [4024, 403, ask({ roles: ['crawler'] })],
      [4052, 403, ask({}, { roomId: ended })],
      [5000, 400, ask({}, {})],
      [5000, 400, ask({}, { roomId: 'a\0b' })],
    ];
    for (const [code, status, asked] of refusals) {
      const answer = await asked;
      expect(answer.body).toEqual({ code, statusCode: status, error: expect.any(String), message: answer.body.error });
      expect(answer.status).toBe(status);
    }
  });

  test('a disabled key is refused', async () => {
    const key = await api.access.keys.create();
    await api.access.keys.disable(key.apiKey);
    expect(await ask({}, undefined, key)).toMatchObject({ status: 401, body: { code: 4053 } });
  });
});

describe('joinable', () => {
  const grantOf = async (claims: Record<string, unknown>) => api.access.authorizeJoin(await mintToken(api.key, claims));

  test('checks the participant id that the socket brings against the token and the room', async () => {
    const guarded = (await api.call('POST', '/v2/rooms', { allowedParticipantIds: ['ann', 'bob'] })).body.roomId;
    const any = await grantOf({});
    const ann = await grantOf({ participantId: 'ann' });
    expect((await api.rooms.joinable(any, guarded, 'bob')).roomId).toBe(guarded);
    expect((await api.rooms.joinable(ann, guarded, 'ann')).roomId).toBe(guarded);
    await expect(api.rooms.joinable(ann, guarded, 'bob')).rejects.toMatchObject({ signalingCode: 4023 });
    await expect(api.rooms.joinable(any, guarded, 'carl')).rejects.toMatchObject({ signalingCode: 4023 });
    for (const bad of ['', 'a b', 'a\n', 'x'.repeat(129), 'a\0']) {
      await expect(api.rooms.joinable(any, guarded, bad)).rejects.toMatchObject({ signalingCode: 4004 });
    }
    await expect(api.rooms.joinable(any, 'no\0room', 'ann')).rejects.toMatchObject({ signalingCode: 4003 });
  });
});

describe('files', () => {
  const upload = async (body: unknown, claims: Record<string, unknown> = {}, key = api.key) =>
    api.call('POST', `/base64-upload?roomId=${roomId}`, body, await mintToken(key, claims));
  const fetchFile = async (url: string, claims: Record<string, unknown> = {}, key = api.key) =>
    api.app.inject({ url: new URL(url).pathname, headers: { authorization: await mintToken(key, claims) } });

  test('come back byte for byte, as a download', async () => {
    const content = Buffer.from(Array.from({ length: 5_000 }, (_, i) => i % 256));
    const fileName = '../../etc/"naïve" <b>\r\n.html';
    const { status, body } = await upload({
      fileName,
      base64Data: `data:image/png;base64,${content.toString('base64')}`,
    });
    expect(status).toBe(200);
    expect(body.url).toMatch(new RegExp(`^${PUBLIC_URL}/files/[0-9a-f]{24}$`));
    const answer = await fetchFile(body.url, { roles: ['rtc'], roomId: 'the room' });
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload.equals(content)).toBe(true);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-disposition']).toMatch(
      /^attachment; filename="[\w .()-]*"; filename\*=UTF-8''[\w.%~!-]*$/,
    );
  });

  test('of 10 MiB are taken, larger ones are not', async () => {
    const limit = 10 * 1024 * 1024;
    expect((await upload({ fileName: 'a', base64Data: Buffer.alloc(limit).toString('base64') })).status).toBe(200);
    expect((await upload({ fileName: 'a', base64Data: Buffer.alloc(limit + 1).toString('base64') })).status).toBe(400);
    expect((await upload({ fileName: 'a', base64Data: 'A'.repeat(16_000_000) })).status).toBe(413);
  });

  test('need a token for their room', async () => {
    const { body } = await upload({ fileName: 'a.txt', base64Data: 'aGk=' });
    const elsewhere = (await api.call('POST', '/v2/rooms')).body.roomId;
    expect((await fetchFile(body.url, {}, api.otherKey)).statusCode).toBe(404);
    expect((await fetchFile(body.url, { roomId: elsewhere })).statusCode).toBe(403);
    expect((await api.app.inject({ url: new URL(body.url).pathname })).statusCode).toBe(401);
    expect((await fetchFile(`${PUBLIC_URL}/files/${'0'.repeat(24)}`)).statusCode).toBe(404);
    expect((await fetchFile(`${PUBLIC_URL}/files/..%2Fpostgres`)).statusCode).toBe(400);
    expect((await upload({ fileName: 'a', base64Data: 'aGk=' }, { roomId: elsewhere })).status).toBe(403);
    expect((await upload({ fileName: 'a', base64Data: 'aGk=' }, {}, api.otherKey)).status).toBe(404);
  });

  test('must be base64 and have a name', async () => {
    for (const body of [
      {},
      { fileName: 'a' },
      { fileName: 'a', base64Data: '' },
      { fileName: 'a', base64Data: 'ä' },
      { fileName: {}, base64Data: 'aGk=' },
    ]) {
      expect((await upload(body)).status).toBe(400);
    }
  });
});
