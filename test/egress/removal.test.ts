// Deleting recordings and streams: refused while they run, and done whatever the storage says meanwhile.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';
import { type S3Call, SmallS3, wantsMd5 } from '../harness/small-s3.ts';
import { createTestDatabase } from '../harness/test-database.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
type Answer = any;

const PATHS = { recording: 'recordings', hls: 'hls' } as const;
type Kind = keyof typeof PATHS;

async function begin(stage: EgressStage, kind: Kind) {
  const roomId = await stage.room();
  await stage.join(roomId);
  await stage.app.post(`/v2/${PATHS[kind]}/start`, { roomId });
  await stage.event(roomId, kind === 'hls' ? 'hls-playable' : `${kind}-started`);
  const { id } = ((await stage.app.get(`/v2/${PATHS[kind]}?roomId=${roomId}`)).body as Answer).data[0];
  const end = async () => {
    await stage.app.post(`/v2/${PATHS[kind]}/end`, { roomId });
    await stage.event(roomId, `${kind}-stopped`);
  };
  return { roomId, id: String(id), end, remove: () => stage.app.delete(`/v2/${PATHS[kind]}/${id}`) };
}

const removals = (stage: EgressStage) => stage.app.database.db.selectFrom('egress_removals').selectAll().execute();

it.each(['recording', 'hls'] as const)('a %s that runs is not deleted, and goes on', async (kind) => {
  await using stage = await EgressStage.set();
  const { roomId, id, end, remove } = await begin(stage, kind);
  expect(await remove()).toMatchObject({
    status: 409,
    body: { code: `${kind.toUpperCase()}_NOT_ENDED`, message: expect.stringContaining('active') },
  });
  expect((await stage.events(roomId)).map(({ type }) => type)).not.toContain(`${kind}-stopping`);
  await end();
  expect((await remove()).status).toBe(200);
  expect((await stage.app.get(`/v2/${PATHS[kind]}/${id}`)).status).toBe(404);
  await expect.poll(() => removals(stage)).toEqual([]);
});

it('a stream in a storage that wants Content-MD5 is deleted there', async () => {
  await using server = await SmallS3.start(wantsMd5);
  await using stage = await EgressStage.set(server.env);
  const { end, remove } = await begin(stage, 'hls');
  await end();
  await expect.poll(() => [...server.objects.keys()].some((key) => key.endsWith('index.m3u8'))).toBe(true);
  expect((await remove()).status).toBe(200);
  await expect.poll(() => server.objects.size, { timeout: 10_000 }).toBe(0);
  await expect.poll(() => removals(stage)).toEqual([]);
});

it('what a storage refuses is deleted by the next start, when it takes it', async () => {
  await using server = await SmallS3.start();
  const database = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'roomful-removal-'));
  try {
    {
      await using stage = await EgressStage.set(server.env, { database, dataDir });
      const recording = await begin(stage, 'recording');
      await recording.end();
      await expect.poll(() => server.objects.size, { timeout: 10_000 }).toBe(1);
      const isRemoval = ({ method, query }: S3Call) => method === 'DELETE' || query.has('delete');
      server.refuse = (call) => (isRemoval(call) ? { status: 503, code: 'SlowDown' } : undefined);
      expect((await recording.remove()).status).toBe(200);
      await expect.poll(async () => (await removals(stage)).map(({ attempts }) => attempts > 0)).toEqual([true]);
    }
    expect(server.objects.size).toBe(1);
    server.refuse = () => undefined;
    await using stage = await EgressStage.set(server.env, { database, dataDir });
    await expect.poll(() => server.objects.size, { timeout: 25_000 }).toBe(0);
    await expect.poll(() => removals(stage)).toEqual([]);
  } finally {
    await database.drop();
    rmSync(dataDir, { recursive: true });
  }
});

it('a recording that is deleted on its way to the storage is not left there', async () => {
  await using server = await SmallS3.start();
  await using stage = await EgressStage.set(server.env);
  const arrived = Promise.withResolvers<void>();
  server.refuse = ({ method }) => {
    if (method === 'PUT') arrived.resolve();
    return method === 'PUT' ? { status: 503, code: 'SlowDown' } : undefined;
  };
  const { id, end, remove } = await begin(stage, 'recording');
  await end();
  await arrived.promise;
  server.refuse = () => undefined;
  expect((await remove()).status).toBe(200);
  await expect.poll(() => removals(stage), { timeout: 10_000 }).toEqual([]);
  expect([...server.objects.keys()]).toEqual([]);
  expect(existsSync(join(stage.app.dataDir, 'egress/work', id))).toBe(false);
});
