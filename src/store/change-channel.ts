// Tells all nodes that something changed which people look at. The migrations `0003-dashboard`
// and `0004-egress-changes` notify of sessions and of egresses.
import { sql } from 'kysely';
import { ChannelListener } from './channel-listener.ts';
import type { Db } from './database.ts';

const CHANNEL = 'roomful_dashboard';

export class ChangeChannel {
  readonly #db: Db;
  readonly #url: string;

  constructor(db: Db, url: string) {
    this.#db = db;
    this.#url = url;
  }

  /** `onChange` gets the topic, or nothing where notices were lost and anything may have changed. */
  listen(onChange: (topic?: string) => void): Promise<{ close(): Promise<void> }> {
    return ChannelListener.open(this.#url, CHANNEL, onChange);
  }

  async notify(topics: readonly string[]): Promise<void> {
    await sql`select pg_notify(${CHANNEL}, topic) from unnest(${topics}::text[]) topic`.execute(this.#db);
  }
}
