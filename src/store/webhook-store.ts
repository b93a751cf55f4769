// What the API shows and changes of webhooks: the delivery log, endpoints, receivers of API keys, the signing key.
import { type RawBuilder, sql } from 'kysely';
import type { Paging } from '../protocol/rest/common.ts';
import type { Db } from './database.ts';
import { DELIVERIES_CHANNEL } from './events.ts';

export const SIGNING_KEY = 'webhook-signing-key';
/** More in one call would hold locks for long; the caller can ask again. */
const MAX_REPLAYS = 10_000;
/** An account may have a receiver for each room; nobody reads a longer list. */
const MAX_ENDPOINTS = 1_000;

export interface DeliveryFilter {
  sessionId?: string | undefined;
  roomId?: string | undefined;
  status?: 'pending' | 'delivered' | 'dead' | undefined;
  type?: string | undefined;
  url?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface Delivery {
  id: string;
  eventId: string;
  roomId: string;
  sessionId: string;
  sequence: number;
  type: string;
  url: string;
  source: 'room' | 'key' | 'operation';
  status: 'pending' | 'delivered' | 'dead';
  lane: 'fast' | 'slow';
  /** Queued behind an earlier delivery of its session to the same URL. */
  waiting: boolean;
  attempts: number;
  nextAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

export interface LoggedAttempt {
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  responseBody: string | null;
}

export interface EndpointHealth {
  url: string;
  delivered: number;
  queued: number;
  retrying: number;
  dead: number;
  lastDeliveredAt: Date | null;
  lastError: string | null;
  disabled: { reason: string; at: Date } | null;
}

/** Receiver of all events of an API key's rooms. */
export interface KeyWebhook {
  endPoint: string;
  events?: string[] | undefined;
}

const DELIVERY_COLUMNS = sql`d.id, d.event_id as "eventId", e.room_id as "roomId", d.session_id as "sessionId",
  d.seq as sequence, d.type, d.url, d.source, d.status, d.lane, d.waiting, d.attempts,
  case when d.status = 'pending' and not d.waiting then d.next_attempt_at end as "nextAttemptAt",
  d.last_status as "lastStatus", d.last_error as "lastError", d.delivered_at as "deliveredAt",
  d.created_at as "createdAt"`;

export class WebhookStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** The private key all nodes sign with, as PEM; the first to ask has it made. */
  async signingKey(create: () => Promise<string>): Promise<string> {
    const read = () =>
      this.#db.selectFrom('shared_secrets').select('value').where('name', '=', SIGNING_KEY).executeTakeFirst();
    const kept = await read();
    if (kept) return kept.value;
    const value = await create();
    await this.#db
      .insertInto('shared_secrets')
      .values({ name: SIGNING_KEY, value })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return (await read())?.value ?? value;
  }

  /** Newest first. */
  async list(
    ownerId: string,
    filter: DeliveryFilter,
    { page, perPage }: Paging,
  ): Promise<{ deliveries: Delivery[]; total: number }> {
    const where = conditions(ownerId, filter);
    // What was queued in the same millisecond comes in the order of its numbers.
    const newestFirst = filter.sessionId === undefined ? sql`d.created_at desc, d.seq desc` : sql`d.seq desc`;
    const { rows } = await sql<Delivery>`select ${DELIVERY_COLUMNS} from webhook_deliveries d
      join events e on e.id = d.event_id where ${where}
      order by ${newestFirst}, d.id desc limit ${perPage} offset ${(page - 1) * perPage}`.execute(this.#db);
    const counted = await sql<{ total: number }>`select count(*) as total from webhook_deliveries d
      join events e on e.id = d.event_id where ${where}`.execute(this.#db);
    return { deliveries: rows, total: counted.rows[0]?.total ?? 0 };
  }

  async find(ownerId: string, id: string): Promise<Delivery | undefined> {
    const { rows } = await sql<Delivery>`select ${DELIVERY_COLUMNS} from webhook_deliveries d
      join events e on e.id = d.event_id where d.id = ${id} and d.owner_id = ${ownerId}`.execute(this.#db);
    return rows[0];
  }

  /** JSON text of an event's data. */
  async eventData(eventId: string): Promise<string> {
    const { rows } = await sql<{ data: string }>`select data::text as data from events where id = ${eventId}`.execute(
      this.#db,
    );
    return rows[0]?.data ?? '{}';
  }

  /** Oldest first. */
  async attempts(deliveryId: string): Promise<LoggedAttempt[]> {
    const { rows } = await sql<LoggedAttempt>`select at, duration_ms as "durationMs", status, error,
      response_body as "responseBody" from webhook_attempts where delivery_id = ${deliveryId} order by id`.execute(
      this.#db,
    );
    return rows;
  }

  /**
   * Queues ended deliveries again, in the slow lane and due now, and makes slow ones due now. Leaves out what goes to a
   * disabled endpoint, and what is still queued in order. Returns how many.
   */
  async replay(ownerId: string, filter: DeliveryFilter & { id?: string | undefined }): Promise<number> {
    const one = filter.id === undefined ? sql`true` : sql`d.id = ${filter.id}`;
    const { rows } = await sql<{ replayed: number }>`
      with chosen as (
        select d.id from webhook_deliveries d
        join events e on e.id = d.event_id
        left join webhook_disabled_endpoints gone on gone.owner_id = d.owner_id and gone.url = d.url
        where ${conditions(ownerId, filter)} and ${one} and gone.url is null
          and (d.status <> 'pending' or d.lane = 'slow') and d.claimed_by is null
        order by d.created_at, d.seq limit ${MAX_REPLAYS} for update of d
      ), replayed as (
        update webhook_deliveries set status = 'pending', lane = 'slow', waiting = false, lane_attempts = 0,
          next_attempt_at = now(), delivered_at = null
        where id = any(array(select id from chosen)) returning id
      ), counted as (
        select count(*) as replayed from replayed
      )
      select replayed, case when replayed > 0 then pg_notify(${DELIVERIES_CHANNEL}, '') end from counted`.execute(
      this.#db,
    );
    return rows[0]?.replayed ?? 0;
  }

  /** URLs that got deliveries in the last seven days, or are disabled; those that fail first, where there are many. */
  async endpoints(ownerId: string): Promise<EndpointHealth[]> {
    const { rows } = await sql<EndpointHealth & { reason: string | null; disabledAt: Date | null }>`
      with recent as (
        select url,
          count(*) filter (where status = 'delivered') as delivered,
          count(*) filter (where status = 'pending' and attempts = 0) as queued,
          count(*) filter (where status = 'pending' and attempts > 0) as retrying,
          count(*) filter (where status = 'dead') as dead,
          max(delivered_at) as "lastDeliveredAt",
          (array_agg(last_error order by created_at desc) filter (where last_error is not null))[1] as "lastError"
        from webhook_deliveries where owner_id = ${ownerId} and created_at > now() - interval '7 days' group by url
      ), gone as (
        select url, reason, disabled_at from webhook_disabled_endpoints where owner_id = ${ownerId}
      )
      select url, coalesce(delivered, 0) as delivered, coalesce(queued, 0) as queued, coalesce(retrying, 0) as retrying,
        coalesce(dead, 0) as dead, "lastDeliveredAt", "lastError", reason, disabled_at as "disabledAt"
      from recent full join gone using (url)
      order by (reason is not null) desc, coalesce(dead, 0) + coalesce(retrying, 0) desc, url
      limit ${MAX_ENDPOINTS}`.execute(this.#db);
    rows.sort((a, b) => (a.url < b.url ? -1 : 1));
    return rows.map(({ reason, disabledAt, ...health }) => ({
      ...health,
      disabled: disabledAt && { reason: reason ?? '', at: disabledAt },
    }));
  }

  /** Returns whether it was disabled. */
  async enableEndpoint(ownerId: string, url: string): Promise<boolean> {
    const { rows } = await sql`delete from webhook_disabled_endpoints
      where owner_id = ${ownerId} and url = ${url} returning url`.execute(this.#db);
    return rows.length > 0;
  }

  async isDisabled(ownerId: string, url: string): Promise<boolean> {
    const { rows } = await sql`select from webhook_disabled_endpoints
      where owner_id = ${ownerId} and url = ${url}`.execute(this.#db);
    return rows.length > 0;
  }

  async settings(apiKey: string): Promise<{ webhook: KeyWebhook | null; signingSecret: string } | undefined> {
    const { rows } = await sql<{ webhook: KeyWebhook | null; signingSecret: string }>`
      select webhook, webhook_secret as "signingSecret" from api_keys where api_key = ${apiKey}`.execute(this.#db);
    return rows[0];
  }

  async setWebhook(apiKey: string, webhook: KeyWebhook | null): Promise<void> {
    await this.#db
      .updateTable('api_keys')
      .set({ webhook: webhook && JSON.stringify(webhook) })
      .where('api_key', '=', apiKey)
      .execute();
  }
}

function conditions(ownerId: string, filter: DeliveryFilter): RawBuilder<unknown> {
  const { sessionId, roomId, status, type, url, from, to } = filter;
  const all = [
    sql`d.owner_id = ${ownerId}`,
    sessionId !== undefined && sql`d.session_id = ${sessionId}`,
    roomId !== undefined && sql`e.room_id = ${roomId}`,
    status !== undefined && sql`d.status = ${status}`,
    type !== undefined && sql`d.type = ${type}`,
    url !== undefined && sql`d.url = ${url}`,
    from !== undefined && sql`d.created_at >= ${from}`,
    to !== undefined && sql`d.created_at <= ${to}`,
  ];
  return sql.join(
    all.filter((condition) => condition !== false),
    sql` and `,
  );
}
