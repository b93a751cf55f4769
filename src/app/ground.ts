// What everything else stands on: the data folder, the database, keys, the node's mailbox and its media workers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Access } from '../access/access.ts';
import type { Config, Secrets } from '../config.ts';
import { Mailbox } from '../jobs/mailbox.ts';
import { DataLock } from '../kit/data-lock.ts';
import type { Logger } from '../log.ts';
import { Media, type MediaAddress } from '../media/media.ts';
import { isObjectId, newObjectId } from '../protocol/ids.ts';
import { type Db, openDatabase } from '../store/database.ts';
import { EmbeddedPostgres } from '../store/embedded-postgres.ts';
import { KeyStore } from '../store/key-store.ts';
import { SessionStore } from '../store/session-store.ts';
import { mediaAddresses } from './addresses.ts';
import { closeDataFolder, makeDataFolder } from './data-folder.ts';
import type { Undo } from './undo.ts';

export interface FirstKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  created: boolean;
}

export interface Ground {
  nodeId: string;
  databaseUrl: string;
  db: Db;
  keyStore: KeyStore;
  access: Access;
  firstKey: FirstKey;
  addresses: MediaAddress[];
  media: Media;
  mailbox: Mailbox;
}

export async function layGround(
  { config, secrets, log }: { config: Config; secrets: Secrets; log: Logger },
  undo: Undo,
): Promise<Ground> {
  const { dataDir } = config;
  const addresses = await mediaAddresses(config);
  makeDataFolder(dataDir);
  const lock = DataLock.acquire(dataDir);
  undo.push(() => lock.release());
  closeDataFolder(dataDir, log);
  const nodeId = keptNodeId(dataDir);

  const databaseUrl = secrets.databaseUrl ?? (await startEmbedded(dataDir, log, undo));
  const { db } = await openDatabase(databaseUrl, config.limits);
  undo.push(() => db.destroy());
  const keyStore = new KeyStore(db);
  const sessions = new SessionStore(db);
  const access = new Access(keyStore, {
    roomsOf: (ownerId, participantId) => sessions.roomsOf(ownerId, participantId),
    rolesRequired: config.restRoles === 'required',
    log: log.child({ part: 'access' }),
  });
  const firstKey = await access.keys.ensureFirstKey(secrets.firstKey);

  const media = new Media({ ...config.media, listen: addresses, log: log.child({ part: 'media' }) });
  undo.push(() => media.stop());
  const mailbox = new Mailbox({ databaseUrl, nodeId, log });
  undo.push(() => mailbox.stop());
  await Promise.all([config.roles.includes('media') && media.start(), mailbox.start()]);
  return { nodeId, databaseUrl, db, keyStore, access, firstKey, addresses, media, mailbox };
}

async function startEmbedded(dataDir: string, log: Logger, undo: Undo): Promise<string> {
  const postgres = await EmbeddedPostgres.start({ dataDir, log });
  undo.push(() => postgres.stop());
  return postgres.url;
}

/** A node keeps its id, so that after a crash it finds the sessions and deliveries that were its own. */
function keptNodeId(dataDir: string): string {
  const file = join(dataDir, 'node-id');
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (isObjectId(kept)) return kept;
  } catch {
    // The first start in this folder.
  }
  const made = newObjectId();
  writeFileSync(file, `${made}\n`);
  return made;
}
