// A room is streamed to RTMP servers; one that fails does not disturb the others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
});
afterAll(() => stage[Symbol.asyncDispose]());

const good = { url: 'rtmp://127.0.0.1/app', streamKey: 'key' };
const bad = { url: 'rtmp://127.0.0.1/refuses', streamKey: 'key' };
const types = async (roomId: string) =>
  (await stage.events(roomId)).map(({ type }) => type).filter((type) => type.startsWith('livestream'));

describe('a livestream', () => {
  it('starts, stops and tells of both', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    expect(await stage.app.post('/v2/livestreams/start', { roomId, outputs: [good] })).toEqual({
      status: 200,
      body: 'Livestream started successfully',
    });
    await stage.event(roomId, 'livestream-started');
    expect(await stage.app.post('/v2/livestreams/end', { roomId })).toEqual({
      status: 200,
      body: 'Livestream ended successfully',
    });
    await stage.event(roomId, 'livestream-stopped');
    expect(await types(roomId)).toEqual([
      'livestream-starting',
      'livestream-started',
      'livestream-stopping',
      'livestream-stopped',
    ]);
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
    const { data } = (await stage.app.get(`/v2/livestreams?roomId=${roomId}`)).body as any;
    expect(data).toMatchObject([{ roomId, outputs: [good], end: expect.any(String), status: 'completed' }]);
    expect((await stage.app.get(`/v2/livestreams/${data[0].id}`)).body).toEqual(data[0]);
  });

  it('goes on with the servers that take it', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    await stage.app.post('/v2/livestreams/start', { roomId, outputs: [bad, good] });
    await stage.event(roomId, 'livestream-started');
    await stage.app.post('/v2/livestreams/end', { roomId });
    await stage.event(roomId, 'livestream-stopped');
    expect(await types(roomId)).not.toContain('livestream-failed');
  });

  it('fails when no server takes it', async () => {
    const roomId = await stage.room();
    const ann = await stage.join(roomId);
    await stage.app.post('/v2/livestreams/start', { roomId, outputs: [bad] });
    await stage.event(roomId, 'livestream-failed');
    const error = await ann.waitFor((it) => it.method === 'error');
    expect(error).toMatchObject({ code: 5002, message: 'the server refused the stream' });
    expect(await types(roomId)).toEqual(['livestream-starting', 'livestream-failed']);
  });

  it.each([
    [[]],
    [undefined],
    [[{ url: 'https://example.com', streamKey: 'x' }]],
    [[{ url: 'rtmp://10.0.0.1/app', streamKey: 'x' }]],
    [[{ url: 'rtmp://0x0a000001/app', streamKey: 'x' }]],
    [[{ streamKey: 'x' }]],
  ])('is refused with outputs %j', async (outputs) => {
    const roomId = await stage.room();
    const ann = await stage.join(roomId);
    expect((await stage.app.post('/v2/livestreams/start', { roomId, outputs })).status).toBe(400);
    expect(await ann.request('startLivestream', { outputs })).toMatchObject({ status: 'error', errorCode: 4015 });
  });
});

describe('somebody in the meeting', () => {
  it('starts and stops all three kinds, with the permission', async () => {
    const roomId = await stage.room();
    const ann = await stage.join(roomId);
    expect(await ann.request('startRecording', { config: {}, webhookUrl: null })).toEqual({});
    expect(await ann.request('startHls', { config: {}, transcription: {} })).toEqual({});
    expect(await ann.request('startLivestream', { outputs: [good] })).toEqual({});
    for (const kind of ['RECORDING', 'HLS', 'LIVESTREAM']) await ann.waitFor((it) => it.status === `${kind}_STARTED`);
    expect(await ann.request('startRecording', {})).toMatchObject({ status: 'error', errorCode: 4011 });
    for (const what of ['Recording', 'Hls', 'Livestream']) expect(await ann.request(`stop${what}`, {})).toEqual({});
    for (const kind of ['RECORDING', 'HLS', 'LIVESTREAM']) await ann.waitFor((it) => it.status === `${kind}_STOPPED`);
    expect(await ann.request('stopHls', {})).toMatchObject({ status: 'error', errorCode: 4017 });
  });

  it('is refused without it', async () => {
    const roomId = await stage.room();
    const bob = await stage.join(roomId, 'bob', { permissions: ['allow_join'] });
    expect(await bob.request('startRecording', {})).toMatchObject({ status: 'error', errorCode: 4008 });
    expect(await bob.request('stopHls', {})).toMatchObject({ status: 'error', errorCode: 4008 });
  });
});
