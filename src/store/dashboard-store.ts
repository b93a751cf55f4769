// What the dashboard shows beside the REST API: usage over time, lists with counts, the whole story of a session.
import { type RawBuilder, sql } from 'kysely';
import type { Paging } from '../protocol/rest/common.ts';
import type {
  LiveSession,
  OverviewBody,
  RoomRow,
  RoomsQuery,
  SessionRow,
  SessionsQuery,
  TimelineBody,
  TimelineDelivery,
  TimelineEvent,
  TimelineParticipant,
} from '../protocol/rest/dashboard.ts';
import { DashboardEgresses } from './dashboard-egresses.ts';
import { all, contains, pageOf, sorted } from './dashboard-sql.ts';
import type { Db } from './database.ts';

/** A session may have more; the pages say so. */
const MAX_EVENTS = 2_000;
const MAX_PARTICIPANTS = 500;
const MAX_LIVE = 12;

/** Rows as the database gives them: times are dates, which JSON turns into what the protocol says. */
type Row<T> = { [K in keyof T]: T[K] };

interface Span {
  from: Date;
  to: Date;
  unit: 'hour' | 'day';
  timeZone: string;
}

export class DashboardStore {
  readonly egresses: DashboardEgresses;
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
    this.egresses = new DashboardEgresses(db);
  }

  async now(ownerId: string): Promise<OverviewBody['now']> {
    const { rows } = await sql<OverviewBody['now']>`
      select (select count(*) from sessions where owner_id = ${ownerId} and ended_at is null) as rooms,
        (select count(*) from sessions s
          join participants p on p.session_id = s.id
          join participant_stays stay on stay.participant = p.id and stay.left_at is null
          where s.owner_id = ${ownerId} and s.ended_at is null) as people,
        (select count(*) from rooms where owner_id = ${ownerId} and disabled_at is null) as "totalRooms"`.execute(
      this.#db,
    );
    return rows[0] ?? { rooms: 0, people: 0, totalRooms: 0 };
  }

  async live(ownerId: string): Promise<Row<LiveSession>[]> {
    const { rows } = await sql<LiveSession>`
      select s.id as "sessionId", s.room_id as "roomId", r.custom_room_id as "customRoomId",
        s.started_at as "startedAt", ${present} as people
      from sessions s join rooms r using (room_id)
      where s.owner_id = ${ownerId} and s.ended_at is null
      order by people desc, s.started_at desc limit ${MAX_LIVE}`.execute(this.#db);
    return rows;
  }

  /** Sessions begun, people, and the minutes they were there, by hour or day. A stay counts in every slot it touches. */
  async usage(ownerId: string, span: Span): Promise<OverviewBody['usage']> {
    const { unit, timeZone } = span;
    const { rows } = await sql<OverviewBody['usage'][number]>`
      with ${slots(span)},
      edge as (select min(start) as start from slot),
      recent as (
        select id, started_at, ended_at from sessions, edge
        where owner_id = ${ownerId} and (ended_at is null or ended_at >= edge.start)
      ), stay as (
        select p.participant_id, greatest(joined_at, edge.start) as joined_at, coalesce(left_at, now()) as left_at
        from recent join participants p on p.session_id = recent.id
        join participant_stays on participant = p.id, edge
        where coalesce(left_at, now()) >= edge.start
      ), piece as (
        select local, participant_id,
          extract(epoch from least(left_at, (local + ${step(unit)}) at time zone ${timeZone})
            - greatest(joined_at, local at time zone ${timeZone})) as seconds
        from stay, generate_series(date_trunc(${unit}, joined_at at time zone ${timeZone}),
          left_at at time zone ${timeZone}, ${step(unit)}) local
      ), spent as (
        select local, count(distinct participant_id) as people, sum(seconds) / 60 as minutes from piece group by local
      ), begun as (
        select date_trunc(${unit}, started_at at time zone ${timeZone}) as local, count(*) as sessions
        from recent group by 1
      )
      select slot.start, coalesce(sessions, 0) as sessions, coalesce(people, 0) as people,
        round(coalesce(minutes, 0)::numeric, 1)::float8 as minutes
      from slot left join spent using (local) left join begun using (local) order by slot.start`.execute(this.#db);
    return rows;
  }

  async webhooks(ownerId: string, span: Span): Promise<OverviewBody['webhooks']> {
    const { unit, timeZone } = span;
    const { rows } = await sql<OverviewBody['webhooks']['buckets'][number]>`
      with ${slots(span)}, sent as (
        select date_trunc(${unit}, created_at at time zone ${timeZone}) as local,
          count(*) filter (where status = 'delivered') as delivered,
          count(*) filter (where status = 'pending') as pending,
          count(*) filter (where status = 'dead') as dead
        from webhook_deliveries
        where owner_id = ${ownerId} and created_at >= (select min(start) from slot) group by 1
      )
      select slot.start, coalesce(delivered, 0) as delivered, coalesce(pending, 0) as pending,
        coalesce(dead, 0) as dead from slot left join sent using (local) order by slot.start`.execute(this.#db);
    const times = await sql<{ medianMs: number | null; slowMs: number | null; disabledEndpoints: number }>`
      select (percentile_cont(0.5) within group (order by ms))::float8 as "medianMs",
        (percentile_cont(0.95) within group (order by ms))::float8 as "slowMs",
        (select count(*) from webhook_disabled_endpoints where owner_id = ${ownerId}) as "disabledEndpoints"
      from (select extract(epoch from delivered_at - created_at) * 1000 as ms from webhook_deliveries
        where owner_id = ${ownerId} and created_at >= ${span.from} and status = 'delivered'
        order by created_at desc limit 10000) latest`.execute(this.#db);
    const sum = (of: 'delivered' | 'pending' | 'dead') => rows.reduce((total, row) => total + row[of], 0);
    const counts = { delivered: sum('delivered'), pending: sum('pending'), dead: sum('dead') };
    const total = counts.delivered + counts.pending + counts.dead;
    const { medianMs = null, slowMs = null, disabledEndpoints = 0 } = times.rows[0] ?? {};
    return { total, ...counts, medianMs, slowMs, disabledEndpoints, buckets: rows };
  }

  async storage(ownerId: string): Promise<OverviewBody['storage']> {
    const { rows } = await sql<Pick<OverviewBody['storage'], 'files' | 'fileBytes'>>`select count(*) as files,
      coalesce(sum(size), 0)::float8 as "fileBytes" from files where owner_id = ${ownerId}`.execute(this.#db);
    const { files, fileBytes } = rows[0] ?? { files: 0, fileBytes: 0 };
    return { files, fileBytes, ...(await this.egresses.kept(ownerId)) };
  }

  async rooms(ownerId: string, query: RoomsQuery, paging: Paging): Promise<{ rooms: Row<RoomRow>[]; total: number }> {
    const conditions = [
      sql`r.owner_id = ${ownerId}`,
      query.search !== undefined && contains(query.search, sql`r.room_id`, sql`r.custom_room_id`),
      query.status === 'open' && sql`r.disabled_at is null`,
      query.status === 'deactivated' && sql`r.disabled_at is not null`,
      query.status === 'live' && sql`live.id is not null`,
    ];
    const from = sql`from rooms r
      left join sessions live on live.room_id = r.room_id and live.ended_at is null where ${all(conditions)}`;
    const columns = { created: 'created_at', id: 'name', sessions: 'sessions', lastUsed: 'last_used' };
    const { rows } = await sql<Omit<RoomRow, 'live'> & { liveId: string | null; people: number }>`
      select "roomId", "customRoomId", disabled, "createdAt", sessions, last_used as "lastUsedAt", "liveId", people
      from (select r.room_id as "roomId", r.custom_room_id as "customRoomId", r.disabled_at is not null as disabled,
        r.created_at as "createdAt", r.created_at, r.id, lower(coalesce(r.custom_room_id, r.room_id)) as name,
        (select count(*) from sessions s where s.room_id = r.room_id) as sessions,
        (select max(started_at) from sessions s where s.room_id = r.room_id) as last_used,
        live.id as "liveId", case when live.id is null then 0 else ${presentIn(sql`live.id`)} end as people ${from}) found
      order by ${sorted(columns[query.sort ?? 'created'], query.order)}, id desc ${pageOf(paging)}`.execute(this.#db);
    const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(this.#db);
    const rooms = rows.map(({ liveId, people, ...room }) => ({
      ...room,
      live: liveId === null ? null : { sessionId: liveId, people },
    }));
    return { rooms, total: counted.rows[0]?.total ?? 0 };
  }

  async sessions(
    ownerId: string,
    query: SessionsQuery,
    paging: Paging,
  ): Promise<{ sessions: Row<SessionRow>[]; total: number }> {
    const { search, roomId, status } = query;
    const conditions = [
      sql`s.owner_id = ${ownerId}`,
      roomId !== undefined && sql`s.room_id = ${roomId}`,
      search !== undefined && contains(search, sql`s.room_id`, sql`r.custom_room_id`, sql`s.id`),
      status === 'ongoing' && sql`s.ended_at is null`,
      status === 'ended' && sql`s.ended_at is not null`,
    ];
    const from = sql`from sessions s join rooms r using (room_id) where ${all(conditions)}`;
    const columns = { started: '"startedAt"', duration: 'duration', people: 'people' };
    const { rows } = await sql<SessionRow>`
      select "sessionId", "roomId", "customRoomId", "startedAt", "endedAt", "endReason", people, present
      from (select ${SESSION_COLUMNS}, coalesce(s.ended_at, now()) - s.started_at as duration ${from}) found
      order by ${sorted(columns[query.sort ?? 'started'], query.order)}, "sessionId" desc ${pageOf(paging)}`.execute(
      this.#db,
    );
    const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(this.#db);
    return { sessions: rows, total: counted.rows[0]?.total ?? 0 };
  }

  async timeline(ownerId: string, sessionId: string): Promise<Row<TimelineBody> | undefined> {
    const { rows } = await sql<Omit<TimelineBody, 'participants' | 'events' | 'egresses' | 'cut'>>`
      select ${SESSION_COLUMNS}, s.api_key as "apiKey", s.node_id as "nodeId", s.closes_at as "closesAt", now() as now
      from sessions s join rooms r using (room_id)
      where s.id = ${sessionId} and s.owner_id = ${ownerId}`.execute(this.#db);
    const [session] = rows;
    if (!session) return undefined;
    const [participants, events, egresses] = await Promise.all([
      this.#participants(sessionId),
      this.#events(sessionId),
      this.egresses.ofSession(ownerId, sessionId),
    ]);
    const cut = participants.length === MAX_PARTICIPANTS || events.length === MAX_EVENTS;
    return { ...session, participants, events, egresses, cut };
  }

  async #participants(sessionId: string): Promise<TimelineParticipant[]> {
    const { rows } = await sql<TimelineParticipant>`
      select p.id, p.participant_id as "participantId", p.name, p.mode, p.device_info as "deviceInfo",
        (select coalesce(jsonb_agg(jsonb_build_object('start', joined_at, 'end', left_at,
            'disconnectedAt', disconnected_at, 'leaveCode', leave_code) order by id), '[]')
          from participant_stays where participant = p.id) as stays,
        (select coalesce(jsonb_agg(jsonb_build_object('mode', mode, 'at', at) order by id), '[]')
          from mode_changes where participant = p.id) as modes,
        (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'start', started_at, 'end', ended_at)
            order by started_at, id), '[]')
          from media_spans where participant = p.id) as media
      from participants p where session_id = ${sessionId} order by first_joined_at, id limit ${MAX_PARTICIPANTS}`.execute(
      this.#db,
    );
    return rows;
  }

  async #events(sessionId: string): Promise<TimelineEvent[]> {
    const [events, deliveries] = await Promise.all([
      sql<TimelineEvent>`select id, seq as sequence, type, at, data from events
        where session_id = ${sessionId} order by seq limit ${MAX_EVENTS}`.execute(this.#db),
      sql<TimelineDelivery & { eventId: string }>`select id, event_id as "eventId", url, status, attempts,
        last_status as "lastStatus", last_error as "lastError" from webhook_deliveries
        where session_id = ${sessionId} order by seq, id limit ${2 * MAX_EVENTS}`.execute(this.#db),
    ]);
    const byEvent = Map.groupBy(deliveries.rows, (delivery) => delivery.eventId);
    return events.rows.map((event) => ({
      ...event,
      deliveries: (byEvent.get(event.id) ?? []).map(({ eventId: _, ...delivery }) => delivery),
    }));
  }

  async database(): Promise<{ version: string; bytes: number }> {
    const { rows } = await sql<{ version: string; bytes: number }>`select current_setting('server_version') as version,
      pg_database_size(current_database()) as bytes`.execute(this.#db);
    return rows[0] ?? { version: '', bytes: 0 };
  }
}

function presentIn(session: RawBuilder<unknown>): RawBuilder<number> {
  return sql`(select count(*) from participants p join participant_stays stay
    on stay.participant = p.id and stay.left_at is null where p.session_id = ${session})`;
}

const present = presentIn(sql`s.id`);

const SESSION_COLUMNS = sql`s.id as "sessionId", s.room_id as "roomId", r.custom_room_id as "customRoomId",
  s.started_at as "startedAt", s.ended_at as "endedAt", s.end_reason as "endReason",
  (select count(*) from participants p where p.session_id = s.id) as people,
  case when s.ended_at is null then ${present} else 0 end as present`;

/** Hours or days of a time zone, as local time and as the instant they begin at. */
function slots({ from, to, unit, timeZone }: Span): RawBuilder<unknown> {
  return sql`slot as (
    select local, local at time zone ${timeZone} as start
    from generate_series(date_trunc(${unit}, ${from}::timestamptz at time zone ${timeZone}),
      ${to}::timestamptz at time zone ${timeZone}, ${step(unit)}) local
  )`;
}

function step(unit: 'hour' | 'day'): RawBuilder<unknown> {
  return unit === 'hour' ? sql`interval '1 hour'` : sql`interval '1 day'`;
}
