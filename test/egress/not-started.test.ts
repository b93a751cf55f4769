// What a meeting asked for and does not get: a row with its reason, an event, and word in the meeting; and what of a
// start has no effect.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newObjectId } from '../../src/protocol/ids.ts';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
});
afterAll(() => stage[Symbol.asyncDispose]());

const list = async (path: string) => (await stage.app.get(path)).body.data as Record<string, unknown>[];
const noted = () => stage.app.log.filter(({ msg }) => msg === 'fields without effect');

/** A room that asks for what is refused at create today, as one of an older version may. */
async function oldRoom(autoStartConfig: object): Promise<string> {
  const roomId = await stage.room();
  await stage.app.database.db
    .updateTable('rooms')
    .set({ auto_start_config: JSON.stringify(autoStartConfig) })
    .where('room_id', '=', roomId)
    .execute();
  return roomId;
}

test('what auto-start cannot start is there with its reason, and the meeting and the webhook hear of it', async () => {
  const roomId = await oldRoom({ recording: { awsDirPath: '../x' }, hls: { templateUrl: 'http://10.0.0.1/' } });
  const ann = await stage.join(roomId);
  await Promise.all([stage.event(roomId, 'recording-failed'), stage.event(roomId, 'hls-failed')]);
  const [recording] = await list(`/v2/recordings?roomId=${roomId}`);
  expect(recording).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('awsDirPath'),
    file: null,
    start: null,
    end: expect.any(String),
  });
  expect(await list(`/v2/hls?roomId=${roomId}`)).toMatchObject([
    { status: 'failed', reason: expect.stringContaining('templateUrl') },
  ]);
  const { id } = recording as { id: string };
  await ann.waitFor((it) => it.method === 'recordingStateChanged' && it.status === 'RECORDING_STOPPED' && it.id === id);
  await ann.waitFor((it) => it.method === 'error' && it.code === 5001 && String(it.message).includes('awsDirPath'));
  await ann.waitFor((it) => it.method === 'hlsStateChanged' && it.status === 'HLS_STOPPED');
  await ann.waitFor((it) => it.method === 'error' && it.code === 5003);
  expect((await stage.app.post('/v2/recordings/start', { roomId })).status).toBe(200);
});

test('what can no longer be planned closes its room all the same where it was to', async () => {
  const onFailure = { action: 'close-room', waitTime: 0 };
  const roomId = await oldRoom({ recording: { awsDirPath: '..', onFailure } });
  await stage.join(roomId);
  await stage.event(roomId, 'session-ended');
  expect((await stage.events(roomId)).map(({ type }) => type)).toContain('recording-failed');
});

test('what nobody took up before the session ended has failed, with its row', async () => {
  const roomId = await stage.room();
  const ann = await stage.join(roomId);
  const [session] = await list(`/v2/sessions?roomId=${roomId}`);
  const request = {
    session_id: String(session?.id),
    request: '{}',
    status: 'requested',
    created_at: new Date(),
  } as const;
  for (const kind of ['recording', 'composite'] as const) {
    await stage.app.database.db
      .insertInto('egress_requests')
      .values({ ...request, id: newObjectId(), kind })
      .execute();
  }
  await ann.request('closeRoom', {});
  await stage.event(roomId, 'session-ended');
  expect(await list(`/v2/recordings?roomId=${roomId}`)).toMatchObject([
    { status: 'failed', reason: 'The session ended before it could be started.' },
  ]);
  const types = (await stage.events(roomId)).map(({ type }) => type);
  expect(types.slice(-3)).toEqual(['participant-left', 'recording-failed', 'session-ended']);
});

test('a start answers what of it has no effect, and the log has it in one line', async () => {
  const roomId = await stage.room();
  const ann = await stage.join(roomId);
  const before = noted().length;
  const transcription = { enabled: true };
  const outputs = [{ url: 'rtmp://127.0.0.1/app', streamKey: 'key', keyy: 1 }];
  const recording = await stage.app.post('/v2/recordings/start', { roomId, transcription, fileFromat: 'mp4' });
  expect(recording).toMatchObject({
    status: 200,
    body: {
      message: 'Recording started successfully',
      id: expect.any(String),
      roomId,
      warnings: [
        { field: 'transcription', message: expect.stringContaining('no transcription') },
        { field: 'fileFromat', message: expect.stringContaining('did you mean fileFormat?') },
      ],
    },
  });
  expect((await stage.app.post('/v2/hls/start', { roomId, config: { theem: 'DARK' } })).body).toMatchObject({
    playbackHlsUrl: expect.any(String),
    warnings: [{ field: 'config.theem', message: expect.stringContaining('did you mean theme?') }],
  });
  expect((await stage.app.post('/v2/livestreams/start', { roomId, outputs })).body).toMatchObject({
    message: 'Livestream started successfully',
    warnings: [{ field: 'outputs.0.keyy', message: expect.stringContaining('unknown') }],
  });
  // What is stopped before it has begun has failed.
  await stage.event(roomId, 'recording-started');
  await ann.request('stopRecording', {});
  await stage.event(roomId, 'recording-stopped');
  expect(await ann.request('startRecording', { config: { qualty: 'low' } })).not.toHaveProperty('errorCode');
  expect(noted()).toHaveLength(before + 4);
  expect((await stage.app.post('/v2/recordings/end', { roomId })).body).toBe('Recording ended successfully');
});

test('a create that asks for what is not served is noted in the log', async () => {
  const before = noted().length;
  await stage.room({ autoStartConfig: { composite: {}, recordin: {} } });
  expect(noted().slice(before)).toMatchObject([
    { warnings: [{ field: 'autoStartConfig.composite' }, { field: 'autoStartConfig.recordin' }] },
  ]);
});
