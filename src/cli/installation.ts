// The installation that a command works on: its settings, and its database, which may or may not be running.
import { Access } from '../access/access.ts';
import type { ApiKey, Keys } from '../access/keys.ts';
import { type Config, readConfig, type Secrets } from '../config.ts';
import { StartError } from '../kit/start-error.ts';
import { createLogger } from '../log.ts';
import { type Db, openDatabase } from '../store/database.ts';
import { EmbeddedPostgres } from '../store/embedded-postgres.ts';
import { KeyStore } from '../store/key-store.ts';

export interface Installation {
  config: Config;
  secrets: Secrets;
}

export function readInstallation(): Installation {
  return readConfig();
}

/**
 * Runs `work` on the database itself: a running server notices within a second, and the command works as well when none
 * runs. The embedded database is started for the command where it is not up.
 */
export async function withDatabase<T>(installation: Installation, work: (db: Db) => Promise<T>): Promise<T> {
  await using database = await databaseOf(installation);
  const { db } = await openDatabase(database.url);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** Runs `work` with the API keys. */
export function withKeys<T>(installation: Installation, work: (keys: Keys) => Promise<T>): Promise<T> {
  return withDatabase(installation, (db) => work(new Access(new KeyStore(db)).keys));
}

/** The key to mint tokens with: the one named, else the operator's, else the oldest that works. */
export async function findKey(
  installation: Installation,
  wanted: string | undefined,
): Promise<Pick<ApiKey, 'apiKey' | 'secret'>> {
  const given = installation.secrets.firstKey;
  if (given && (wanted === undefined || wanted === given.apiKey)) return given;
  const keys = await withKeys(installation, (all) => all.list());
  const usable = keys.filter((key) => !key.disabledAt);
  const key = wanted === undefined ? usable[0] : usable.find(({ apiKey }) => apiKey === wanted);
  if (key) return key;
  throw new StartError(
    wanted === undefined
      ? "There is no API key yet. Make one with 'roomful keys create', or start the server once."
      : `There is no API key ${wanted} that works. 'roomful keys list' shows the keys.`,
  );
}

/** As `databaseOf`, but makes no database where there is none yet. */
export async function databaseIfAny(
  installation: Installation,
): Promise<({ url: string } & AsyncDisposable) | undefined> {
  const { config, secrets } = installation;
  if (secrets.databaseUrl === undefined && !EmbeddedPostgres.exists(config.dataDir)) return undefined;
  return databaseOf(installation);
}

async function databaseOf({ config, secrets }: Installation): Promise<{ url: string } & AsyncDisposable> {
  const { dataDir } = config;
  const url = secrets.databaseUrl ?? EmbeddedPostgres.urlOfRunning(dataDir);
  if (url !== undefined) return { url, [Symbol.asyncDispose]: async () => undefined };
  return EmbeddedPostgres.start({ dataDir, log: createLogger('warn') });
}
