// Looks at a database without changing anything in it.
import { Client } from 'pg';
import { MIGRATION_NAMES } from './database.ts';
import { SIGNING_KEY } from './webhook-store.ts';

export interface DatabaseFacts {
  version: string;
  /** Such as 180004. */
  versionNumber: number;
  /** Of a round trip: the median of some. */
  latencyMs: number;
  /** How far its clock is ahead of ours. */
  skewMs: number;
  freeConnections: number;
  /** Migrations of this version that it has not had, and those it has had that this version does not know. */
  pending: string[];
  unknown: string[];
  signingKey: string | undefined;
  /** Keys that still call the REST API with tokens without roles. */
  keysWithoutRoles: { apiKey: string; name: string; usedAt: Date }[];
}

const ROUND_TRIPS = 5;
/** The migration that brought what is asked of keys. */
const KEY_RULES = '0015-key-rules';
const RECENTLY = '30 days';
/** More than one wants to read. */
const MAX_KEYS = 10;

/** Throws what PostgreSQL or the network says when it cannot be reached. */
export async function inspectDatabase(url: string, timeoutMs: number): Promise<DatabaseFacts> {
  const client = new Client({
    connectionString: url,
    application_name: 'roomful doctor',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await factsOf(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function factsOf(client: Client): Promise<DatabaseFacts> {
  const one = async (query: string) => (await client.query(query)).rows[0] as Record<string, unknown> | undefined;
  const facts = await one(`select current_setting('server_version') as version,
    current_setting('server_version_num')::integer as number,
    current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
      - (select count(*) from pg_stat_activity where backend_type = 'client backend')::integer as free,
    to_regclass('kysely_migration') is not null as migrated, to_regclass('shared_secrets') is not null as "hasSecrets"`);
  const done = facts?.migrated ? (await client.query('select name from kysely_migration')).rows : [];
  const names = done.map(({ name }) => String(name));
  const secret = facts?.hasSecrets
    ? await one(`select value from shared_secrets where name = '${SIGNING_KEY}'`)
    : undefined;
  return {
    version: String(facts?.version),
    versionNumber: Number(facts?.number),
    freeConnections: Number(facts?.free),
    pending: MIGRATION_NAMES.filter((name) => !names.includes(name)),
    unknown: names.filter((name) => !MIGRATION_NAMES.includes(name)),
    signingKey: secret && String(secret.value),
    keysWithoutRoles: names.includes(KEY_RULES) ? await keysWithoutRoles(client) : [],
    ...(await clockOf(client)),
  };
}

async function keysWithoutRoles(client: Client): Promise<DatabaseFacts['keysWithoutRoles']> {
  const { rows } = await client.query(`select api_key as "apiKey", name, used_without_roles_at as "usedAt" from api_keys
    where disabled_at is null and not roles_required and used_without_roles_at > now() - interval '${RECENTLY}'
    order by used_without_roles_at desc limit ${MAX_KEYS}`);
  return rows;
}

/** Of several round trips the quickest tells most exactly how far the clocks are apart. */
async function clockOf(client: Client): Promise<{ latencyMs: number; skewMs: number }> {
  const trips: { ms: number; skewMs: number }[] = [];
  for (let nth = 0; nth < ROUND_TRIPS; nth++) {
    const [sentAt, begun] = [Date.now(), performance.now()];
    const { rows } = await client.query<{ at: string }>('select extract(epoch from clock_timestamp()) * 1000 as at');
    const ms = performance.now() - begun;
    trips.push({ ms, skewMs: Number(rows[0]?.at) - (sentAt + ms / 2) });
  }
  trips.sort((a, b) => a.ms - b.ms);
  return { latencyMs: trips[Math.floor(ROUND_TRIPS / 2)]?.ms ?? 0, skewMs: trips[0]?.skewMs ?? 0 };
}
