// Writes events and the webhook deliveries that follow from them, inside the caller's transaction.
import { sql } from 'kysely';
import { matchesEvent } from '../protocol/event-filters.ts';
import type { SessionEvent } from '../protocol/events.ts';
import { newObjectId } from '../protocol/ids.ts';
import type { DbTx } from './database.ts';

/** Name of the notification that tells deliverers of committed work. */
export const DELIVERIES_CHANNEL = 'roomful_deliveries';

/** Words a delivery carries that never had a chance, because its receiver is disabled. */
export const ENDPOINT_DISABLED = 'the endpoint is disabled';

interface Receiver {
  url: string;
  source: 'room' | 'key' | 'operation';
}

/** `{endPoint, events}` as rooms and keys store it. */
interface Subscription {
  endPoint?: string;
  events?: string[];
}

interface NumberedSession {
  event_seq: number;
  owner_id: string;
  room_id: string;
  room: Subscription | null;
  key: Subscription | null;
}

/**
 * True when one of the patterns, in which `*` stands for any characters, matches the whole event name. A receiver that
 * names no events at all (not even an empty list) gets every one.
 */
export function subscribes(patterns: readonly string[] | undefined, type: string): boolean {
  return !patterns || patterns.some((pattern) => matchesEvent(pattern, type));
}

/**
 * Publishes an event: takes the session's next sequence number, stores the event, and queues one delivery for each
 * receiver that subscribed to it. The row lock on the session serialises its events, so that the order of numbers is
 * the order of commits; deliverers take the same lock to finish a delivery, which makes `waiting` below reliable.
 */
export async function publishEvent(tx: DbTx, event: SessionEvent): Promise<void> {
  // Two statements, because only one that begins after the lock is held sees what the last holder of it committed.
  const session = await lockAndNumber(tx, event.sessionId);
  const receivers = receiversOf(session, event);
  await storeEvent(tx, event, session, receivers);
}

async function lockAndNumber(tx: DbTx, sessionId: string): Promise<NumberedSession> {
  const { rows } = await sql<NumberedSession>`
    with session as (
      update sessions set event_seq = event_seq + 1 where id = ${sessionId}
      returning event_seq, owner_id, room_id
    )
    select session.*, rooms.webhook as room, api_keys.webhook as key
    from session
    left join rooms on rooms.room_id = session.room_id
    left join api_keys on api_keys.api_key = rooms.api_key`.execute(tx);
  const [session] = rows;
  if (!session) throw new Error(`event for unknown session ${sessionId}`);
  return session;
}

function receiversOf(session: NumberedSession, event: SessionEvent): Receiver[] {
  const receivers = new Map<string, Receiver>();
  const add = (url: string | undefined, source: Receiver['source']) => {
    // One receiver gets one copy, whoever asked for it first.
    if (url && !receivers.has(url)) receivers.set(url, { url, source });
  };
  if (subscribes(session.room?.events, event.type)) add(session.room?.endPoint, 'room');
  if (subscribes(session.key?.events, event.type)) add(session.key?.endPoint, 'key');
  add(event.webhookUrl, 'operation');
  return [...receivers.values()];
}

async function storeEvent(
  tx: DbTx,
  event: SessionEvent,
  session: NumberedSession,
  receivers: Receiver[],
): Promise<void> {
  const id = newObjectId(event.at);
  const ids = receivers.map(() => newObjectId());
  // Queued at the time of the database's clock, and not of a transaction that may have waited for the lock: newest first
  // is then the order of the numbers, too.
  await sql`
    with event as (
      insert into events (id, session_id, seq, owner_id, room_id, type, data, at)
      values (${id}, ${event.sessionId}, ${session.event_seq}, ${session.owner_id}, ${session.room_id}, ${event.type},
        ${JSON.stringify(event.data)}, ${event.at})
    ), receiver as (
      select new.*, gone.url is not null as disabled, exists (
        select from webhook_deliveries earlier
        where earlier.session_id = ${event.sessionId} and earlier.url = new.url
          and earlier.status = 'pending' and earlier.lane = 'fast'
      ) as behind
      from unnest(${ids}::text[], ${receivers.map(({ url }) => url)}::text[],
        ${receivers.map(({ source }) => source)}::text[]) as new (id, url, source)
      left join webhook_disabled_endpoints gone on gone.owner_id = ${session.owner_id} and gone.url = new.url
    ), queued as (
      insert into webhook_deliveries (id, event_id, owner_id, session_id, seq, type, url, source, lane, status, waiting,
        last_error, created_at, next_attempt_at)
      select id, ${id}, ${session.owner_id}, ${event.sessionId}, ${session.event_seq}, ${event.type}, url, source,
        'fast', case when disabled then 'dead' else 'pending' end, behind and not disabled,
        case when disabled then ${ENDPOINT_DISABLED} end, clock_timestamp(), now()
      from receiver
      returning status, waiting
    )
    select pg_notify(${DELIVERIES_CHANNEL}, '')
    from queued where status = 'pending' and not waiting limit 1`.execute(tx);
}
