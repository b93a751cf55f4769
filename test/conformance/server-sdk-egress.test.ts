// The official server SDK, unmodified, against our recordings, HLS and livestreams.
import { RoomNotFoundError, VideoSDK } from '@videosdk.live/server-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
let sdk: VideoSDK;

beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
  const { apiKey, secret } = stage.app.app.firstKey;
  sdk = new VideoSDK({ apiKey, secret, apiEndpoint: String(stage.app.app.httpUrl) });
});
afterAll(() => stage[Symbol.asyncDispose]());

async function meeting(): Promise<string> {
  const { roomId } = await sdk.rooms.create();
  await stage.join(roomId);
  return roomId;
}

test('recordings.start, list, get, stop and delete', async () => {
  const roomId = await meeting();
  const handle = await sdk.recordings.start(roomId, {
    composition: { layout: 'grid', priority: 'SPEAKER', gridSize: 4, quality: 'med', theme: 'DARK' },
    fileFormat: 'mp4',
    dirPath: 'from/the/sdk',
    onFailure: { action: 'close-room', waitTime: 5 },
  });
  await stage.event(roomId, 'recording-started');
  await sdk.recordings.stop(handle);
  await stage.event(roomId, 'recording-stopped');
  const { data } = await sdk.recordings.list({ roomId });
  expect(data).toMatchObject([
    { roomId, file: { type: 'video', filePath: expect.stringMatching(/^from\/the\/sdk\//) } },
  ]);
  const [{ id } = { id: '' }] = data;
  expect(await sdk.recordings.get(id)).toMatchObject({ id, fileId: expect.any(String) });
  await sdk.recordings.delete(id);
  await expect(sdk.recordings.get(id)).rejects.toThrow(RoomNotFoundError);
});

test('recordings.start with what is not served gives a handle and says so', async () => {
  const roomId = await meeting();
  const handle = await sdk.recordings.start(roomId, { transcription: { enabled: true } });
  expect(handle).toMatchObject({ id: expect.any(String), roomId, raw: { warnings: [{ field: 'transcription' }] } });
  await stage.event(roomId, 'recording-started');
  await sdk.recordings.stop(handle);
  await stage.event(roomId, 'recording-stopped');
});

test('hls.start, get, list, stop and delete', async () => {
  const roomId = await meeting();
  const hls = await sdk.hls.start(roomId, { composition: { orientation: 'portrait' } });
  expect(hls).toMatchObject({ type: 'hls', id: expect.any(String), roomId });
  await stage.event(roomId, 'hls-playable');
  expect(await sdk.hls.get(roomId)).toMatchObject({
    id: hls.id,
    orientation: 'portrait',
    playbackHlsUrl: expect.stringMatching(/index\.m3u8$/),
  });
  await sdk.hls.stop(hls);
  await stage.event(roomId, 'hls-stopped');
  await expect(sdk.hls.get(roomId)).rejects.toThrow(RoomNotFoundError);
  expect((await sdk.hls.list({ roomId })).data).toMatchObject([{ id: hls.id, end: expect.any(String) }]);
  expect(await sdk.hls.getById(String(hls.id))).toMatchObject({ id: hls.id });
  await sdk.hls.delete(String(hls.id));
});

test('rtmp.start, list, get and stop', async () => {
  const roomId = await meeting();
  const handle = await sdk.rtmp.start(roomId, { streams: [{ url: 'rtmp://127.0.0.1/app', streamKey: 'key' }] });
  await stage.event(roomId, 'livestream-started');
  await sdk.rtmp.stop(handle);
  await stage.event(roomId, 'livestream-stopped');
  const { data } = await sdk.rtmp.list({ roomId });
  expect(data).toMatchObject([{ roomId, outputs: [{ url: 'rtmp://127.0.0.1/app', streamKey: 'key' }] }]);
  expect(await sdk.rtmp.get(String(data[0]?.id))).toEqual(data[0]);
});
