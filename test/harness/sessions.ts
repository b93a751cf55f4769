// Rows that events need to exist: an API key, a room and a live session, all new.
import { newApiKey, newApiSecret, newObjectId, newRoomId } from '../../src/protocol/ids.ts';
import type { Db } from '../../src/store/database.ts';

export interface SessionRows {
  apiKey: string;
  ownerId: string;
  roomId: string;
  sessionId: string;
  /** Standard Webhooks secret of the key. */
  webhookSecret: string;
}

export async function insertSession(
  db: Db,
  { webhook, keyWebhook, ownerId = newObjectId() }: { webhook?: unknown; keyWebhook?: unknown; ownerId?: string } = {},
): Promise<SessionRows> {
  const now = new Date();
  const rows: SessionRows = {
    apiKey: newApiKey(),
    ownerId,
    roomId: newRoomId(),
    sessionId: newObjectId(now),
    webhookSecret: `whsec_${Buffer.from(newApiSecret(), 'hex').toString('base64')}`,
  };
  const { apiKey, roomId } = rows;
  await db
    .insertInto('api_keys')
    .values({
      api_key: apiKey,
      secret: newApiSecret(),
      owner_id: ownerId,
      name: 'test',
      webhook: keyWebhook ? JSON.stringify(keyWebhook) : null,
      webhook_secret: rows.webhookSecret,
    })
    .execute();
  await db
    .insertInto('rooms')
    .values({
      id: newObjectId(now),
      owner_id: ownerId,
      api_key: apiKey,
      room_id: roomId,
      webhook: webhook ? JSON.stringify(webhook) : null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  await db
    .insertInto('sessions')
    .values({
      id: rows.sessionId,
      room_id: roomId,
      owner_id: ownerId,
      api_key: apiKey,
      node_id: 'test-node',
      started_at: now,
      closes_at: new Date(now.getTime() + 480 * 60_000),
    })
    .execute();
  return rows;
}
