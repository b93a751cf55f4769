// Where things lie on the time axis: pure, in percent of the part that is shown.
import type { EgressRow, TimelineEvent, TimelineParticipant } from '../../../src/protocol/rest/dashboard.ts';

/** Part of the session that is shown, in milliseconds since 1970. */
export interface View {
  from: number;
  to: number;
}

export interface Bar {
  key: string;
  left: number;
  width: number;
  start: number;
  end: number | null;
}

/** A span as a bar, or nothing when it lies outside. What lasts goes to `now`. */
export function toBar(
  key: string,
  span: { start: string; end: string | null },
  view: View,
  now: number,
): Bar | undefined {
  const start = Date.parse(span.start);
  const end = span.end === null ? null : Date.parse(span.end);
  const left = position(start, view);
  const right = position(end ?? now, view);
  if (right <= 0 || left >= 100) return undefined;
  const from = Math.max(0, left);
  return { key, start, end, left: from, width: Math.max(0, Math.min(100, right) - from) };
}

export function position(at: number, { from, to }: View): number {
  return ((at - from) / Math.max(1, to - from)) * 100;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Round times along the axis, at most `count` of them. */
export function ticks({ from, to }: View, count: number): number[] {
  const step = (STEPS_S.find((seconds) => (to - from) / (seconds * 1000) <= count) ?? 7 * 86_400) * 1000;
  // Round where the reader is, not in UTC.
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const found: number[] = [];
  for (let at = first; at <= to && found.length <= count; at += step) found.push(at);
  return found;
}

export interface Mark {
  left: number;
  events: TimelineEvent[];
  /** The worst of their deliveries. */
  state: 'dead' | 'pending' | 'delivered' | 'unsent';
}

const NEAR_PERCENT = 1.6;

/** Events as marks on one line; those that would cover each other share one. */
export function marks(events: readonly TimelineEvent[], view: View): Mark[] {
  const found: Mark[] = [];
  for (const event of events) {
    const left = position(Date.parse(event.at), view);
    if (left < 0 || left > 100) continue;
    const last = found.at(-1);
    if (last && left - last.left < NEAR_PERCENT) last.events.push(event);
    else found.push({ left, events: [event], state: 'unsent' });
  }
  for (const mark of found) mark.state = worst(mark.events);
  return found;
}

export function worst(events: readonly Pick<TimelineEvent, 'deliveries'>[]): Mark['state'] {
  const states = new Set(events.flatMap(({ deliveries }) => deliveries.map(({ status }) => status)));
  return (['dead', 'pending', 'delivered'] as const).find((state) => states.has(state)) ?? 'unsent';
}

interface EgressSpan {
  kind: 'waited' | 'ran' | 'gap';
  start: string;
  end: string | null;
}

/** Shorter than this nobody has waited. */
const NOTICEABLE_MS = 2_000;

/** What a recording or stream did when: waiting for its beginning, running, and what is missing of it. */
export function egressSpans(egress: Pick<EgressRow, 'createdAt' | 'startedAt' | 'endedAt' | 'gaps'>): EgressSpan[] {
  const { createdAt, startedAt, endedAt, gaps } = egress;
  const begun = startedAt ?? endedAt;
  const waited = begun === null || Date.parse(begun) - Date.parse(createdAt) >= NOTICEABLE_MS;
  return [
    ...(waited || startedAt === null ? [{ kind: 'waited' as const, start: createdAt, end: begun }] : []),
    ...(startedAt === null ? [] : [{ kind: 'ran' as const, start: startedAt, end: endedAt }]),
    ...gaps.map(({ at, duration }) => ({
      kind: 'gap' as const,
      start: at,
      end: new Date(Date.parse(at) + duration * 1000).toISOString(),
    })),
  ];
}

/** Milliseconds somebody was there. */
export function presentMs({ stays }: Pick<TimelineParticipant, 'stays'>, now: number): number {
  return stays.reduce((sum, { start, end }) => sum + Math.max(0, (end ? Date.parse(end) : now) - Date.parse(start)), 0);
}
