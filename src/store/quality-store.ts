// Samples of how well media got through: written in batches by the node that has the session, read by any.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { MediaQuality, QualitySample } from '../protocol/quality.ts';
import type { Db } from './database.ts';
import type { QualitySamplesTable } from './schema.ts';

/** About a day. */
const MAX_SAMPLES = 10_000;
/** A statement of some hundred kilobytes. */
const MAX_ROWS_AT_ONCE = 1_000;

const KINDS = ['audio', 'video'] as const;

type SampleRow = Omit<Selectable<QualitySamplesTable>, 'participant'>;

export class QualityStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Participants who are gone from the tables by now are passed over. */
  async insert(samples: readonly (QualitySample & { row: string })[]): Promise<void> {
    for (let first = 0; first < samples.length; first += MAX_ROWS_AT_ONCE) {
      const rows = samples.slice(first, first + MAX_ROWS_AT_ONCE).map(toRow);
      // The rows as one parameter: a statement takes 65,535, and Kysely some time for each.
      await sql`
        insert into quality_samples
        select sample.* from jsonb_populate_recordset(null::quality_samples, ${JSON.stringify(rows)}) sample
        join participants on participants.id = sample.participant
        on conflict do nothing`.execute(this.#db);
    }
  }

  /** Means over those participants who sent or received, and sums of what was lost, for each moment. */
  async ofSession(sessionId: string): Promise<QualitySample[]> {
    const { rows } = await sql<SampleRow>`
      select at, ${sql.join(KINDS.flatMap(togetherOf))}, '{}'::smallint[] as sent_heights
      from quality_samples join participants on participants.id = participant
      where session_id = ${sessionId}
      group by at order by at desc limit ${MAX_SAMPLES}`.execute(this.#db);
    return rows.reverse().map(toSample);
  }

  async ofParticipant(row: string): Promise<QualitySample[]> {
    const rows = await this.#db
      .selectFrom('quality_samples')
      .selectAll()
      .where('participant', '=', row)
      .orderBy('at', 'desc')
      .limit(MAX_SAMPLES)
      .execute();
    return rows.reverse().map(toSample);
  }
}

function togetherOf(kind: string): RawBuilder<unknown>[] {
  const total = (column: string) => sql`sum(${sql.ref(column)})::float8 as ${sql.ref(column)}`;
  const mean = (column: string) => sql`avg(${sql.ref(column)})::float8 as ${sql.ref(column)}`;
  // Whoever has no camera would halve what the other one sends.
  const meanOfUsers = (column: string) =>
    sql`coalesce(round(avg(nullif(${sql.ref(column)}, 0))), 0)::float8 as ${sql.ref(column)}`;
  return [
    ...['send_bitrate', 'recv_bitrate'].map((name) => meanOfUsers(`${kind}_${name}`)),
    ...['send_packets', 'recv_packets', 'send_lost', 'recv_lost'].map((name) => total(`${kind}_${name}`)),
    ...['rtt_ms', 'jitter_ms', 'score'].map((name) => mean(`${kind}_${name}`)),
  ];
}

function toRow({ row, at, audio, video, sentHeights }: QualitySample & { row: string }) {
  return {
    participant: row,
    at,
    ...columnsOf('audio', audio),
    ...columnsOf('video', video),
    sent_heights: sentHeights,
  };
}

function columnsOf(kind: string, quality: MediaQuality) {
  return {
    [`${kind}_send_bitrate`]: quality.sendBitrate,
    [`${kind}_recv_bitrate`]: quality.recvBitrate,
    [`${kind}_send_packets`]: quality.sendPackets,
    [`${kind}_recv_packets`]: quality.recvPackets,
    [`${kind}_send_lost`]: quality.sendLost,
    [`${kind}_recv_lost`]: quality.recvLost,
    [`${kind}_rtt_ms`]: quality.rttMs,
    [`${kind}_jitter_ms`]: quality.jitterMs,
    [`${kind}_score`]: quality.score,
  };
}

function toSample(row: SampleRow): QualitySample {
  return { at: row.at, audio: qualityOf('audio', row), video: qualityOf('video', row), sentHeights: row.sent_heights };
}

function qualityOf(kind: 'audio' | 'video', row: SampleRow): MediaQuality {
  return {
    sendBitrate: row[`${kind}_send_bitrate`],
    recvBitrate: row[`${kind}_recv_bitrate`],
    sendPackets: row[`${kind}_send_packets`],
    recvPackets: row[`${kind}_recv_packets`],
    sendLost: row[`${kind}_send_lost`],
    recvLost: row[`${kind}_recv_lost`],
    rttMs: row[`${kind}_rtt_ms`],
    jitterMs: row[`${kind}_jitter_ms`],
    score: row[`${kind}_score`],
  };
}
