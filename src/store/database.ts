// The connection to PostgreSQL: pool, migrations, and transactions as the rest of the server sees them.
import { Kysely, PostgresDialect, type PostgresPool, sql, type Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { Pool, type PoolConfig, types } from 'pg';
import { serverBusy } from '../errors.ts';
import { StartError } from '../kit/start-error.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import * as firstTables from './migrations/0001-first-tables.ts';
import * as egress from './migrations/0002-egress.ts';
import * as dashboard from './migrations/0003-dashboard.ts';
import * as quality from './migrations/0007-quality.ts';
import * as draining from './migrations/0008-draining.ts';
import * as remoteEgress from './migrations/0010-remote-egress.ts';
import * as egressChanges from './migrations/0011-egress-changes.ts';
import * as fileUsage from './migrations/0012-file-usage.ts';
import * as tokenHashes from './migrations/0013-token-hashes.ts';
import * as fairQueues from './migrations/0014-fair-queues.ts';
import * as keyRules from './migrations/0015-key-rules.ts';
import * as egressRemovals from './migrations/0016-egress-removals.ts';
import type { Tables } from './schema.ts';

export type Db = Kysely<Tables>;
export type DbTx = Transaction<Tables>;

const OLDEST_SUPPORTED = 140_000;
const POOL_SIZE = 20;
/** How much later than the database we give up a statement. */
const SILENT_AFTER_MS = 2_000;

/** Migrations in order; names are kept in the database and so never change. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-first-tables': firstTables,
  '0002-egress': egress,
  '0003-dashboard': dashboard,
  '0007-quality': quality,
  '0008-draining': draining,
  '0010-remote-egress': remoteEgress,
  '0011-egress-changes': egressChanges,
  '0012-file-usage': fileUsage,
  '0013-token-hashes': tokenHashes,
  '0014-fair-queues': fairQueues,
  '0015-key-rules': keyRules,
  '0016-egress-removals': egressRemovals,
};

export const MIGRATION_NAMES = Object.keys(MIGRATIONS);

// bigint columns (identity keys, counts) stay far below 2^53 here; as numbers they compare and serialise naturally.
types.setTypeParser(types.builtins.INT8, Number);

export type DatabaseLimits = Pick<Limits, 'databaseWaiting' | 'databaseWaitMs' | 'statementMs'>;

/** Connects, refuses a server that is too old, and brings the tables up to date (safe when several nodes do so at once). */
export async function openDatabase(
  url: string,
  limits: DatabaseLimits = DEFAULT_LIMITS,
): Promise<{ db: Db; pool: Pool }> {
  await bringUpToDate(url);
  const pool = newPool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: limits.databaseWaitMs,
    statement_timeout: limits.statementMs,
    // Where the database itself stands still, or the network loses it without a word.
    query_timeout: limits.statementMs + SILENT_AFTER_MS,
    keepAlive: true,
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: boundedPool(pool, limits.databaseWaiting) }) });
  return { db, pool };
}

function newPool(options: PoolConfig): Pool {
  const pool = new Pool({ ...options, application_name: 'roomful' });
  // Without a listener a dropped connection would end the process, an idle one here and one in the middle of a
  // transaction there; the pool replaces it, and whoever waits for a query hears of it from that.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** On a connection of its own, since a migration may take longer than any statement afterwards. */
async function bringUpToDate(url: string): Promise<void> {
  const pool = newPool({ connectionString: url, max: 1 });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await checkVersion(db);
    await migrate(db);
  } catch (error) {
    throw error instanceof StartError ? error : new StartError(`The database could not be used: ${reason(error)}`);
  } finally {
    await db.destroy();
  }
}

/** A slow database shall not make us hold ever more requests: more than `maxWaiting` are refused at once. */
function boundedPool(pool: Pool, maxWaiting: number): PostgresPool {
  return {
    options: pool.options,
    connect: async () => {
      if (pool.waitingCount >= maxWaiting) throw serverBusy('The database is slow; try again in a moment.');
      return pool.connect();
    },
    end: () => pool.end(),
  };
}

function reason(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

async function checkVersion(db: Db): Promise<void> {
  const { rows } = await sql<{
    version: string;
  }>`select current_setting('server_version_num') as version`.execute(db);
  if (Number(rows[0]?.version) < OLDEST_SUPPORTED) throw new StartError('The database is older than PostgreSQL 14.');
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
