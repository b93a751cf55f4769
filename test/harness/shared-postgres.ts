// Starts one PostgreSQL for a whole test run; `test-database.ts` gives each test file its own database on it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { createLogger } from '../../src/log.ts';
import { EmbeddedPostgres } from '../../src/postgres/embedded-postgres.ts';
import { openDatabase } from '../../src/store/database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the shared server's own database. */
    postgresUrl: string;
    /** A database with all tables and no rows, which those of the test files are copies of. */
    postgresTemplate: string;
  }
}

const TEMPLATE = `template_${process.pid}`;
/** Nothing here has to survive a power cut. */
const UNSAFE_AND_FAST = ['fsync = off', 'full_page_writes = off'];

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack();
  const given = process.env.ROOMFUL_TEST_DATABASE_URL;
  const url = given ?? (await startPostgres(stack));
  await onServer(url, [`create database ${TEMPLATE}`]);
  stack.defer(() => onServer(url, [`drop database ${TEMPLATE} with (force)`]));
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${TEMPLATE}`;
  const { db } = await openDatabase(templateUrl.href);
  await db.destroy();
  project.provide('postgresUrl', url);
  project.provide('postgresTemplate', TEMPLATE);
  const cleanUp = stack.move();
  return () => cleanUp.disposeAsync();
}

async function startPostgres(stack: AsyncDisposableStack): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'roomful-test-postgres-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const postgres = await EmbeddedPostgres.start({ dataDir, log: createLogger('warn') });
  stack.defer(() => postgres.stop());
  await onServer(postgres.url, [
    ...UNSAFE_AND_FAST.map((setting) => `alter system set ${setting}`),
    'select pg_reload_conf()',
  ]);
  return postgres.url;
}

async function onServer(url: string, statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
