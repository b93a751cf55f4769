// Writes down how attempts ended, and lets the next delivery of each freed stream move up.
import { sql } from 'kysely';
import type { ClaimedDelivery, FinishedAttempt, FinishOptions } from '../../webhooks/ports.ts';
import type { Db, DbTx } from '../database.ts';
import { after, claimedColumns, claimedJoins } from './claims.ts';
import { lockSession } from './session-lock.ts';

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

/** The delivery that was to move up has been given up at the same moment: the attempts are written again under the lock. */
class SuccessorGone extends Error {}

/**
 * Writes attempts and the state they leave their deliveries in, and lets the next of each freed stream move up.
 * Returns the deliveries claimed thereby.
 */
export async function finish(
  db: Db,
  attempts: readonly FinishedAttempt[],
  options: FinishOptions,
): Promise<ClaimedDelivery[]> {
  const { done, claimed } = await finishTogether(db, attempts, options);
  // A session that was just publishing is waited for, one at a time: with one lock held we never wait for another.
  for (const attempt of attempts) {
    if (done.has(attempt.deliveryId)) continue;
    const late = await db.transaction().execute(async (tx) => {
      await lockSession(tx, attempt.sessionId);
      return finishAttempts(tx, [attempt], new Set([attempt.sessionId]), options);
    });
    claimed.push(...late.claimed);
  }
  return claimed;
}

async function finishTogether(db: Db, attempts: readonly FinishedAttempt[], options: FinishOptions): Promise<Finished> {
  try {
    return await db.transaction().execute(async (tx) => {
      const locked = await lockIdleSessions(tx, attempts);
      return finishAttempts(tx, attempts, locked, options);
    });
  } catch (error) {
    if (error instanceof SuccessorGone) return { done: new Set(), claimed: [] };
    throw error;
  }
}

/**
 * Locks the sessions that no other transaction holds. The commit does not wait for the disk: what a power cut takes back is
 * delivered twice, which it might be anyway.
 */
async function lockIdleSessions(tx: DbTx, attempts: readonly FinishedAttempt[]): Promise<Set<string>> {
  const ids = [...new Set(attempts.map(({ sessionId }) => sessionId))];
  const { rows } = await sql<{ id: string }>`
    select id, set_config('synchronous_commit', 'off', true) from sessions
    where id = any(${ids}) order by id for no key update skip locked`.execute(tx);
  return new Set(rows.map(({ id }) => id));
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
