// Samples of quality as the dashboard shows them: who had trouble when, at a resolution that fits a page.
import { type RawBuilder, sql } from 'kysely';
import { FAIR_FROM, GOOD_FROM } from '../protocol/quality.ts';
import type {
  QualityBody,
  QualityParticipant,
  QualityPoint,
  QualitySeriesBody,
  Trouble,
} from '../protocol/rest/dashboard-quality.ts';
import type { Db } from './database.ts';

/** Times are dates here, which JSON turns into what the protocol says. */
type Dated<T, K extends keyof T> = Omit<T, K> & Record<K, Date>;

interface Span {
  from: Date;
  to: Date;
  stepMs: number;
}

const SAMPLE_MS = 10_000;
const MAX_CELLS = 120;
const MAX_POINTS = 240;
const MAX_TROUBLES = 10;
/** Poor samples that are further apart than this are two troubles. */
const BREAK = sql`interval '25 seconds'`;

const WORSE = sql<number | null>`least(audio_score, video_score)`;

export class SessionQualityStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Nothing when there is no such session of this owner. */
  async overview(ownerId: string, sessionId: string): Promise<QualityBody | undefined> {
    const span = await this.#span(ownerId, sessionId, MAX_CELLS);
    if (!span) return undefined;
    const [participants, troubles] = await Promise.all([
      this.#participants(sessionId, span),
      this.#troubles(sessionId),
    ]);
    const { from, to, stepMs } = span;
    return { from: from.toISOString(), to: to.toISOString(), stepMs, participants, troubles };
  }

  /** `participant` is an object id. */
  async series(ownerId: string, sessionId: string, participant: string): Promise<QualitySeriesBody | undefined> {
    const span = await this.#span(ownerId, sessionId, MAX_POINTS);
    if (!span) return undefined;
    const { rows } = await sql<Dated<QualityPoint, 'at'>>`
      select max(at) as at, min(audio_score) as "audioScore", min(video_score) as "videoScore",
        round(avg(audio_send_bitrate))::float8 as "audioSend", round(avg(audio_recv_bitrate))::float8 as "audioRecv",
        round(avg(video_send_bitrate))::float8 as "videoSend", round(avg(video_recv_bitrate))::float8 as "videoRecv",
        ${loss('send')} as "sendLoss", ${loss('recv')} as "recvLoss",
        max(greatest(audio_rtt_ms, video_rtt_ms)) as "rttMs",
        max(greatest(audio_jitter_ms, video_jitter_ms)) as "jitterMs"
      from quality_samples join participants on participants.id = participant
      where session_id = ${sessionId} and participant = ${participant}
      group by ${cellOf(span)} order by 1`.execute(this.#db);
    return { stepMs: span.stepMs, points: rows.map(({ at, ...point }) => ({ at: at.toISOString(), ...point })) };
  }

  /** A session as so many steps, none shorter than a sample. */
  async #span(ownerId: string, sessionId: string, steps: number): Promise<Span | undefined> {
    const { rows } = await sql<{ from: Date; to: Date }>`
      select started_at as from, coalesce(ended_at, now()) as to from sessions
      where id = ${sessionId} and owner_id = ${ownerId}`.execute(this.#db);
    const [span] = rows;
    if (!span) return undefined;
    const lengthMs = span.to.getTime() - span.from.getTime();
    return { ...span, stepMs: Math.max(1, Math.ceil(lengthMs / steps / SAMPLE_MS)) * SAMPLE_MS };
  }

  async #participants(sessionId: string, span: Span): Promise<QualityParticipant[]> {
    const samples = sql`from quality_samples join participants p on p.id = participant where session_id = ${sessionId}`;
    const [totals, cells] = await Promise.all([
      sql<Omit<QualityParticipant, 'cells'>>`
        select p.id, p.participant_id as "participantId", p.name,
          avg(audio_score) as "audioScore", avg(video_score) as "videoScore",
          ${SAMPLE_MS} * count(*) filter (where ${WORSE} >= ${FAIR_FROM} and ${WORSE} < ${GOOD_FROM}) as "fairMs",
          ${SAMPLE_MS} * count(*) filter (where ${WORSE} < ${FAIR_FROM}) as "poorMs"
        ${samples} group by p.id order by p.first_joined_at, p.id`.execute(this.#db),
      sql<{ id: string; cell: number; score: number | null }>`
        select p.id, ${cellOf(span)} as cell, min(${WORSE}) as score ${samples} group by p.id, cell`.execute(this.#db),
    ]);
    const scores = Map.groupBy(cells.rows, ({ id }) => id);
    return totals.rows.map((total) => ({ ...total, cells: inCells(scores.get(total.id) ?? [], span) }));
  }

  /** Consecutive poor samples of a participant are one trouble; those that cost the most are told. */
  async #troubles(sessionId: string): Promise<Trouble[]> {
    const { rows } = await sql<Dated<Trouble, 'start' | 'end'>>`
      with poor as (
        select *, ${WORSE} as score,
          at - lag(at) over (partition by participant order by at) as since
        from quality_samples join participants on participants.id = participant
        where session_id = ${sessionId} and ${WORSE} < ${FAIR_FROM}
      ), numbered as (
        select *, count(*) filter (where since is null or since > ${BREAK})
          over (partition by participant order by at) as number
        from poor
      )
      select participant, name, min(at) - make_interval(secs => ${SAMPLE_MS / 1000}) as start, max(at) as end,
        min(audio_score) as "audioScore", min(video_score) as "videoScore",
        ${loss('send')} as "sendLoss", ${loss('recv')} as "recvLoss",
        max(greatest(audio_rtt_ms, video_rtt_ms)) as "rttMs", max(greatest(audio_jitter_ms, video_jitter_ms)) as "jitterMs"
      from numbered group by participant, name, number
      order by sum(${FAIR_FROM} - score) desc limit ${MAX_TROUBLES}`.execute(this.#db);
    return rows.map(({ start, end, ...trouble }) => ({
      ...trouble,
      start: start.toISOString(),
      end: end.toISOString(),
    }));
  }
}

/** Number of the step that a sample belongs to: the one that the middle of its interval lies in. */
function cellOf({ from, stepMs }: Span): RawBuilder<number> {
  const sinceMs = sql`extract(epoch from at - ${from}::timestamptz) * 1000 - ${SAMPLE_MS / 2}`;
  return sql`greatest(0, floor((${sinceMs}) / ${stepMs}))::integer`;
}

/** Share of packets that were lost on one way, of sound or of pictures, whichever lost more. */
function loss(way: 'send' | 'recv'): RawBuilder<number> {
  const share = (kind: string) =>
    sql`sum(${sql.ref(`${kind}_${way}_lost`)}) / greatest(20, sum(${sql.ref(`${kind}_${way}_packets`)}))::float8`;
  return sql`least(1, greatest(${share('audio')}, ${share('video')}))`;
}

function inCells(found: readonly { cell: number; score: number | null }[], { from, to, stepMs }: Span) {
  const cells: (number | null)[] = Array(Math.ceil((to.getTime() - from.getTime()) / stepMs)).fill(null);
  for (const { cell, score } of found) if (cell < cells.length) cells[cell] = score;
  return cells;
}
