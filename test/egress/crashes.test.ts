// The real compositor is killed while it records and streams: it goes on, and nothing that was written is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

const KILLS = 2;
const RUN_MS = 4_000;

it('a recording and a stream survive their compositor', async () => {
  await using stage = await EgressStage.set({}, { compositor: 'real' });
  const roomId = await stage.room();
  await stage.join(roomId);
  await stage.app.post('/v2/recordings/start', { roomId, config: { quality: 'low' } });
  const hls = (await stage.app.post('/v2/hls/start', { roomId, config: { quality: 'low' } })).body as Record<
    string,
    string
  >;
  await stage.event(roomId, 'recording-started');
  await stage.event(roomId, 'hls-playable');
  for (let i = 0; i < KILLS; i++) {
    await sleep(RUN_MS);
    const [pid = 0] = await stage.compositors();
    process.kill(pid, 'SIGKILL');
  }
  await sleep(RUN_MS);
  await stage.app.post('/v2/recordings/end', { roomId });
  await stage.app.post('/v2/hls/end', { roomId });
  await stage.event(roomId, 'recording-stopped');
  await stage.event(roomId, 'hls-stopped');

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
  const [recording] = ((await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body as any).data;
  expect(recording.gaps).toHaveLength(KILLS);
  expect(recording.file.meta.duration).toBeGreaterThan(((KILLS + 1) * RUN_MS) / 1000 - 2 * (KILLS + 1));
  const playlist = await (await fetch(String(hls.playbackHlsUrl))).text();
  const streamed = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
  expect(streamed).toBeGreaterThan(recording.file.meta.duration - 1);
  expect(playlist.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(KILLS);
  expect(playlist).toContain('#EXT-X-ENDLIST');
  const base = String(hls.playbackHlsUrl).replace('index.m3u8', '');
  for (const [, name] of playlist.matchAll(/^([\w.-]+\.m4s)$|URI="([^"]+)"/gm)) {
    if (name) expect([name, (await fetch(base + name)).status]).toEqual([name, 200]);
  }
  const types = (await stage.events(roomId)).map(({ type }) => type);
  for (const type of ['recording-started', 'recording-stopped', 'hls-started', 'hls-playable', 'hls-stopped']) {
    expect(types.filter((it) => it === type)).toHaveLength(1);
  }
  expect(types.filter((type) => type.endsWith('-failed'))).toEqual([]);
});
