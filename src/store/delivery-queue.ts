// The webhook queue: claiming due deliveries, finishing attempts, and what follows from both.
//
// A stream is the fast-lane deliveries of one session to one URL. Only its first row is claimable; the others are
// `waiting`. Whoever begins or empties a stream (a publisher, a deliverer that finishes the last row, an endpoint being
// disabled) holds the lock of the session's row, so that no row is left waiting for one that has already gone.
import { type RawBuilder, sql } from 'kysely';
import { ChannelListener } from './channel-listener.ts';
import type { Db, DbTx } from './database.ts';
import { DELIVERIES_CHANNEL, ENDPOINT_DISABLED } from './events.ts';

/** A delivery that this node has taken, with everything that an attempt needs. */
export interface ClaimedDelivery {
  id: string;
  eventId: string;
  ownerId: string;
  sessionId: string;
  seq: number;
  type: string;
  url: string;
  host: string;
  lane: 'fast' | 'slow';
  /** Attempts before this one. */
  attempts: number;
  laneAttempts: number;
  createdAt: Date;
  /** JSON text of the event's data, as it was published. */
  data: string;
  /** Standard Webhooks secret of the API key, if that still exists. */
  secret: string | null;
}

export interface ClaimOptions {
  nodeId: string;
  leaseMs: number;
  limit: number;
  perOwner?: number;
  perHost: number;
  /** Of one owner at one host. */
  perLane?: number;
  /** What is left of these for those that are busy already; a lane's key is its owner, a space, and its host. */
  freeByOwner?: ReadonlyMap<string, number>;
  freeByHost: ReadonlyMap<string, number>;
  freeByLane?: ReadonlyMap<string, number>;
}

export interface FinishedAttempt {
  deliveryId: string;
  sessionId: string;
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  responseBody: string | null;
  state: 'delivered' | 'pending' | 'dead';
  lane: 'fast' | 'slow';
  /** Until the next attempt, when the state is `pending`. */
  delayMs: number;
  /** True when the delivery was first in its stream and is so no longer. */
  freesStream: boolean;
}

/** The endpoint that a delivery went to, and the delivery's session. */
export interface EndpointOfSession {
  ownerId: string;
  url: string;
  sessionId: string;
}

export interface FinishOptions {
  nodeId: string;
  leaseMs: number;
  /** Claim the next delivery of each freed stream at once. */
  claimNext: boolean;
}

interface Finished {
  /** Ids of the deliveries whose attempt has been written. */
  done: ReadonlySet<string>;
  claimed: ClaimedDelivery[];
}

interface FinishedRow extends Omit<ClaimedDelivery, 'id'> {
  finishedId: string;
  successor: string | null;
  id: string | null;
}

/** The delivery that was to move up has been given up in the same moment; all is done again under the lock. */
class SuccessorGone extends Error {}

/** Told of deliveries that were given up to make room for newer ones. */
const TOO_MANY_PENDING = 'given up: too many deliveries of this account were waiting for their receivers';
/** Deliveries that are looked at for each that can be taken. */
const CANDIDATES = 32;
/** In one turn; the next turn goes on. */
const MAX_EXCESS_SESSIONS = 1_000;

/** timestamptz(3) may round up; without this a row could be due half a millisecond after we were woken for it. */
const ROUNDING = sql`interval '1 millisecond'`;

function claimedColumns(): RawBuilder<unknown> {
  return sql`d.id, d.event_id as "eventId", d.owner_id as "ownerId", d.session_id as "sessionId", d.seq, d.type, d.url,
    d.host, d.lane, d.attempts, d.lane_attempts as "laneAttempts", d.created_at as "createdAt", e.data::text as data,
    k.webhook_secret as secret`;
}

function claimedJoins(): RawBuilder<unknown> {
  return sql`join events e on e.id = d.event_id
    left join sessions s on s.id = d.session_id
    left join api_keys k on k.api_key = s.api_key`;
}

function after(ms: number): RawBuilder<unknown> {
  return sql`now() + ${ms} * interval '1 millisecond'`;
}

/** A session with deliveries that are given up, and the newest of its owner's that is. */
interface Excess {
  sessionId: string;
  at: Date;
  id: string;
}

const NONE_BUSY: ReadonlyMap<string, number> = new Map();

function busy(free: ReadonlyMap<string, number>): RawBuilder<unknown> {
  return sql`(select * from unnest(${[...free.keys()]}::text[], ${[...free.values()]}::integer[]) as b (key, free))`;
}

export class DeliveryQueue {
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

