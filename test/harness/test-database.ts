// A database of one's own, with all tables, on the PostgreSQL that the test run shares.
import { randomBytes } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { inject } from 'vitest';
import { type Db, openDatabase } from '../../src/store/database.ts';

export interface TestDatabase extends AsyncDisposable {
  url: string;
  db: Db;
  pool: Pool;
  /** Closes the connections and drops the database. */
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const { db, pool } = await openDatabase(url.href);
  const drop = async () => {
    await db.destroy();
    await onServer(serverUrl, `drop database ${name} with (force)`);
  };
  return { url: url.href, db, pool, drop, [Symbol.asyncDispose]: drop };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
