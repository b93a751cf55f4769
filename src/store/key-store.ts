// API keys in the table `api_keys`.
import { type Selectable, sql, type UpdateObject } from 'kysely';
import type { Db, DbTx } from './database.ts';
import type { ApiKeysTable, Tables } from './schema.ts';

/** Serialises servers that start at once on an empty database; any number that nothing else locks. */
const FIRST_KEY_LOCK = 7_766_701;

const NO_PREVIOUS_SECRET = { previous_secret: null, previous_secret_until: null };

export interface StoredKey {
  apiKey: string;
  secret: string;
  previousSecret: string | null;
  previousSecretUntil: Date | null;
  ownerId: string;
  name: string;
  webhookSecret: string;
  rolesRequired: boolean;
  usedWithoutRolesAt: Date | null;
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

  disable(apiKey: string, at: Date): Promise<StoredKey | undefined> {
    return this.#change(apiKey, { disabled_at: sql`coalesce(disabled_at, ${at})` });
  }

  replaceSecret(apiKey: string, secret: string, previousUntil: Date): Promise<StoredKey | undefined> {
    const previous = { previous_secret: sql<string>`secret`, previous_secret_until: previousUntil };
    return this.#change(apiKey, { secret, ...previous });
  }

  endPreviousSecret(apiKey: string): Promise<StoredKey | undefined> {
    return this.#change(apiKey, NO_PREVIOUS_SECRET);
  }

  requireRoles(apiKey: string, required: boolean): Promise<StoredKey | undefined> {
    return this.#change(apiKey, { roles_required: required });
  }

  async usedWithoutRoles(apiKey: string, at: Date): Promise<void> {
    await this.#change(apiKey, { used_without_roles_at: at });
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

  async #change(apiKey: string, changes: UpdateObject<Tables, 'api_keys'>): Promise<StoredKey | undefined> {
    const row = await this.#db
      .updateTable('api_keys')
      .set(changes)
      .where('api_key', '=', apiKey)
      .returningAll()
      .executeTakeFirst();
    return row && toKey(row);
  }
}

async function updateNamed(tx: DbTx, { apiKey, secret }: StoredKey): Promise<StoredKey | undefined> {
  // The operator's word is the whole word: an old secret does not stay good beside it.
  const changes = { secret, ...NO_PREVIOUS_SECRET };
  await tx.updateTable('api_keys').set(changes).where('api_key', '=', apiKey).where('secret', '!=', secret).execute();
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
      previous_secret: key.previousSecret,
      previous_secret_until: key.previousSecretUntil,
      webhook_secret: key.webhookSecret,
      roles_required: key.rolesRequired,
      used_without_roles_at: key.usedWithoutRolesAt,
      disabled_at: key.disabledAt,
      created_at: key.createdAt,
    })
    .execute();
}

function toKey(row: Selectable<ApiKeysTable>): StoredKey {
  return {
    apiKey: row.api_key,
    secret: row.secret,
    previousSecret: row.previous_secret,
    previousSecretUntil: row.previous_secret_until,
    ownerId: row.owner_id,
    name: row.name,
    webhookSecret: row.webhook_secret,
    rolesRequired: row.roles_required,
    usedWithoutRolesAt: row.used_without_roles_at,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
