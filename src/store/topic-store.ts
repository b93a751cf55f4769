// Messages that pub/sub topics keep for the time of their session.
import { sql } from 'kysely';
import type { Db } from './database.ts';

interface TopicMessage {
  id: string;
  message: string;
  payload: Uint8Array;
  timestamp: string;
  senderId: string;
  senderName: string;
  sendOnly: string[];
  persistId: string;
}

/** What one reading of a topic holds in memory at most; older messages are left out. */
const MAX_HISTORY_BYTES = 8 * 1024 * 1024;

export class TopicStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async keep(sessionId: string, topic: string, message: TopicMessage): Promise<string> {
    const { id } = await this.#db
      .insertInto('pubsub_messages')
      .values({
        session_id: sessionId,
        topic,
        message_id: message.id,
        message: message.message,
        payload: Buffer.from(message.payload),
        sender_id: message.senderId,
        sender_name: message.senderName,
        send_only: JSON.stringify(message.sendOnly),
        timestamp: message.timestamp,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return String(id);
  }

  async history(
    sessionId: string,
    topic: string,
    participantId: string,
    limit: number,
    privateAfter = '0',
  ): Promise<TopicMessage[]> {
    const latest = this.#db
      .selectFrom('pubsub_messages')
      .where('session_id', '=', sessionId)
      .where('topic', '=', topic)
      .where(
        sql<boolean>`(send_only = '[]'::jsonb or (id > ${privateAfter}::bigint and (send_only ? ${participantId} or sender_id = ${participantId})))`,
      )
      .orderBy('id', 'desc')
      .limit(limit)
      .selectAll()
      .select(sql<number>`sum(octet_length(message) + octet_length(payload)) over (order by id desc)`.as('bytes'));
    const rows = await this.#db
      .selectFrom(latest.as('latest'))
      .where('bytes', '<=', MAX_HISTORY_BYTES)
      .orderBy('id', 'desc')
      .selectAll()
      .execute();
    return rows.reverse().map((row) => ({
      id: row.message_id,
      message: row.message,
      payload: row.payload,
      timestamp: row.timestamp,
      senderId: row.sender_id,
      senderName: row.sender_name,
      sendOnly: row.send_only,
      persistId: String(row.id),
    }));
  }

  async latest(sessionId: string): Promise<string> {
    const { id } = await this.#db
      .selectFrom('pubsub_messages')
      .where('session_id', '=', sessionId)
      .select(sql<string>`coalesce(max(id), 0)::text`.as('id'))
      .executeTakeFirstOrThrow();
    return id;
  }
}
