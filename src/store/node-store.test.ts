// Where sessions begin, and that none begins on a node that is draining.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertSession } from '../../test/harness/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { newObjectId, newRoomId } from '../protocol/ids.ts';
import { nodeState } from '../protocol/node.ts';
import { LiveStore } from './live-store.ts';
import { NodeStore } from './node-store.ts';

const ROLES = ['api', 'media'];

let database: TestDatabase;
let nodes: NodeStore;
beforeAll(async () => {
  database = await createTestDatabase();
  nodes = new NodeStore(database.db);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.deleteFrom('sessions').execute();
  await database.db.deleteFrom('rooms').execute();
  await database.db.deleteFrom('nodes').execute();
  for (const id of ['a', 'b']) await register(id);
});

function register(id: string): Promise<void> {
  return nodes.register({ id, publicUrl: `https://${id}.example.com`, roles: ROLES, at: new Date() });
}

async function newRoom(): Promise<string> {
  const roomId = newRoomId();
  const now = new Date();
  const values = { id: newObjectId(), owner_id: 'owner', api_key: 'key', created_at: now, updated_at: now };
  await database.db
    .insertInto('rooms')
    .values({ ...values, room_id: roomId })
    .execute();
  return roomId;
}

const recently = () => new Date(Date.now() - 15_000);
const place = async (roomId: string) => {
  const node = await nodes.place(roomId, recently());
  return typeof node === 'object' ? node.id : node;
};

/** Somebody is the first to join a room, on a node. */
function begin(nodeId: string, roomId: string): Promise<{ row: string }> {
  const store = new LiveStore({ db: database.db, nodeId, send: async () => undefined });
  return store.join({
    room: { roomId, ownerId: 'owner', apiKey: 'key' },
    begin: { closesAt: new Date(Date.now() + 3_600_000), autoStart: [] },
    sessionId: newObjectId(),
    participantId: 'ann',
    name: 'Ann',
    mode: 'SEND_AND_RECV',
    deviceInfo: undefined,
    metaData: undefined,
    tokenHash: 'hash',
    at: new Date(),
    previous: 'none',
  });
}

describe('a room is placed', () => {
  test('on the least loaded node, and for a while stays where it was sent', async () => {
    const roomId = await newRoom();
    await nodes.heartbeat('a', { people: 5, freeSlots: 0 }, new Date());
    expect(await place(roomId)).toBe('b');
    await nodes.heartbeat('b', { people: 9, freeSlots: 0 }, new Date());
    expect(await place(roomId)).toBe('b');
    expect(await place(await newRoom())).toBe('a');
  });

  test('on no node that is draining, unless it was sent there before', async () => {
    const [early, late] = [await newRoom(), await newRoom()];
    expect(await place(early)).toBe('a');
    await nodes.drain('a', new Date());
    expect([await place(early), await place(late)]).toEqual(['a', 'b']);
    // A minute later nobody who was sent there can still be on the way.
    await database.db
      .updateTable('rooms')
      .set({ node_claimed_at: new Date(Date.now() - 61_000) })
      .where('room_id', '=', early)
      .execute();
    expect(await place(early)).toBe('b');
  });

  test('nowhere when all nodes are draining, or none is there', async () => {
    const roomId = await newRoom();
    await nodes.drain('a', new Date());
    await nodes.drain('b', new Date());
    expect(await place(roomId)).toBe('draining');
    await database.db.deleteFrom('nodes').execute();
    expect(await place(roomId)).toBeUndefined();
  });
});

describe('on a node that is draining', () => {
  test('no session begins, however it was reached', async () => {
    await nodes.drain('a', new Date());
    await expect(begin('a', await newRoom())).rejects.toMatchObject({ code: 'NODE_DRAINING', status: 503 });
    await nodes.undrain('a');
    await begin('a', await newRoom());
  });

  test('a session begins of those who were sent there before', async () => {
    const roomId = await newRoom();
    await place(roomId);
    await nodes.drain('a', new Date());
    expect(await nodes.get('a')).toMatchObject({ expected: 1, sessions: 0 });
    await begin('a', roomId);
    expect(await nodes.get('a')).toMatchObject({ expected: 0, sessions: 1 });
    // When it is over, the room begins elsewhere like any other.
    await database.db.updateTable('sessions').set({ ended_at: new Date() }).where('room_id', '=', roomId).execute();
    expect(await nodes.get('a')).toMatchObject({ expected: 0, sessions: 0 });
    expect(await place(roomId)).toBe('b');
  });

  test('a session that it went down with begins anew, and no other', async () => {
    const { roomId, sessionId } = await insertSession(database.db);
    await nodes.drain('test-node', new Date());
    await register('test-node');
    await nodes.drain('test-node', new Date());
    const end = (reason: string) =>
      database.db
        .updateTable('sessions')
        .set({ ended_at: new Date(), end_reason: reason })
        .where('id', '=', sessionId)
        .execute();
    await end('everyone-left');
    await expect(begin('test-node', roomId)).rejects.toMatchObject({ code: 'NODE_DRAINING' });
    await end('node-lost');
    await begin('test-node', roomId);
  });
});

describe('draining', () => {
  test('is kept over a restart, and from when it began', async () => {
    const at = new Date('2026-01-01T12:00:00.000Z');
    await nodes.drain('a', at);
    await nodes.drain('a', new Date());
    await register('a');
    expect(await nodes.heartbeat('a', { people: 0, freeSlots: 0 }, new Date())).toEqual(at);
    expect(await nodes.heartbeat('b', { people: 0, freeSlots: 1.5 }, new Date())).toBeNull();
    expect((await nodes.get('b'))?.freeSlots).toBe(1.5);
  });

  test('of a node that there is not is told', async () => {
    expect([await nodes.drain('c', new Date()), await nodes.undrain('c')]).toEqual([false, false]);
  });

  test('ends when nothing is left', async () => {
    const state = async () => {
      const node = await nodes.get('a');
      return node && nodeState(node);
    };
    const roomId = await newRoom();
    await begin('a', roomId);
    expect(await state()).toBe('up');
    await nodes.drain('a', new Date());
    expect(await state()).toBe('draining');
    await database.db.updateTable('sessions').set({ ended_at: new Date() }).where('room_id', '=', roomId).execute();
    expect(await state()).toBe('drained');
    await database.db.updateTable('nodes').set({ seen_at: recently() }).execute();
    expect(await state()).toBe('lost');
  });
});
