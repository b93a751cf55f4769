// What every other part is built on: the database, keys, the node's mailbox and its media workers.
import { Access } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import { Mailbox } from '../jobs/mailbox.ts';
import type { Logger } from '../log.ts';
import { Media, type MediaAddress } from '../media/media.ts';
import { EmbeddedPostgres } from '../postgres/embedded-postgres.ts';
import { KeyStore } from '../store/access/key-store.ts';
import { type Db, openDatabase } from '../store/database.ts';
import { SessionStore } from '../store/rooms/session-store.ts';

export interface FirstKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  created: boolean;
}

export interface Infrastructure {
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

export async function createInfrastructure(
  { config, secrets, log }: { config: Config; secrets: Secrets; log: Logger },
  { nodeId, addresses }: { nodeId: string; addresses: MediaAddress[] },
  stack: AsyncDisposableStack,
): Promise<Infrastructure> {
  const databaseUrl = secrets.databaseUrl ?? (await startEmbedded(config.dataDir, log, stack));
  const { db } = await openDatabase(databaseUrl, config.limits);
  stack.defer(() => db.destroy());
  const keyStore = new KeyStore(db);
  const sessions = new SessionStore(db);
  const access = new Access(keyStore, {
    roomsOf: (ownerId, participantId) => sessions.roomsOf(ownerId, participantId),
    rolesRequired: config.restRoles === 'required',
    log: log.child({ part: 'access' }),
  });
  const firstKey = await access.keys.ensureFirstKey(secrets.firstKey);

  const media = new Media({ ...config.media, listen: addresses, log: log.child({ part: 'media' }) });
  stack.defer(() => media.stop());
  const mailbox = new Mailbox({ databaseUrl, nodeId, log });
  stack.defer(() => mailbox.stop());
  await Promise.all([config.roles.includes('media') && media.start(), mailbox.start()]);
  return { nodeId, databaseUrl, db, keyStore, access, firstKey, addresses, media, mailbox };
}

async function startEmbedded(dataDir: string, log: Logger, stack: AsyncDisposableStack): Promise<string> {
  const postgres = await EmbeddedPostgres.start({ dataDir, log });
  stack.defer(() => postgres.stop());
  return postgres.url;
}
