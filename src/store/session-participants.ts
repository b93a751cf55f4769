// Participants of sessions with everything that happened to them, put together from their four tables.
import { type Selectable, sql } from 'kysely';
import { MEDIA_SPAN_KINDS, type SessionParticipant } from '../protocol/session.ts';
import type { Db } from './database.ts';
import type { MediaSpansTable, ModeChangesTable, ParticipantStaysTable, ParticipantsTable } from './schema.ts';

interface History {
  stays: Selectable<ParticipantStaysTable>[];
  modes: Selectable<ModeChangesTable>[];
  spans: Selectable<MediaSpansTable>[];
}

/** Completes rows of `participants` with three queries, however many they are; `most`: the latest of each kind only. */
export async function withHistory(
  db: Db,
  rows: readonly Selectable<ParticipantsTable>[],
  most?: number,
): Promise<SessionParticipant[]> {
  if (rows.length === 0) return [];
  // One array parameter: a statement takes at most 65,535 parameters.
  const ids = rows.map((row) => row.id);
  const theirs = (table: string) =>
    most === undefined
      ? sql<boolean>`participant = any(${ids})`
      : sql<boolean>`id in (select latest.id from unnest(${ids}::text[]) as one(participant) cross join lateral
          (select id from ${sql.table(table)} t where t.participant = one.participant order by id desc limit ${most}) latest)`;
  const [stays, modes, spans] = await Promise.all([
    db.selectFrom('participant_stays').selectAll().where(theirs('participant_stays')).orderBy('id').execute(),
    db.selectFrom('mode_changes').selectAll().where(theirs('mode_changes')).orderBy('id').execute(),
    db.selectFrom('media_spans').selectAll().where(theirs('media_spans')).orderBy('id').execute(),
  ]);
  return assemble(rows, { stays, modes, spans });
}

function assemble(rows: readonly Selectable<ParticipantsTable>[], history: History): SessionParticipant[] {
  const stays = Map.groupBy(history.stays, (stay) => stay.participant);
  const modes = Map.groupBy(history.modes, (change) => change.participant);
  const spans = Map.groupBy(history.spans, (span) => span.participant);
  return rows.map((row) => ({
    id: row.id,
    participantId: row.participant_id,
    name: row.name,
    mode: row.mode,
    timelog: (stays.get(row.id) ?? []).map((stay) => ({ start: stay.joined_at, end: stay.left_at })),
    modeChanges: (modes.get(row.id) ?? []).map(({ id, mode, at }) => ({ id: changeId(at, id), mode, at })),
    events: eventsOf(spans.get(row.id) ?? []),
    deviceInfo: row.device_info,
  }));
}

function eventsOf(spans: Selectable<MediaSpansTable>[]): SessionParticipant['events'] {
  const of = (kind: string) =>
    spans.filter((span) => span.kind === kind).map((span) => ({ start: span.started_at, end: span.ended_at }));
  return Object.fromEntries(MEDIA_SPAN_KINDS.map((kind) => [kind, of(kind)])) as SessionParticipant['events'];
}

/** Mode changes are numbered in the table; on the wire every id has 24 hex digits. */
function changeId(at: Date, number: string): string {
  const seconds = Math.floor(at.getTime() / 1000).toString(16);
  return seconds.padStart(8, '0') + Number(number).toString(16).padStart(16, '0');
}
