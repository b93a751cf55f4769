// A room is streamed as HLS: addresses at once, playlists that wait for what is asked, playback afterwards.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

let stage: EgressStage;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
});
afterAll(() => stage[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
type Hls = any;

async function streaming(): Promise<{ roomId: string; hls: Hls }> {
  const roomId = await stage.room();
  await stage.join(roomId);
  const { status, body } = await stage.app.post('/v2/hls/start', { roomId });
  expect(status).toBe(200);
  return { roomId, hls: body };
}

describe('an HLS stream', () => {
  it('answers its three addresses, and tells when it can be played', async () => {
    const { roomId, hls } = await streaming();
    expect(hls).toMatchObject({ roomId, end: null, mode: 'video-and-audio', quality: 'med', orientation: 'landscape' });
    expect(hls.playbackHlsUrl).toMatch(/\/meetings-hls\/[0-9a-f-]{36}\/index\.m3u8$/);
    expect(hls.livestreamUrl).toBe(hls.playbackHlsUrl.replace('index', 'live'));
    expect(hls.downstreamUrl).toBe(hls.playbackHlsUrl);
    const started = await stage.event(roomId, 'hls-started');
    const { playbackHlsUrl, livestreamUrl, downstreamUrl } = hls;
    expect(started.data).toEqual({ meetingId: roomId, sessionId: hls.sessionId, playbackHlsUrl, downstreamUrl });
    const playable = await stage.event(roomId, 'hls-playable');
    expect(playable.data).toEqual({
      meetingId: roomId,
      sessionId: hls.sessionId,
      playbackHlsUrl,
      livestreamUrl,
      downstreamUrl,
    });
    const playlist = await fetch(playbackHlsUrl);
    expect(playlist.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(playlist.headers.get('access-control-allow-origin')).toBe('*');
    expect(await playlist.text()).toContain('#EXTINF');
  });

  it('tells somebody who joins later that it runs, and where', async () => {
    const { roomId, hls } = await streaming();
    await stage.event(roomId, 'hls-playable');
    const bob = await stage.join(roomId, 'bob');
    await bob.waitFor((it) => it.method === 'hlsStateChanged' && it.status === 'HLS_STARTED');
    const notice = await bob.waitFor((it) => it.method === 'hlsPlayableStateChanged');
    expect(notice).toMatchObject({ isPlayable: true, playbackHlsUrl: hls.playbackHlsUrl });
  });

  it('holds a request for what is not there yet until it is (LL-HLS)', async () => {
    const { roomId, hls } = await streaming();
    await stage.event(roomId, 'hls-playable');
    const reach = (text: string) => (text.match(/#EXT-X-PART:/g) ?? []).length;
    const now = reach(await (await fetch(hls.livestreamUrl)).text());
    const next = { msn: Math.floor((now + 2) / 3), part: (now + 2) % 3 };
    const waited = await fetch(`${hls.livestreamUrl}?_HLS_msn=${next.msn}&_HLS_part=${next.part}`);
    expect(waited.status).toBe(200);
    expect(reach(await waited.text())).toBeGreaterThan(now + 2);
    expect((await fetch(`${hls.livestreamUrl}?_HLS_msn=1000`)).status).toBe(400);
    expect((await fetch(`${hls.livestreamUrl}?_HLS_part=1`)).status).toBe(400);
  });

  it('hands out segments whole, in part and as soon as they are written, and nothing else', async () => {
    const { roomId, hls } = await streaming();
    await stage.event(roomId, 'hls-playable');
    const base = hls.playbackHlsUrl.replace('index.m3u8', '');
    const whole = await fetch(`${base}segment-0.m4s`);
    expect([await whole.text(), whole.headers.get('content-type')]).toEqual(['0123456789', 'video/iso.segment']);
    const part = await fetch(`${base}segment-0.m4s`, { headers: { range: 'bytes=-3' } });
    expect([part.status, await part.text()]).toEqual([206, '789']);
    const hint = /PRELOAD-HINT:TYPE=PART,URI="(.*)"/.exec(await (await fetch(hls.livestreamUrl)).text())?.[1];
    expect((await fetch(`${base}${hint}`)).status).toBe(200);
    for (const name of ['segment-999.m4s', '..%2F..%2Fnode-id', '.hidden.mp4', 'index.m3u8.tmp']) {
      expect((await fetch(`${base}${name}`)).status).toBe(404);
    }
    expect((await fetch(base.replace(/[0-9a-f-]{36}/, crypto.randomUUID()).concat('index.m3u8'))).status).toBe(404);
  });

  it('is found as the active one while it runs, and can be played afterwards', async () => {
    const { roomId, hls } = await streaming();
    await stage.event(roomId, 'hls-playable');
    expect(await stage.app.get(`/v2/hls/${roomId}/active`)).toMatchObject({
      status: 200,
      body: { code: 200, data: { id: hls.id, playable: true, status: 'active' } },
    });
    expect(await stage.app.post('/v2/hls/end', { roomId })).toEqual({ status: 200, body: 'HLS ended successfully' });
    await stage.event(roomId, 'hls-stopped');
    expect((await stage.app.get(`/v2/hls/${roomId}/active`)).status).toBe(404);
    expect(await (await fetch(hls.playbackHlsUrl)).text()).toContain('#EXT-X-ENDLIST');
    expect((await stage.app.get(`/v2/hls/${hls.id}`)).body).toMatchObject({ id: hls.id, end: expect.any(String) });
    const list = (await stage.app.get(`/v2/hls?roomId=${roomId}`)).body as Hls;
    expect(list.data).toHaveLength(1);
    expect((await stage.app.delete(`/v2/hls/${hls.id}`)).body).toBe('Room Hls Recording deleted successfully !');
    expect((await fetch(hls.playbackHlsUrl)).status).toBe(404);
  });

  it('that is deleted when it has ended leaves nothing', async () => {
    const { roomId, hls } = await streaming();
    await stage.event(roomId, 'hls-playable');
    expect((await stage.app.delete(`/v2/hls/${hls.id}`)).status).toBe(409);
    await stage.app.post('/v2/hls/end', { roomId });
    await stage.event(roomId, 'hls-stopped');
    await stage.app.delete(`/v2/hls/${hls.id}`);
    const folder = join(stage.app.dataDir, 'hls', new URL(hls.playbackHlsUrl).pathname.split('/')[2] ?? '');
    await expect.poll(() => existsSync(folder)).toBe(false);
  });

  it('keeps a file beside where that is wanted', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    await stage.app.post('/v2/hls/start', { roomId, config: { recording: { enabled: 'true' } } });
    await stage.event(roomId, 'recording-started');
    await stage.event(roomId, 'hls-started');
  });
});
