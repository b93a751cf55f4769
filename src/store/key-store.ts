// API keys in the table `api_keys`.
import { type Selectable, sql } from 'kysely';
import type { Db, DbTx } from './database.ts';
import type { ApiKeysTable } from './schema.ts';

/** Serialises servers that start at once on an empty database; any number that nothing else locks. */
const FIRST_KEY_LOCK = 7_766_701;

export interface StoredKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  name: string;
  webhookSecret: string;
  disabledAt: Date | null;
  createdAt: Date;
}

export class KeyStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  find(apiKey: string): Promise<StoredKey | undefined> {
    return findKey(this.#db, apiKey);
  }

  async list(): Promise<StoredKey[]> {
    const rows = await this.#db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('api_key').execute();
    return rows.map(toKey);
  }

  async insert(key: StoredKey): Promise<void> {
    await insertKey(this.#db, key);
  }

  async disable(apiKey: string, at: Date): Promise<StoredKey | undefined> {
    const row = await this.#db
      .updateTable('api_keys')
      .set({ disabled_at: sql`coalesce(disabled_at, ${at})` })
      .where('api_key', '=', apiKey)
      .returningAll()
      .executeTakeFirst();
    return row && toKey(row);
  }

  async replaceSecret(apiKey: string, secret: string): Promise<StoredKey | undefined> {
    const row = await this.#db
      .updateTable('api_keys')
      .set({ secret })
      .where('api_key', '=', apiKey)
      .returningAll()
      .executeTakeFirst();
    return row && toKey(row);
  }

  /** See the `KeyStore` that `access` asks for. */
  ensureFirst(candidate: StoredKey, named: boolean): Promise<{ key: StoredKey; created: boolean }> {
    return this.#db.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${FIRST_KEY_LOCK})`.execute(tx);
      const known = named ? await updateNamed(tx, candidate) : await oldestActive(tx);
      if (known) return { key: known, created: false };
      await insertKey(tx, candidate);
      return { key: candidate, created: true };
    });
  }
}

async function updateNamed(tx: DbTx, { apiKey, secret }: StoredKey): Promise<StoredKey | undefined> {
  await tx.updateTable('api_keys').set({ secret }).where('api_key', '=', apiKey).execute();
  return findKey(tx, apiKey);
}

async function oldestActive(tx: DbTx): Promise<StoredKey | undefined> {
  const row = await tx
    .selectFrom('api_keys')
    .selectAll()
    .where('disabled_at', 'is', null)
    .orderBy('created_at')
    .orderBy('api_key')
    .limit(1)
    .executeTakeFirst();
  return row && toKey(row);
}

async function findKey(db: Db | DbTx, apiKey: string): Promise<StoredKey | undefined> {
  const row = await db.selectFrom('api_keys').selectAll().where('api_key', '=', apiKey).executeTakeFirst();
  return row && toKey(row);
}

async function insertKey(db: Db | DbTx, key: StoredKey): Promise<void> {
  await db
    .insertInto('api_keys')
    .values({
      api_key: key.apiKey,
      secret: key.secret,
      owner_id: key.ownerId,
      name: key.name,
      webhook_secret: key.webhookSecret,
      disabled_at: key.disabledAt,
      created_at: key.createdAt,
    })
    .execute();
}

function toKey(row: Selectable<ApiKeysTable>): StoredKey {
  return {
    apiKey: row.api_key,
    secret: row.secret,
    ownerId: row.owner_id,
    name: row.name,
    webhookSecret: row.webhook_secret,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
