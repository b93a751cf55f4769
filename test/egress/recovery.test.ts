// The server is killed while a meeting is recorded and streamed: what was written until then is kept, and each egress
// ends exactly once.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';

const RECORDED_MS = 5_000;

it('a killed server finishes what it recorded once it is there again', async () => {
  await using database = await createTestDatabase();
  await using server = await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } });
  const headers = { authorization: await mintToken(server), 'content-type': 'application/json' };
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${server.httpUrl}${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
    return (await answer.json()) as any;
  };
  const { roomId } = await call('POST', '/v2/rooms', {});
  const who = { roomId, peerId: 'ann', secret: headers.authorization };
  const ann = await RawClient.join(server.httpUrl, who, 'SEND_AND_RECV');
  await call('POST', '/v2/recordings/start', { roomId });
  const hls = await call('POST', '/v2/hls/start', { roomId });
  await ann.waitFor((it) => it.status === 'RECORDING_STARTED');
  await ann.waitFor((it) => it.method === 'hlsPlayableStateChanged');
  await sleep(RECORDED_MS);
  await server.kill('SIGKILL');
  ann.close();
  await server.restart();

  const state = async () => (await call('GET', `/v2/recordings?roomId=${roomId}`)).data[0];
  await expect.poll(async () => (await state()).status, { timeout: 20_000 }).toBe('completed');
  await expect.poll(async () => (await call('GET', `/v2/hls/${hls.id}`)).status, { timeout: 20_000 }).toBe('completed');
  const { file } = await state();
  expect(file.meta.duration).toBeGreaterThan(RECORDED_MS / 1000 - 2);
  const fetched = (url: string) => fetch(new URL(new URL(url).pathname, server.httpUrl));
  expect((await (await fetched(file.fileUrl)).arrayBuffer()).byteLength).toBe(file.size);
  expect(await (await fetched(hls.playbackHlsUrl)).text()).toContain('#EXT-X-ENDLIST');

  const events = await database.db
    .selectFrom('events')
    .where('room_id', '=', roomId)
    .orderBy('seq')
    .select('type')
    .execute();
  const types = events.map(({ type }) => type);
  for (const type of ['recording-stopping', 'recording-stopped', 'hls-stopping', 'hls-stopped']) {
    expect(types.filter((it) => it === type)).toHaveLength(1);
  }
  expect(types.filter((it) => it.endsWith('-failed'))).toEqual([]);
  expect(types.indexOf('recording-stopping')).toBeLessThan(types.indexOf('session-ended'));
});
