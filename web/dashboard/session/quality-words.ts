// Quality in words and bands: pure.
import { type Grade, gradeOf } from '../../../src/protocol/quality.ts';
import type { QualityBody, QualityPoint, TroubleFacts } from '../../../src/protocol/rest/dashboard-quality.ts';
import { latency } from '../parts/format.ts';

export const GRADE_WORDS: Record<Grade, string> = { good: 'Good', fair: 'Fair', poor: 'Poor' };

/** A time of one grade. */
export interface Band {
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  grade: Grade;
  /** The worst in it. */
  score: number;
}

/** Cells as bands; neighbours of one grade are one, and where nothing was measured there is none. */
export function bands(cells: readonly (number | null)[], { from, to, stepMs }: QualityBody): Band[] {
  const found: Band[] = [];
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  for (const [index, score] of cells.entries()) {
    if (score === null) continue;
    const start = begin + index * stepMs;
    const grade = gradeOf(score);
    const last = found.at(-1);
    const stop = Math.min(end, start + stepMs);
    if (last?.grade === grade && last.to === start) {
      last.to = stop;
      last.score = Math.min(last.score, score);
    } else {
      found.push({ from: start, to: stop, grade, score });
    }
  }
  return found;
}

/** Above these a figure explains why something is poor. */
const LOSS = 0.02;
const RTT_MS = 300;
const JITTER_MS = 30;

/** What was wrong, as far as the figures tell. */
export function reasons({ audioScore, videoScore, sendLoss, recvLoss, rttMs, jitterMs }: TroubleFacts): string[] {
  const found = [
    sendLoss > LOSS && `${percent(sendLoss)} of what was sent got lost`,
    recvLoss > LOSS && `${percent(recvLoss)} of what was to be received got lost`,
    rttMs !== null && rttMs > RTT_MS && `${latency(rttMs)} round trip`,
    jitterMs !== null && jitterMs > JITTER_MS && `${latency(jitterMs)} jitter`,
  ].filter((reason) => reason !== false);
  if (found.length > 0) return found;
  if (audioScore === 1 || videoScore === 1) return ['nothing got through'];
  return ['too little bandwidth'];
}

/** Which of the two suffered, with how much is left of it. */
export function suffered({ audioScore, videoScore }: TroubleFacts): string {
  const parts = [
    audioScore !== null && gradeOf(audioScore) === 'poor' && `Sound ${audioScore.toFixed(1)}`,
    videoScore !== null && gradeOf(videoScore) === 'poor' && `Picture ${videoScore.toFixed(1)}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)} %`;
}

export function bitrate(bitsPerSecond: number): string {
  const kilo = bitsPerSecond / 1000;
  return kilo >= 1000 ? `${(kilo / 1000).toFixed(1)} Mbit/s` : `${kilo.toFixed(0)} kbit/s`;
}

/** A point of the charts; all but the time is missing where a line has to break. */
export type ChartPoint = { time: number } & Partial<Record<keyof Omit<QualityPoint, 'at'>, number | null>>;

/** Points by time, with a break wherever nothing was measured for longer than a step. */
export function withBreaks(points: readonly QualityPoint[], stepMs: number): ChartPoint[] {
  const found: ChartPoint[] = [];
  for (const { at, ...values } of points) {
    const time = Date.parse(at);
    const last = found.at(-1);
    if (last && time - last.time > 2.5 * stepMs) found.push({ time: last.time + stepMs });
    found.push({ time, ...values });
  }
  return found;
}
