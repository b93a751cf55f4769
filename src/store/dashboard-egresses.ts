// Recordings, HLS streams and livestreams as the dashboard lists them.
import { type RawBuilder, sql } from 'kysely';
import type { EgressPlan } from '../protocol/egress.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type { EgressesQuery, EgressRow, OverviewBody } from '../protocol/rest/dashboard.ts';
import { all, contains, pageOf, sorted } from './dashboard-sql.ts';
import type { Db } from './database.ts';
import { CONTINUATION } from './egress-rows.ts';

/** Of one session; where several may run at once, there may be many. */
const MAX_OF_SESSION = 200;

const RUNNING = sql`e.status in ('queued', 'starting', 'active', 'stopping')`;

const IN_STATUS: Record<NonNullable<EgressesQuery['status']>, RawBuilder<unknown>> = {
  running: RUNNING,
  queued: sql`e.status = 'queued'`,
  completed: sql`e.status = 'completed'`,
  failed: sql`e.status in ('failed', 'aborted')`,
};

/** As the database gives it; what is read from the plan is worked out here. */
type Row = Omit<EgressRow, 'destinations' | 'gaps' | 'config'> & {
  plan: EgressPlan;
  gaps: { at: string; ms: number }[];
};

type Kept = Pick<OverviewBody['storage'], 'recordings' | 'streams' | 'keptBytes'>;

export class DashboardEgresses {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** A page of an owner's, deleted ones left out. */
  async list(ownerId: string, query: EgressesQuery, paging: Paging): Promise<{ egresses: EgressRow[]; total: number }> {
    const { kind, search, roomId, sessionId, status } = query;
    const from = sql`${FROM} where ${all([
      owned(ownerId),
      kind !== undefined && sql`e.kind = ${kind}`,
      roomId !== undefined && sql`e.room_id = ${roomId}`,
      sessionId !== undefined && sql`e.session_id = ${sessionId}`,
      search !== undefined && contains(search, sql`e.room_id`, sql`r.custom_room_id`, sql`e.session_id`, sql`e.id`),
      status !== undefined && IN_STATUS[status],
    ])}`;
    const { rows } = await sql<Row>`select ${COLUMNS} ${from}
      order by ${sorted(SORTED_BY[query.sort ?? 'created'], query.order)}, e.id desc ${pageOf(paging)}`.execute(
      this.#db,
    );
    const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(this.#db);
    return { egresses: rows.map(toEgressRow), total: counted.rows[0]?.total ?? 0 };
  }

  async find(ownerId: string, id: string): Promise<EgressRow | undefined> {
    const { rows } = await sql<Row>`select ${COLUMNS} ${FROM} where ${owned(ownerId)} and e.id = ${id}`.execute(
      this.#db,
    );
    return rows[0] && toEgressRow(rows[0]);
  }

  async ofSession(ownerId: string, sessionId: string): Promise<EgressRow[]> {
    const { rows } = await sql<Row>`select ${COLUMNS} ${FROM} where ${owned(ownerId)} and e.session_id = ${sessionId}
      order by e.created_at, e.id limit ${MAX_OF_SESSION}`.execute(this.#db);
    return rows.map(toEgressRow);
  }

  /** What has not ended. */
  async running(ownerId: string): Promise<OverviewBody['egress']> {
    const { rows } = await sql<OverviewBody['egress']>`select count(*) as running,
      count(*) filter (where e.status = 'queued') as waiting
      from egresses e where ${owned(ownerId)} and ${RUNNING}`.execute(this.#db);
    return rows[0] ?? { running: 0, waiting: 0 };
  }

  /** What is kept of those that are finished. */
  async kept(ownerId: string): Promise<Kept> {
    const { rows } = await sql<Kept>`select count(*) filter (where e.kind = 'recording') as recordings,
      count(*) filter (where e.kind = 'hls') as streams, coalesce(sum(f.size), 0)::float8 as "keptBytes"
      from egresses e join egress_files f on f.egress_id = e.id where ${owned(ownerId)}`.execute(this.#db);
    return rows[0] ?? { recordings: 0, streams: 0, keptBytes: 0 };
  }
}

const FROM = sql`from egresses e join rooms r using (room_id) left join egress_files f on f.egress_id = e.id`;

const SORTED_BY = {
  created: 'e.created_at',
  duration: 'coalesce(f.duration, extract(epoch from coalesce(e.ended_at, now()) - e.started_at))',
  size: 'f.size',
};

const COLUMNS = sql`e.id, e.kind, e.status, e.reason, e.room_id as "roomId", r.custom_room_id as "customRoomId",
  e.session_id as "sessionId", e.created_at as "createdAt", e.started_at as "startedAt", e.ended_at as "endedAt",
  e.plan, e.gaps, ${CONTINUATION},
  case when f.id is not null then jsonb_build_object('duration', f.duration, 'size', f.size) end as file,
  case when e.status = 'queued' then (select count(*) from egresses q where q.node_id = e.node_id
    and q.status = 'queued' and (q.created_at, q.id) <= (e.created_at, e.id)) end as "queuePosition"`;

function owned(ownerId: string): RawBuilder<unknown> {
  return sql`e.owner_id = ${ownerId} and e.deleted_at is null`;
}

function toEgressRow({ plan, gaps, ...row }: Row): EgressRow {
  return {
    ...row,
    config: plan.config,
    // The rest of the address may hold the stream key.
    destinations: plan.outputs.map(({ url }) => URL.parse(url)?.host ?? ''),
    gaps: gaps.map(({ at, ms }) => ({ at, duration: ms / 1000 })),
  };
}
