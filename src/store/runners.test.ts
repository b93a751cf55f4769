// Which node an egress runs on.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { NodeStore } from './node-store.ts';
import { chooseRunner, type RunnerWish } from './runners.ts';

let database: TestDatabase;
let nodes: NodeStore;
beforeAll(async () => {
  database = await createTestDatabase();
  nodes = new NodeStore(database.db);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.deleteFrom('nodes').execute();
});

async function node(id: string, freeSlots: number, facts: { roles?: string[]; hasBrowser?: boolean } = {}) {
  const { roles = ['media', 'egress'], hasBrowser = false } = facts;
  const at = new Date();
  await nodes.register({ id, publicUrl: `https://${id}.example.com`, roles, hasBrowser, at });
  await nodes.heartbeat(id, { people: 0, freeSlots }, at);
}

function choose(wish: Partial<RunnerWish & RunnerWish['needs']> = {}): Promise<string | undefined> {
  const { slots = 1, browser = false, ...others } = wish;
  const whole = { sessionNodeId: 'own', needs: { slots, browser }, at: new Date(), ...others };
  return database.db.transaction().execute((tx) => chooseRunner(tx, whole));
}

test('is the one that the session lives on, while that has room', async () => {
  await node('own', 2);
  await node('other', 8);
  expect([await choose(), await choose(), await choose()]).toEqual(['own', 'own', 'other']);
});

test('is the one with most room, else the one that it waits the least on', async () => {
  await node('own', 0, { roles: ['media'] });
  await node('b', 1.5);
  await node('c', 2);
  expect([await choose({ slots: 2 }), await choose({ slots: 1 }), await choose()]).toEqual(['c', 'b', 'b']);
  await nodes.heartbeat('c', { people: 0, freeSlots: 2 }, new Date());
  expect(await choose()).toBe('c');
});

test('has a browser where one is needed, and is neither lost nor draining, but for what its own sessions need', async () => {
  await node('own', 1);
  await node('b', 4, { hasBrowser: true });
  expect(await choose({ browser: true })).toBe('b');
  await nodes.drain('b', new Date());
  expect(await choose({ browser: true })).toBeUndefined();
  expect(await choose({ browser: true, sessionNodeId: 'b' })).toBe('b');
  await nodes.heartbeat('own', { people: 0, freeSlots: 1 }, new Date(Date.now() - 60_000));
  expect(await choose()).toBeUndefined();
});

test('is another one with room when one hands over what waits there', async () => {
  await node('own', 0);
  await node('b', 0);
  expect(await choose({ not: 'own' })).toBeUndefined();
  await nodes.heartbeat('b', { people: 0, freeSlots: 1 }, new Date());
  expect(await choose({ not: 'own' })).toBe('b');
});
