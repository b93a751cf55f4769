// What callers send to create a room, line by line: what is answered, stored, warned of or refused. Another case is
// another line.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhookRoutes } from '../../src/http/routes/webhooks.ts';
import { createOutbound } from '../../src/kit/outbound/outbound.ts';
import { createLogger } from '../../src/log.ts';
import type { Room } from '../../src/protocol/room.ts';
import { DeliveryQueue } from '../../src/store/delivery-queue.ts';
import { RoomStore } from '../../src/store/room-store.ts';
import { WebhookStore } from '../../src/store/webhook-store.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { insertRoomSession } from '../harness/participants.ts';
import { mintToken, startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  const outbound = createOutbound({ allow: [] });
  api = await startTestApi({
    checkUrl: (url) => outbound.checkUrl(url),
    withDatabase: async ({ db, url }) => {
      const parts = { queue: new DeliveryQueue(db, url), store: new WebhookStore(db), outbound };
      const webhooks = await Webhooks.create({ ...parts, log: createLogger('silent'), nodeId: 'test-node' });
      return { v2: [webhookRoutes({ webhooks })] };
    },
  });
});
afterAll(() => api.close());

const create = (body?: unknown, token?: string) => api.call('POST', '/v2/rooms', body, token);
const fieldsOf = (body: { warnings?: { field: string }[] }) => body.warnings?.map(({ field }) => field) ?? [];
const hook = (events?: unknown) => ({ webhook: { endPoint: 'https://hooks.example.com/', events } });
const recording = (options: unknown) => ({ autoStartConfig: { recording: options } });
const hls = (options: unknown) => ({ autoStartConfig: { hls: options } });

describe('what has no effect is accepted with a warning', () => {
  test.each<[body: object, field: string, hint: string]>([
    [{ webhok: {} }, 'webhok', 'did you mean webhook?'],
    [{ custom_room_id: 'x' }, 'custom_room_id', 'did you mean customRoomId?'],
    [{ autoClose: { duration: 5 } }, 'autoClose', 'did you mean autoCloseConfig?'],
    [{ recording: {} }, 'recording', 'did you mean autoStartConfig.recording?'],
    [{ zzz: 1 }, 'zzz', 'unknown'],
    [{ autoStartConfig: { recordin: {} } }, 'autoStartConfig.recordin', 'did you mean recording?'],
    [{ autoStartConfig: { livestream: {} } }, 'autoStartConfig.livestream', 'unknown'],
    [recording({ layout: { type: 'GRID' } }), 'autoStartConfig.recording.layout', 'recording.config.layout?'],
    [recording({ config: { qualty: 'high' } }), 'autoStartConfig.recording.config.qualty', 'did you mean quality?'],
    [hls({ config: { layout: { gridsize: 4 } } }), 'autoStartConfig.hls.config.layout.gridsize', 'gridSize?'],
    [hls({ fileFormat: 'mp4' }), 'autoStartConfig.hls.fileFormat', 'autoStartConfig.recording.fileFormat?'],
    [{ multiComposition: { rtmps: true } }, 'multiComposition.rtmps', 'did you mean rtmp?'],
    [{ autoCloseConfig: { afterInactiveSeconds: 5 } }, 'autoCloseConfig.afterInactiveSeconds', 'unknown'],
    [{ webhook: { endPoint: 'https://a.example/', event: ['*'] } }, 'webhook.event', 'did you mean events?'],
    [{ autoStartConfig: { composite: { participants: [] } } }, 'autoStartConfig.composite', 'no composite recordings'],
    [{ autoStartConfig: { transcription: { enabled: true } } }, 'autoStartConfig.transcription', 'no transcription'],
    [recording({ transcription: { enabled: 'true' } }), 'autoStartConfig.recording.transcription', 'no transcription'],
    [hls({ summary: { enabled: true, prompt: 'x' } }), 'autoStartConfig.hls.summary', 'no summaries'],
    [hls({ resourceId: 'unit' }), 'autoStartConfig.hls.resourceId', 'no units'],
    [{ ['x'.repeat(5_000)]: 1 }, 'x'.repeat(60), 'unknown'],
  ])('%j', async (body, field, hint) => {
    const { status, body: room } = await create(body);
    expect(status).toBe(200);
    expect(room.warnings).toEqual([{ field, message: expect.stringContaining(hint) }]);
    const { body: stored } = await api.call('GET', `/v2/rooms/${room.roomId}`);
    expect(stored).not.toHaveProperty('warnings');
  });

  test('at most twenty, and none where there are none', async () => {
    const junk = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`junk${index}`, 1]));
    expect((await create(junk)).body.warnings).toHaveLength(20);
    for (const body of [{}, recording({ transcription: { enabled: false } }), { region: 'sg001', junk: null }]) {
      expect((await create(body)).body).not.toHaveProperty('warnings');
    }
  });
});

