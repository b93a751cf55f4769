import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { createLogger } from '../log.ts';
import { NodeBus } from './node-bus.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const busOf = (nodeId: string) =>
  new NodeBus({ db: database.db, url: database.url, nodeId, log: createLogger('silent') });

it('brings messages of any length to the node they are for, in order', async () => {
  const [ann, bob, cat] = [busOf('ann'), busOf('bob'), busOf('cat')];
  const got: { bob: unknown[]; cat: unknown[] } = { bob: [], cat: [] };
  await bob.listen((from, body) => got.bob.push([from, body]));
  await cat.listen((from, body) => got.cat.push([from, body]));
  const long = 'Jörg 🎥 '.repeat(4_000);
  for (let count = 0; count < 50; count++) ann.send('bob', { count, text: count % 7 === 0 ? long : 'short' });
  await vi.waitFor(() => expect(got.bob).toHaveLength(50), { timeout: 10_000 });
  expect(got.bob).toEqual(
    Array.from({ length: 50 }, (_, count) => ['ann', { count, text: count % 7 === 0 ? long : 'short' }]),
  );
  expect(got.cat).toEqual([]);
  await Promise.all([bob.close(), cat.close()]);
});
