import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { Keys } from '../access/keys.ts';
import { KeyStore } from './key-store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('servers that start at once agree on the first key', async () => {
  const starts = Array.from({ length: 10 }, () => new Keys(new KeyStore(database.db)).ensureFirstKey());
  const keys = await Promise.all(starts);
  expect(new Set(keys.map(({ apiKey }) => apiKey)).size).toBe(1);
  expect(keys.filter(({ created }) => created)).toHaveLength(1);
});

test('the operator’s key is made, then kept, and takes the secret that was given last', async () => {
  const keys = new Keys(new KeyStore(database.db));
  const given = { apiKey: 'my-key', secret: 'a secret of sixteen' };
  expect(await keys.ensureFirstKey(given)).toMatchObject({ ...given, created: true });
  const changed = { ...given, secret: 'another secret of sixteen' };
  expect(await keys.ensureFirstKey(changed)).toMatchObject({ ...changed, created: false });
});

test('a disabled key stays so, with its first time', async () => {
  const keys = new Keys(new KeyStore(database.db));
  const { apiKey } = await keys.create({ name: 'short-lived' });
  const first = await keys.disable(apiKey);
  expect((await keys.disable(apiKey)).disabledAt).toEqual(first.disabledAt);
  expect((await keys.list()).find((key) => key.apiKey === apiKey)).toMatchObject({ name: 'short-lived' });
});