describe('what no session could start is refused at create', () => {
  test.each<[options: object, field: string]>([
    [{ awsDirPath: '../x' }, 'awsDirPath'],
    [{ bucketDirPath: 'a/../../x' }, 'bucketDirPath'],
    [{ dirPath: 'a\\b' }, 'dirPath'],
    [{ awsDirPath: 'x'.repeat(600) }, 'awsDirPath'],
    [{ templateUrl: 'http://169.254.169.254/' }, 'templateUrl'],
    [{ webhookUrl: 'http://169.254.169.254/' }, 'webhookUrl'],
    [{ webhookUrl: 'nowhere' }, 'webhookUrl'],
    [{ preSignedURL: 'bucket' }, 'preSignedURL'],
    [{ fileFormat: 'avi' }, 'fileFormat'],
    [{ onFailure: { action: 'shout' } }, 'onFailure.action'],
    [{ onFailure: { action: 'close-room', waitTime: -1 } }, 'onFailure.waitTime'],
    [{ config: { quality: 'best' } }, 'config.quality'],
    [{ config: { layout: { type: 'grid' } } }, 'config.layout.type'],
    [{ config: { layout: { priority: 'ANY' } } }, 'config.layout.priority'],
    [{ orientation: 'diagonal' }, 'orientation'],
    [{ mode: 'video' }, 'mode'],
    [{ transcription: { enabled: 'yes' } }, 'transcription.enabled'],
  ])('%j', async (options, field) => {
    const { status, body } = await create(recording(options));
    expect([status, body.code]).toEqual([400, 'INVALID_INPUT']);
    expect(body.details[0].field).toBe(`autoStartConfig.recording.${field}`);
    expect(body.message).toContain(field);
  });

  test('every problem of both kinds is named at once', async () => {
    const autoStartConfig = { recording: { dirPath: '..' }, hls: { templateUrl: 'page' } };
    const { body } = await create({ autoStartConfig, webhook: { endPoint: 'x' } });
    expect(body.details.map(({ field }: { field: string }) => field)).toEqual([
      'webhook.endPoint',
      'autoStartConfig.recording.dirPath',
      'autoStartConfig.hls.templateUrl',
    ]);
  });
});

