// More is asked for than there are slots: it waits, within bounds.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '1', ROOMFUL_LIMIT_EGRESSES_WAITING_PER_OWNER: '1' });
});
afterAll(() => stage[Symbol.asyncDispose]());

async function record() {
  const roomId = await stage.room();
  const ann = await stage.join(roomId);
  return { roomId, ann, ...(await stage.app.post('/v2/recordings/start', { roomId })) };
}

it('a stream waits for its turn although there is no place for the file beside it, which has failed', async () => {
  const running = await record();
  const roomId = await stage.room();
  const ann = await stage.join(roomId);
  const config = { recording: { enabled: true } };
  const hls = await stage.app.post('/v2/hls/start', { roomId, config });
  expect(hls).toMatchObject({ status: 200, body: { status: 'queued' } });
  const [recording] = (await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body.data as Record<string, unknown>[];
  expect(recording).toMatchObject({ status: 'failed', reason: expect.stringContaining('wait for a free slot') });
  await stage.event(roomId, 'recording-failed');
  await ann.waitFor((it) => it.method === 'recordingStateChanged' && it.id === recording?.id);
  await stage.app.post('/v2/hls/end', { roomId });
  await stage.app.post('/v2/recordings/end', { roomId: running.roomId });
  await stage.event(running.roomId, 'recording-stopped');
});

it('a full queue refuses what is asked for, and takes it when there is room again', async () => {
  const running = await record();
  const waiting = await record();
  expect([running.status, waiting.status]).toEqual([200, 200]);
  const refused = await record();
  expect(refused).toMatchObject({ status: 429, body: { code: 'EGRESS_QUEUE_FULL' } });
  expect(await refused.ann.request('startHls', {})).toMatchObject({ status: 'error', errorCode: 4016 });
  expect((await stage.app.get(`/v2/recordings?roomId=${refused.roomId}`)).body.data).toEqual([]);

  const autoStarted = await stage.room({ autoStartConfig: { recording: {} } });
  await stage.join(autoStarted);
  await stage.event(autoStarted, 'recording-failed');
  expect((await stage.app.get(`/v2/recordings?roomId=${autoStarted}`)).body.data).toMatchObject([
    { status: 'failed', reason: expect.stringContaining('wait for a free slot') },
  ]);

  await stage.app.post('/v2/recordings/end', { roomId: running.roomId });
  await stage.event(waiting.roomId, 'recording-started');
  expect((await stage.app.post('/v2/recordings/start', { roomId: refused.roomId })).status).toBe(200);
});
