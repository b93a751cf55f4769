// The ends of recordings: none is lost at its last step, and one that never began says so.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
type Answer = any;

const listed = async (stage: EgressStage, kind: string, roomId: string): Promise<Answer> =>
  ((await stage.app.get(`/v2/${kind}?roomId=${roomId}`)).body as Answer).data[0];

const types = async (stage: EgressStage, roomId: string) =>
  (await stage.events(roomId)).map(({ type }) => type).filter((type) => /^(recording|hls|livestream)-/.test(type));

it('a folder of too many bytes is refused when it is asked for', async () => {
  await using stage = await EgressStage.set();
  const roomId = await stage.room();
  await stage.join(roomId);
  for (const [field, value] of [
    ['awsDirPath', 'a'.repeat(300)],
    ['dirPath', 'é'.repeat(128)],
    ['bucketDirPath', Array.from({ length: 5 }, () => 'a'.repeat(250)).join('/')],
  ] as const) {
    const { status, body } = await stage.app.post('/v2/recordings/start', { roomId, [field]: value });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(field)]);
  }
});

it('a storage folder that cannot be written gets the recording when it can', async () => {
  await using stage = await EgressStage.set();
  const roomId = await stage.room();
  await stage.join(roomId);
  await stage.app.post('/v2/recordings/start', { roomId, awsDirPath: 'march' });
  await stage.event(roomId, 'recording-started');
  const storage = join(stage.app.dataDir, 'storage');
  rmSync(storage, { recursive: true, force: true });
  writeFileSync(storage, 'in the way');
  await stage.app.post('/v2/recordings/end', { roomId });
  await stage.event(roomId, 'recording-stopped');
  const { file, status } = await listed(stage, 'recordings', roomId);
  expect(status).toBe('completed');
  const bytes = async () => (await (await fetch(file.fileUrl)).arrayBuffer()).byteLength;
  expect(await bytes()).toBe(file.size);

  rmSync(storage);
  await expect.poll(() => existsSync(join(storage, 'march')), { timeout: 15_000 }).toBe(true);
  const localPath = async () =>
    (await stage.app.database.db.selectFrom('egress_files').select('local_path').executeTakeFirst())?.local_path;
  await expect.poll(localPath, { timeout: 10_000 }).toBeNull();
  expect(readdirSync(join(storage, 'march'))).toHaveLength(1);
  expect(await bytes()).toBe(file.size);
});

it.each([
  ['recordings', 'recording', {}],
  ['hls', 'hls', {}],
  ['livestreams', 'livestream', { outputs: [{ url: 'rtmp://127.0.0.1/live', streamKey: 'x' }] }],
])('what is stopped before its beginning has failed, and leaves nothing: %s', async (path, kind, wish) => {
  await using stage = await EgressStage.set({}, { compositor: 'no-picture' });
  const roomId = await stage.room();
  await stage.join(roomId);
  const onFailure = { action: 'close-room', waitTime: 0 };
  expect((await stage.app.post(`/v2/${path}/start`, { roomId, ...wish, onFailure })).status).toBe(200);
  expect((await stage.app.post(`/v2/${path}/end`, { roomId })).status).toBe(200);
  await stage.event(roomId, `${kind}-failed`);
  expect(await types(stage, roomId)).toEqual([`${kind}-starting`, `${kind}-stopping`, `${kind}-failed`]);
  const shown = await listed(stage, path, roomId);
  expect(shown).toMatchObject({ status: 'failed', reason: 'It was stopped before it had begun.' });
  if (kind === 'recording') expect(shown.start ?? null).toBeNull();
  expect(shown.file ?? null).toBeNull();
  const work = join(stage.app.dataDir, 'egress/work');
  await expect.poll(() => (existsSync(work) ? readdirSync(work) : [])).toEqual([]);
  // That it was stopped is no failure that a room is closed for.
  const { count } = await stage.app.database.db
    .selectFrom('sessions')
    .where('ended_at', 'is not', null)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  expect(Number(count)).toBe(0);
});

it('a start that is called off while it is waited for is refused, with the reason', async () => {
  await using stage = await EgressStage.set({}, { compositor: 'slow-start' });
  const roomId = await stage.room();
  await stage.join(roomId);
  const starting = stage.app.post('/v2/recordings/start', { roomId });
  await stage.event(roomId, 'recording-starting');
  await stage.app.post('/v2/recordings/end', { roomId });
  expect(await starting).toMatchObject({
    status: 409,
    body: { code: 'RECORDING_CALLED_OFF', message: expect.stringContaining('stopped before it had begun') },
  });
  await stage.event(roomId, 'recording-failed');
});

it('the reason of a failure holds no path of the server', async () => {
  await using stage = await EgressStage.set();
  const roomId = await stage.room();
  await stage.join(roomId);
  writeFileSync(join(stage.app.dataDir, 'egress'), 'in the way');
  const { status, body } = await stage.app.post('/v2/recordings/start', { roomId });
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain(stage.app.dataDir);
  await stage.event(roomId, 'recording-failed');
  const { reason } = await listed(stage, 'recordings', roomId);
  expect(reason).toMatch(/no folder to write to: E/);
  expect(reason).not.toContain(stage.app.dataDir);
  expect(readFileSync(join(stage.app.dataDir, 'egress'), 'utf8')).toBe('in the way');
});