  /** Frees what a node has claimed, such as in an earlier life, but for what it knows of. */
  async releaseClaims(nodeId: string, held: readonly string[] = []): Promise<void> {
    await sql`update webhook_deliveries set claimed_by = null, claimed_until = null
      where claimed_by = ${nodeId} and id <> all(${held}::text[])`.execute(this.#db);
  }

  /** Frees what nodes that died had claimed. */
  async releaseLapsedClaims(): Promise<void> {
    await sql`update webhook_deliveries set claimed_by = null, claimed_until = null
      where claimed_by is not null and claimed_until < now()`.execute(this.#db);
  }

  /**
   * Takes due deliveries of owners in turn, the longest due of each first, and of every owner and host at most its share.
   * Looks at one owner and host after the other through the index, so that a long backlog of one costs nothing to the
   * others.
   */
  async claim(options: ClaimOptions): Promise<ClaimedDelivery[]> {
    const { nodeId, leaseMs, limit, perHost, freeByHost } = options;
    const { perOwner = limit, perLane = perHost, freeByOwner = NONE_BUSY, freeByLane = NONE_BUSY } = options;
    const claimable = sql`status = 'pending' and not waiting and claimed_by is null`;
    const { rows } = await sql<ClaimedDelivery>`
      with recursive lanes (owner_id, host) as (
        (select owner_id, host from webhook_deliveries where ${claimable} order by owner_id, host limit 1)
        union all
        select after.owner_id, after.host from lanes cross join lateral (
          select owner_id, host from webhook_deliveries
          where ${claimable} and (owner_id, host) > (lanes.owner_id, lanes.host) order by owner_id, host limit 1
        ) after
      ), busy_owner as ${busy(freeByOwner)}, busy_host as ${busy(freeByHost)}, busy_lane as ${busy(freeByLane)},
      -- Some for each lane, and not many more in all than can be taken.
      candidates as (select greatest(1, ${limit * CANDIDATES} / count(*)) as most from lanes),
      due as (
        select due.id, lanes.owner_id, lanes.host, due.next_attempt_at,
          row_number() over (partition by lanes.owner_id order by due.next_attempt_at, due.id) as turn
        from lanes left join busy_lane on busy_lane.key = lanes.owner_id || ' ' || lanes.host
        cross join lateral (
          select id, next_attempt_at from webhook_deliveries
          where owner_id = lanes.owner_id and host = lanes.host and ${claimable}
            and next_attempt_at <= now() + ${ROUNDING}
          order by next_attempt_at
          limit least(coalesce(busy_lane.free, ${perLane}), (select most from candidates)) for update skip locked
        ) due
      ), allowed as (
        select due.*, row_number() over (partition by host order by turn, next_attempt_at) as place
        from due left join busy_owner on busy_owner.key = due.owner_id
        where turn <= coalesce(busy_owner.free, ${perOwner})
      ), picked as (
        select id from allowed left join busy_host on busy_host.key = allowed.host
        where place <= coalesce(busy_host.free, ${perHost})
        order by turn, next_attempt_at limit ${limit}
      ), d as (
        update webhook_deliveries set claimed_by = ${nodeId}, claimed_until = ${after(leaseMs)}
        where id = any(array(select id from picked)) returning *
      )
      select ${claimedColumns()} from d ${claimedJoins()} order by d.next_attempt_at, d.id`.execute(this.#db);
    return rows;
  }

  /**
   * Writes attempts and the state they leave their deliveries in, and lets the next of each freed stream move up.
   * Returns the deliveries claimed thereby.
   */
  async finish(attempts: readonly FinishedAttempt[], options: FinishOptions): Promise<ClaimedDelivery[]> {
    const { done, claimed } = await this.#finishTogether(attempts, options);
    // A session that was just publishing is waited for, one at a time: who holds one lock never waits for another.
    for (const attempt of attempts) {
      if (done.has(attempt.deliveryId)) continue;
      const late = await this.#db.transaction().execute(async (tx) => {
        await lockSession(tx, attempt.sessionId);
        return finishAttempts(tx, [attempt], new Set([attempt.sessionId]), options);
      });
      claimed.push(...late.claimed);
    }
    return claimed;
  }

  async #finishTogether(attempts: readonly FinishedAttempt[], options: FinishOptions): Promise<Finished> {
    try {
      return await this.#db.transaction().execute(async (tx) => {
        const locked = await lockIdleSessions(tx, attempts);
        return finishAttempts(tx, attempts, locked, options);
      });
    } catch (error) {
      if (error instanceof SuccessorGone) return { done: new Set(), claimed: [] };
      throw error;
    }
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

