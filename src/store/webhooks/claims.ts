// Claims due deliveries for a node: of every owner and host its share, the longest due first.
import { type RawBuilder, sql } from 'kysely';
import type { ClaimedDelivery, ClaimOptions } from '../../webhooks/ports.ts';
import type { Db } from '../database.ts';

/** Deliveries that are looked at for each that can be taken. */
const CANDIDATES = 32;
/** timestamptz(3) may round up; without this a row could be due half a millisecond after we were woken for it. */
const ROUNDING = sql`interval '1 millisecond'`;
const NONE_BUSY: ReadonlyMap<string, number> = new Map();

/**
 * Takes due deliveries of owners in turn, the longest due of each first, and of every owner and host at most its share.
 * Looks at one owner and host after the other through the index, so that a long backlog of one costs nothing to the
 * others.
 */
export async function claimDue(db: Db, options: ClaimOptions): Promise<ClaimedDelivery[]> {
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
    select ${claimedColumns()} from d ${claimedJoins()} order by d.next_attempt_at, d.id`.execute(db);
  return rows;
}

function busy(free: ReadonlyMap<string, number>): RawBuilder<unknown> {
  return sql`(select * from unnest(${[...free.keys()]}::text[], ${[...free.values()]}::integer[]) as b (key, free))`;
}

export function claimedColumns(): RawBuilder<unknown> {
  return sql`d.id, d.event_id as "eventId", d.owner_id as "ownerId", d.session_id as "sessionId", d.seq, d.type, d.url,
    d.host, d.lane, d.attempts, d.lane_attempts as "laneAttempts", d.created_at as "createdAt", e.data::text as data,
    k.webhook_secret as secret`;
}

export function claimedJoins(): RawBuilder<unknown> {
  return sql`join events e on e.id = d.event_id
    left join sessions s on s.id = d.session_id
    left join api_keys k on k.api_key = s.api_key`;
}

export function after(ms: number): RawBuilder<unknown> {
  return sql`now() + ${ms} * interval '1 millisecond'`;
}