describe('event filters', () => {
  test.each([
    ['session-started', 'session-started'],
    ['.*', '*'],
    ['^recording-.*$', 'recording-*'],
    ['recording-.*', 'recording-*'],
    ['^session-started$', 'session-started'],
    ['.*-failed', '*-failed'],
    ['participant.*', 'participant*'],
    [' hls-playable ', 'hls-playable'],
    ['p*-*d', 'p*-*d'],
    ['participant-track-recording-*', 'participant-track-recording-*'],
    ['ai-deployment-session-failed', 'ai-deployment-session-failed'],
    ['batchcall-*', 'batchcall-*'],
    ['call-started', 'call-started'],
    ['switch-room-*', 'switch-room-*'],
    ['composite-recording-done', 'composite-recording-done'],
  ])('%s is %s', async (sent, kept) => {
    const { body } = await create(hook([sent]));
    expect(body.webhook.events).toEqual([kept]);
    const settings = { endPoint: 'https://hooks.example.com/', events: [sent] };
    expect((await changeSettings(settings)).body.events).toEqual([kept]);
  });

  test.each([
    'nope',
    'recording-begin*',
    'session-start',
    'Session-Started',
    'session-(started|ended)',
    'session-.+',
    'record.*nf',
    '^$',
    '^',
    '**x',
    'meeting-*',
    'switch-',
    'composite-recording',
  ])('%s matches nothing and is refused', async (sent) => {
    const { status, body } = await create(hook(['*', sent]));
    expect([status, body.details?.[0]?.field]).toEqual([400, 'webhook.events.1']);
    expect(body.message).toContain('recording-started');
    const answer = await changeSettings({ endPoint: 'https://hooks.example.com/', events: ['*', sent] });
    expect([answer.status, answer.body.details?.[0]?.field]).toEqual([400, 'events.1']);
  });
});

describe('ids', () => {
  test('a customRoomId that names another room of its owner is refused, and what it names is found', async () => {
    const room = (await create()).body;
    for (const customRoomId of [room.roomId, room.id]) {
      const refused = await create({ customRoomId });
      expect(refused).toMatchObject({ status: 409, body: { code: 'CUSTOM_ROOM_ID_TAKEN' } });
      expect(refused.body.message).toContain(customRoomId);
      expect((await api.call('GET', `/v2/rooms/${customRoomId}`)).body.id).toBe(room.id);
    }
    const another = await mintToken(api.otherKey);
    expect((await create({ customRoomId: room.roomId }, another)).status).toBe(200);
  });

  test('a customRoomId in the form of a roomId is the roomId, so that no other room is generated under it', async () => {
    const mine = (await create({ customRoomId: 'abcd-efgh-ijkl' })).body;
    expect(mine).toMatchObject({ roomId: 'abcd-efgh-ijkl', customRoomId: 'abcd-efgh-ijkl' });
    expect((await create({ customRoomId: 'abcd-efgh-ijkl' })).body).toEqual(mine);
    const theirs = (await create({ customRoomId: 'abcd-efgh-ijkl' }, await mintToken(api.otherKey))).body;
    expect(theirs).toMatchObject({
      customRoomId: 'abcd-efgh-ijkl',
      roomId: expect.not.stringMatching('abcd-efgh-ijkl'),
    });
    const store = new RoomStore(api.database.db);
    const generated = { ...(await store.find(mine.userId, mine.id)), id: 'f'.repeat(24), customRoomId: null } as Room;
    expect(await store.insert(generated)).toBeUndefined();
  });

  test('lists know one room by each id, even where an older version stored two', async () => {
    const room = (await create({ customRoomId: 'to be another' })).body;
    const hidden = (await create({ customRoomId: 'hides' })).body;
    const { db } = api.database;
    await db.updateTable('rooms').set({ custom_room_id: room.roomId }).where('id', '=', hidden.id).execute();
    const { ownerId, apiKey } = api.key;
    const own = await insertRoomSession(db, { roomId: room.roomId, ownerId, apiKey });
    const other = await insertRoomSession(db, { roomId: hidden.roomId, ownerId, apiKey });
    const ids = async (path: string) => (await api.call('GET', path)).body.data.map(({ id }: { id: string }) => id);
    expect(await ids(`/v2/rooms?query=${room.roomId}`)).toEqual([room.id]);
    expect(await ids(`/v2/sessions?roomId=${room.roomId}`)).toEqual([own]);
    expect(await ids(`/v2/sessions?query=${room.roomId}`)).toEqual([own]);
    expect(await ids(`/v2/sessions?roomId=${hidden.roomId}`)).toEqual([other]);
    expect(await ids('/v2/sessions?roomId=to%20be%20another')).toEqual([own]);
  });
});