/**
 * Locks the sessions that nobody else holds. The commit does not wait for the disk: what a power cut takes back is
 * delivered twice, which it might be anyway.
 */
async function lockIdleSessions(tx: DbTx, attempts: readonly FinishedAttempt[]): Promise<Set<string>> {
  const ids = [...new Set(attempts.map(({ sessionId }) => sessionId))];
  const { rows } = await sql<{ id: string }>`
    select id, set_config('synchronous_commit', 'off', true) from sessions
    where id = any(${ids}) order by id for no key update skip locked`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

async function lockSession(tx: DbTx, sessionId: string): Promise<void> {
  await sql`select from sessions where id = ${sessionId} for no key update`.execute(tx);
}

/**
 * Ends what can be ended. Without the lock of its session a delivery may only make room for a successor that is there
 * already: whether there is none, and a publisher need not put its own in line, is decided under the lock.
 */
async function finishAttempts(
  tx: DbTx,
  attempts: readonly FinishedAttempt[],
  lockedSessions: ReadonlySet<string>,
  { nodeId, leaseMs, claimNext }: FinishOptions,
): Promise<Finished> {
  const ids = attempts.map(({ deliveryId }) => deliveryId);
  const ended = attempts.map((attempt) => ({ ...storable(attempt), locked: lockedSessions.has(attempt.sessionId) }));
  const { rows } = await sql<FinishedRow>`
    with attempt as (
      select * from json_to_recordset(${JSON.stringify(ended)}) as a ("deliveryId" text,
        at timestamptz, "durationMs" integer, status integer, error text, "responseBody" text, state text, lane text,
        "delayMs" double precision, "freesStream" boolean, locked boolean)
    ), finished as (
      update webhook_deliveries d set
        status = a.state, lane = a.lane, attempts = d.attempts + 1,
        lane_attempts = case when a.lane = d.lane then d.lane_attempts + 1 else 0 end,
        next_attempt_at = case a.state when 'pending' then now() + a."delayMs" * interval '1 millisecond'
          else d.next_attempt_at end,
        claimed_by = null, claimed_until = null, last_status = a.status, last_error = a.error,
        delivered_at = case a.state when 'delivered' then now() end
      from (
        select attempt.*, (
          select w.id from webhook_deliveries w
          where attempt."freesStream" and w.session_id = mine.session_id and w.url = mine.url
            and w.status = 'pending' and w.lane = 'fast' and w.waiting
          order by w.seq limit 1
        ) as successor
        from attempt join webhook_deliveries mine on mine.id = attempt."deliveryId"
        where mine.id = any(${ids})
      ) a
      -- The list sends the planner to the primary key; with a plain comparison it would look through all claims.
      where d.id = any(${ids}) and d.id = a."deliveryId" and coalesce(d.claimed_by = ${nodeId}, false)
        and (a.locked or not a."freesStream" or a.successor is not null)
      returning d.id, a.successor
    ), logged as (
      insert into webhook_attempts (delivery_id, at, duration_ms, status, error, response_body)
      select finished.id, a.at, a."durationMs", a.status, a.error, a."responseBody"
      from finished join attempt a on a."deliveryId" = finished.id
    ), d as (
      update webhook_deliveries set waiting = false, next_attempt_at = now(),
        claimed_by = case when ${claimNext} then ${nodeId} end,
        claimed_until = case when ${claimNext} then ${after(leaseMs)} end
      where id = any(array(select successor from finished)) and status = 'pending' and waiting returning *
    ), next as (
      select ${claimedColumns()} from d ${claimedJoins()}
    )
    select finished.id as "finishedId", finished.successor, next.*
    from finished left join next on next.id = finished.successor`.execute(tx);
  if (rows.some(({ successor, id }) => successor !== null && id === null)) throw new SuccessorGone();
  const claimed = rows.filter((row): row is FinishedRow & ClaimedDelivery => claimNext && row.id !== null);
  return { done: new Set(rows.map(({ finishedId }) => finishedId)), claimed };
}

/** PostgreSQL's text takes neither NUL nor half of a surrogate pair, and receivers can answer with anything. */
function storable(attempt: FinishedAttempt): FinishedAttempt {
  const clean = (text: string | null) => text?.replaceAll('\0', '\ufffd').toWellFormed() ?? null;
  return { ...attempt, error: clean(attempt.error), responseBody: clean(attempt.responseBody) };
}
