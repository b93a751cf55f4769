import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertSession } from '../../test/harness/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { newObjectId } from '../protocol/ids.ts';
import { UploadStore } from './upload-store.ts';

const NODE = 'node';
const now = new Date();

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** One upload of an owner that became due so many seconds ago, to a host or to the storage. */
async function insertUpload(ownerId: string, host: string | null, dueSecondsAgo: number): Promise<string> {
  const { db } = database;
  const { sessionId, roomId } = await insertSession(db, { ownerId });
  const [egressId, fileId, id] = [newObjectId(), newObjectId(), newObjectId()];
  const at = new Date(now.getTime() - dueSecondsAgo * 1000);
  const times = { created_at: at, updated_at: at };
  await db
    .insertInto('egresses')
    .values({
      ...{ id: egressId, kind: 'recording', session_id: sessionId, room_id: roomId, owner_id: ownerId, node_id: NODE },
      ...{ continues: null, composition_id: null, plan: '{}', status: 'completed', reason: null, webhook_url: null },
      ...{ folder: null, started_at: null, playable_at: null, ended_at: null, deleted_at: null, ...times },
    })
    .execute();
  await db
    .insertInto('egress_files')
    .values({
      ...{ id: fileId, egress_id: egressId, type: 'video', size: 1, duration: 1, width: 1, height: 1, format: 'mp4' },
      ...{ key: 'k', token: fileId, local_path: '/tmp/none', stored_in: null, node_id: NODE, ...times },
    })
    .execute();
  await db
    .insertInto('egress_uploads')
    .values({
      ...{ id, file_id: fileId, node_id: NODE, owner_id: ownerId, status: 'pending', last_error: null },
      target: host === null ? 'storage' : 'presigned',
      url: host === null ? null : `https://${host}/file?signature=x`,
      next_attempt_at: at,
      ...times,
    })
    .execute();
  return id;
}

it('offers of every owner and host some, the longest waiting first', async () => {
  const silent: string[] = [];
  for (let i = 0; i < 5; i++) silent.push(await insertUpload('ann', 'silent.example', 100 - i));
  const good = await insertUpload('ann', 'good.example:8443', 10);
  const stored = await insertUpload('ann', null, 9);
  const bob = await insertUpload('bob', 'silent.example', 8);
  await insertUpload('bob', 'silent.example', -60);
  const store = new UploadStore(database.db);
  const due = async (more: { running?: string[]; fullOwners?: string[]; limit?: number }) =>
    store.dueUploads(NODE, { at: now, limit: 10, perHost: 2, running: [], fullOwners: [], ...more });

  const all = await due({});
  expect(all.map(({ id }) => id)).toEqual([silent[0], silent[1], good, stored, bob]);
  expect(all.map(({ ownerId, host }) => `${ownerId} ${host}`)).toEqual([
    'ann silent.example',
    'ann silent.example',
    'ann good.example:8443',
    'ann ',
    'bob silent.example',
  ]);
  expect(all[2]).toMatchObject({ target: 'presigned', attempts: 0, file: { localPath: '/tmp/none', format: 'mp4' } });
  expect(all[2]?.createdAt).toBeInstanceOf(Date);
  const next = await due({ running: [silent[0] ?? '', silent[1] ?? ''], limit: 3 });
  expect(next.map(({ id }) => id)).toEqual([silent[2], silent[3], good]);
  expect((await due({ fullOwners: ['ann'] })).map(({ id }) => id)).toEqual([bob]);
  expect(await store.dueUploads('other', { at: now, limit: 10, perHost: 2, running: [], fullOwners: [] })).toEqual([]);
});