describe('words of the live service', () => {
  test.each<[sent: object, answered: object]>([
    [{}, { webhook: { events: [] }, autoCloseConfig: { type: 'session-ends', duration: 480 } }],
    [{ autoCloseConfig: { type: 'session-end' } }, { autoCloseConfig: { type: 'session-ends', duration: 480 } }],
    [
      { autoCloseConfig: { type: 'session-ends-and-deactivate', duration: 60 } },
      { autoCloseConfig: { type: 'session-end-and-deactivate', duration: 60 } },
    ],
    [{ webhook: {} }, { webhook: { events: [] } }],
    [{ webhook: { events: [] } }, { webhook: { events: [] } }],
    [{ webhook: { endPoint: null, events: null } }, { webhook: { events: [] } }],
    [hook(), { webhook: { endPoint: 'https://hooks.example.com/' } }],
    [hook([]), { webhook: { endPoint: 'https://hooks.example.com/', events: [] } }],
  ])('%j is answered with %j', async (sent, answered) => {
    const { status, body } = await create(sent);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...answered, apiKey: api.key.apiKey });
    if ('webhook' in answered) expect(body.webhook).toEqual(answered.webhook);
    expect(fieldsOf(body)).toEqual([]);
  });

  test('a room without a webhook has none, however it is answered', async () => {
    const { roomId } = (await create({ webhook: { events: [] } })).body;
    const { db } = api.database;
    const row = await db.selectFrom('rooms').selectAll().where('room_id', '=', roomId).executeTakeFirst();
    expect(row).toMatchObject({ webhook: null, auto_close_config: null });
  });

  test.each([
    { webhook: { events: ['*'] } },
    { webhook: { url: 'https://hooks.example.com/' } },
    { webhook: { endpoint: 'https://hooks.example.com/', events: [] } },
  ])('a webhook that lost its address is refused: %j', async (body) => {
    expect((await create(body)).body).toMatchObject({ statusCode: 400, details: [{ field: 'webhook.endPoint' }] });
  });

  test('every answer that shows a room can be sent to create', async () => {
    const full = { ...hook(['session-*']), ...recording({}), geoFence: 'us001', allowedParticipantIds: ['ann'] };
    for (const body of [{}, { ...full, customRoomId: 'all of it' }]) {
      const room = (await create(body)).body;
      const answers = [
        room,
        (await create({ ...room, junk: 1 })).body,
        (await api.call('GET', `/v2/rooms/${room.roomId}`)).body,
        (await api.call('GET', `/v2/rooms/validate/${room.roomId}`)).body,
        (await api.call('GET', `/v2/rooms?query=${room.roomId}`)).body.data[0],
        (await api.call('POST', '/v2/rooms/deactivate', { roomId: room.roomId })).body,
      ];
      for (const answer of answers) {
        const again = await create(answer);
        expect([again.status, fieldsOf(again.body)]).toEqual([200, []]);
        expect(again.body.webhook).toEqual(room.webhook);
      }
    }
  });

  test('active sessions are those that go on', async () => {
    const { roomId } = (await create()).body;
    const id = await insertRoomSession(api.database.db, { roomId, ...api.key });
    const found = (await api.call('GET', `/v2/sessions?roomId=${roomId}&status=active`)).body.data;
    expect(found).toMatchObject([{ id, status: 'ongoing' }]);
  });
});

test('calls that choose by a filter warn of one that is mistyped', async () => {
  const replayed = await api.call('POST', '/v2/webhooks/deliveries/replay', { sesionId: 'x' });
  expect(replayed.body).toMatchObject({ replayed: 0, warnings: [{ field: 'sesionId' }] });
  const changed = await changeSettings({ endPoint: 'https://hooks.example.com/', event: ['*'] });
  expect(changed.body).toMatchObject({ endPoint: 'https://hooks.example.com/', warnings: [{ field: 'event' }] });
  expect((await changeSettings(changed.body)).body).not.toHaveProperty('warnings');
});

function changeSettings(settings: object) {
  return api.call('PUT', '/v2/webhooks/settings', settings);
}
