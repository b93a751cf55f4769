import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertParticipant, insertRoomSession } from '../../test/harness/participants.ts';
import { qualitySample } from '../../test/harness/samples.ts';
import { mintToken, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { fits } from '../kit/validate.ts';
import { createLogger } from '../log.ts';
import { ParticipantStatsBody, SessionStatsBody } from '../protocol/rest/session-stats.ts';
import { Quality } from '../quality/quality.ts';
import { QualityStore } from '../store/quality-store.ts';
import { sessionStatsRoutes } from './routes/session-stats.ts';

const T = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second));
const DEVICE = {
  sdkType: 'javascript',
  sdkVersion: '1.1.1',
  platform: 'desktop',
  browserUserAgent: { browser: { name: 'Chrome', version: '150.0.0.0' } },
};

let api: TestApi;
let store: QualityStore;
let room: { roomId: string; ownerId: string; apiKey: string };
let session: string;
let rows: Map<string, string>;

beforeAll(async () => {
  api = await startTestApi({
    withDatabase: async ({ db }, { rooms }) => {
      store = new QualityStore(db);
      const quality = new Quality({
        store,
        present: () => [],
        readStreams: async () => new Map(),
        onSampled: () => undefined,
        log: createLogger('silent'),
      });
      return {
        v2: [async (app) => void (await app.register(sessionStatsRoutes({ rooms, quality }), { prefix: '/sessions' }))],
      };
    },
  });
});
afterAll(() => api.close());

beforeEach(async () => {
  const { body } = await api.call('POST', '/v2/rooms', {});
  const { db } = api.database;
  room = { roomId: body.roomId, ownerId: body.userId, apiKey: api.key.apiKey };
  session = await insertRoomSession(db, room, { started: T(0) });
  await insertParticipant(db, session, 'ann', { deviceInfo: DEVICE });
  await insertParticipant(db, session, 'bob', { deviceInfo: { browserUserAgent: 'not as the SDK has it' } });
  const found = await db.selectFrom('participants').where('session_id', '=', session).selectAll().execute();
  rows = new Map(found.map(({ participant_id, id }) => [participant_id, id]));
});

const rowOf = (participantId: string) => rows.get(participantId) ?? '';
const statsOf = (path: string, token?: string) => api.call('GET', `/v2/sessions/${session}${path}`, undefined, token);

describe('stats of a session', () => {
  test('are means and sums over its participants for each moment', async () => {
    await store.insert([
      { row: rowOf('ann'), ...qualitySample(T(10), { audio: { sendLost: 4, rttMs: 30, score: 4 } }) },
      {
        row: rowOf('bob'),
        ...qualitySample(T(10), { audio: { sendLost: 6, sendBitrate: 0, rttMs: 10, score: null } }),
      },
      { row: rowOf('ann'), ...qualitySample(T(20)) },
    ]);
    const { status, body } = await statsOf('/stats');
    expect(status).toBe(200);
    expect(fits(SessionStatsBody, body)).toBe(true);
    expect(body).toMatchObject({ sessionId: session, meetingId: room.roomId });
    expect(body.stats).toHaveLength(2);
    expect(body.stats[0]).toEqual({
      time: T(10).toISOString(),
      recvAudioPacketLost: 0,
      recvVideoPacketLost: 0,
      sendAudioPacketLost: 10,
      sendVideoPacketLost: 0,
      averageAudioRtt: 20,
      averageVideoRtt: 20,
      averageAudioJitter: 2,
      averageVideoJitter: 2,
      averageSendAudioBitrate: 30_000,
      averageSendVideoBitrate: 30_000,
      averageRecvAudioBitrate: 30_000,
      averageRecvVideoBitrate: 30_000,
      qualityScore: { audio: 4, video: 4.8 },
    });
  });

  test('are numbers where nothing was measured, and none while there is nothing', async () => {
    expect((await statsOf('/stats')).body.stats).toEqual([]);
    const nothing = { rttMs: null, jitterMs: null, score: null };
    await store.insert([{ row: rowOf('ann'), ...qualitySample(T(10), { audio: nothing, video: nothing }) }]);
    expect((await statsOf('/stats')).body.stats[0]).toMatchObject({
      averageAudioRtt: 0,
      averageVideoJitter: 0,
      qualityScore: { audio: 0, video: 0 },
    });
  });
});

describe('stats of a participant', () => {
  test('are its own, with its device and the resolutions it sent', async () => {
    await store.insert([
      { row: rowOf('ann'), ...qualitySample(T(20), { sentHeights: [540, 1440, 90] }) },
      { row: rowOf('ann'), ...qualitySample(T(10), { sentHeights: [] }) },
      { row: rowOf('bob'), ...qualitySample(T(10)) },
    ]);
    const { body } = await statsOf('/participant/ann/stats');
    expect(fits(ParticipantStatsBody, body)).toBe(true);
    expect(body).toMatchObject({
      participantId: 'ann',
      participantName: 'Name of ann',
      deviceInfo: { deviceName: 'Chrome', deviceVersion: '150.0.0.0' },
      sdkInfo: { sdkName: 'javascript', sdkVersion: '1.1.1' },
      location: { country: 'unknown' },
    });
    expect(body.stats.map(({ time }: { time: string }) => time)).toEqual([T(10).toISOString(), T(20).toISOString()]);
    expect(body.resolutionUsage[1]).toEqual({
      ...{ '180': 1, '360': 1, '720': 0, '1080': 0, '1440': 1, '2160': 0 },
      time: T(20).toISOString(),
    });
  });

  test('say "unknown" of a device that told nothing', async () => {
    const { body } = await statsOf('/participant/bob/stats');
    expect([body.deviceInfo, body.sdkInfo]).toEqual([
      { deviceName: 'unknown', deviceVersion: 'unknown' },
      { sdkName: 'unknown', sdkVersion: 'unknown' },
    ]);
  });
});

test('who may not see a session does not see its stats', async () => {
  const other = await mintToken(api.otherKey);
  expect((await statsOf('/stats', other)).status).toBe(404);
  expect((await statsOf('/participant/nobody/stats')).status).toBe(404);
  expect((await statsOf('/stats', await mintToken(api.key, { roomId: 'another' }))).status).toBe(403);
  expect((await statsOf('/participant/ann/stats', await mintToken(api.key, { participantId: 'bob' }))).status).toBe(
    403,
  );
});

test('samples go with their session, and of somebody who is gone none is kept', async () => {
  await store.insert([
    { row: rowOf('ann'), ...qualitySample(T(10)) },
    { row: 'gone', ...qualitySample(T(10)) },
  ]);
  const left = async () => (await store.ofParticipant(rowOf('ann'))).length;
  expect(await left()).toBe(1);
  await api.database.db.deleteFrom('sessions').where('id', '=', session).execute();
  expect(await left()).toBe(0);
});
