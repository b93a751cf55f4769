// The webhook queue. `claims.ts` takes what is due, `finishing.ts` writes down what came of it.
//
// A stream is the fast-lane deliveries of one session to one URL. Only its first row is claimable; the others are
// `waiting`. What begins or empties a stream (a publisher, a deliverer that finishes the last row, the disabling of an
// endpoint) holds the lock of the session's row, so that no row is left waiting for one that has already gone.
import { sql } from 'kysely';
import type * as ports from '../../webhooks/ports.ts';
import type {
  ClaimedDelivery,
  ClaimOptions,
  EndpointOfSession,
  FinishedAttempt,
  FinishOptions,
} from '../../webhooks/ports.ts';
import { ChannelListener } from '../channel-listener.ts';
import type { Db } from '../database.ts';
import { claimDue } from './claims.ts';
import { DELIVERIES_CHANNEL, ENDPOINT_DISABLED } from './events.ts';
import { finish } from './finishing.ts';
import { lockSession } from './session-lock.ts';

/** Last error of deliveries that were given up to make room for newer ones. */
const TOO_MANY_PENDING = 'given up: too many deliveries of this account were waiting for their receivers';
/** In one turn; the next turn goes on. */
const MAX_EXCESS_SESSIONS = 1_000;

/** A session with deliveries to give up: those of its owner up to this time and id. */
interface Excess {
  sessionId: string;
  at: Date;
  id: string;
}

export class DeliveryQueue implements ports.DeliveryQueue {
  readonly #db: Db;
  readonly #url: string;

  /** `url` is the database's, for the connection that listens. */
  constructor(db: Db, url: string) {
    this.#db = db;
    this.#url = url;
  }

  /** Calls `onWork` whenever deliveries have become claimable by a commit, and after the database was away. */
  listen(onWork: (facts: { afterGap: boolean }) => void): Promise<{ close(): Promise<void> }> {
    return ChannelListener.open(this.#url, DELIVERIES_CHANNEL, (payload) =>
      onWork({ afterGap: payload === undefined }),
    );
  }

  /** Frees what a node has claimed, such as before a restart, except what it still holds. */
  async releaseClaims(nodeId: string, held: readonly string[] = []): Promise<void> {
    await sql`update webhook_deliveries set claimed_by = null, claimed_until = null
      where claimed_by = ${nodeId} and id <> all(${held}::text[])`.execute(this.#db);
  }

  /** Frees what nodes that died had claimed. */
  async releaseLapsedClaims(): Promise<void> {
    await sql`update webhook_deliveries set claimed_by = null, claimed_until = null
      where claimed_by is not null and claimed_until < now()`.execute(this.#db);
  }

  claim(options: ClaimOptions): Promise<ClaimedDelivery[]> {
    return claimDue(this.#db, options);
  }

  finish(attempts: readonly FinishedAttempt[], options: FinishOptions): Promise<ClaimedDelivery[]> {
    return finish(this.#db, attempts, options);
  }

  /**
   * Gives up the oldest pending deliveries of owners that have more than `most`; they become dead letters. Returns how
   * many. What is being attempted is left to its own outcome.
   */
  async giveUpExcess(most: number): Promise<number> {
    const pending = sql`status = 'pending'`;
    const { rows } = await sql<Excess>`
      with recursive owners (owner_id) as (
        (select owner_id from webhook_deliveries where ${pending} order by owner_id limit 1)
        union all
        select after.owner_id from owners cross join lateral (
          select owner_id from webhook_deliveries where ${pending} and owner_id > owners.owner_id
          order by owner_id limit 1
        ) after
      )
      select distinct d.session_id as "sessionId", excess.created_at as at, excess.id
      from owners cross join lateral (
        select created_at, id from webhook_deliveries where ${pending} and owner_id = owners.owner_id
        order by created_at desc, id desc offset ${most} limit 1
      ) excess
      join webhook_deliveries d on d.owner_id = owners.owner_id and d.status = 'pending'
        and (d.created_at, d.id) <= (excess.created_at, excess.id)
      limit ${MAX_EXCESS_SESSIONS}`.execute(this.#db);
    let count = 0;
    for (const excess of rows) count += await this.#giveUpOldest(excess);
    return count;
  }

  /** The streams that lose their first delivery thereby go on with the next. */
  #giveUpOldest({ sessionId, at, id }: Excess): Promise<number> {
    return this.#db.transaction().execute(async (tx) => {
      await lockSession(tx, sessionId);
      const { numAffectedRows = 0n } = await sql`
        update webhook_deliveries set status = 'dead', waiting = false, last_error = ${TOO_MANY_PENDING}
        where session_id = ${sessionId} and status = 'pending' and claimed_by is null
          and (created_at, id) <= (${at}, ${id})`.execute(tx);
      await sql`
        with freed as (
          update webhook_deliveries set waiting = false, next_attempt_at = now()
          where waiting and id in (
            select distinct on (url) id from webhook_deliveries
            where session_id = ${sessionId} and status = 'pending' and lane = 'fast' order by url, seq
          ) returning id
        )
        select pg_notify(${DELIVERIES_CHANNEL}, '') from freed limit 1`.execute(tx);
      return Number(numAffectedRows);
    });
  }

  /** Nothing is sent to the endpoint any more: what is queued for it dies now, what will be published dies then. */
  async disableEndpoint({ ownerId, url, sessionId }: EndpointOfSession, reason: string): Promise<void> {
    // From here on, publishers queue nothing for it.
    const { rows: added } = await sql`insert into webhook_disabled_endpoints (owner_id, url, reason, disabled_at)
      values (${ownerId}, ${url}, ${reason}, now()) on conflict do nothing returning url`.execute(this.#db);
    // When it was disabled already, only this session can have been publishing at that moment.
    const sessionIds = added.length > 0 ? await this.#sessionsWaitingFor(ownerId, url) : [sessionId];
    for (const id of sessionIds) {
      await this.#db.transaction().execute(async (tx) => {
        await lockSession(tx, id);
        // One that is being attempted right now is left to its own outcome.
        await sql`update webhook_deliveries set status = 'dead', waiting = false, last_error = ${ENDPOINT_DISABLED}
          where session_id = ${id} and url = ${url} and status = 'pending' and claimed_by is null`.execute(tx);
      });
    }
  }

  async #sessionsWaitingFor(ownerId: string, url: string): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`select distinct session_id as id from webhook_deliveries
      where owner_id = ${ownerId} and url = ${url} and status = 'pending'`.execute(this.#db);
    return rows.map(({ id }) => id);
  }
}
