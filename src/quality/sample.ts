// Makes samples of readings: what happened to each stream since its last reading, put together by participant. Pure.
import type { MediaQuality, QualitySample, StreamReading } from '../protocol/quality.ts';
import { audioScore, lossRatio, videoScore, WORST } from './scores.ts';

/** What happened to a stream between two readings. */
export interface Interval {
  reading: StreamReading;
  /** False where the stream was not read again: its rates are those of before, and nothing new is counted. */
  isFresh: boolean;
  seconds: number;
  bitrate: number;
  /** Packets that were sent on this way. */
  packets: number;
  lost: number;
  /** Lost, and not sent again. */
  missing: number;
  pictureRequests: number;
  /** Packets of the last interval in which there were any; 0 where nothing has flowed yet. */
  usualPackets: number;
}

/** What happened since `before`; nothing when that is the first reading of the stream. */
export function intervalOf(reading: StreamReading, before: Interval | StreamReading | undefined): Interval | undefined {
  if (before === undefined) return undefined;
  const earlier = 'reading' in before ? before.reading : before;
  const last = 'reading' in before ? before : undefined;
  const seconds = (reading.atMs - earlier.atMs) / 1000;
  if (seconds <= 0) return last && { ...last, isFresh: false, packets: 0, lost: 0, missing: 0, pictureRequests: 0 };
  const grown = (of: 'bytes' | 'packets' | 'lost' | 'repaired' | 'pictureRequests') =>
    Math.max(0, reading[of] - earlier[of]);
  const lost = grown('lost');
  const missing = Math.max(0, lost - grown('repaired'));
  const arrived = grown('packets');
  // Of what is received the server counts what it sent, of what is sent what reached it.
  const packets = reading.direction === 'recv' ? arrived : arrived + missing;
  return {
    reading,
    isFresh: true,
    seconds,
    bitrate: (grown('bytes') * 8) / seconds,
    packets,
    lost,
    missing,
    pictureRequests: grown('pictureRequests'),
    usualPackets: packets || (last?.usualPackets ?? 0),
  };
}

/** Shares of packets that got lost before they reached the server, by producer: no fault of those who receive it. */
export function lossesAtSource(intervals: Iterable<Interval>): Map<string, number> {
  const losses = new Map<string, number>();
  for (const { reading, isFresh, missing, packets } of intervals) {
    if (reading.direction === 'send' && isFresh) losses.set(reading.producerId, lossRatio(missing, packets));
  }
  return losses;
}

/** A participant's sample, or nothing when it neither sends nor receives anything. */
export function sampleOf(
  intervals: readonly Interval[],
  atSource: ReadonlyMap<string, number>,
  at: Date,
): QualitySample | undefined {
  if (intervals.length === 0) return undefined;
  const own = intervals.map((interval) => withoutLossAtSource(interval, atSource));
  const of = (kind: 'audio' | 'video') => mediaQuality(own.filter(({ reading }) => reading.kind === kind));
  const sentHeights = own.flatMap(({ reading: { direction, kind, height }, bitrate }) =>
    direction === 'send' && kind === 'video' && bitrate > 0 && height !== undefined ? [height] : [],
  );
  return { at, audio: of('audio'), video: of('video'), sentHeights };
}

/** A receiver cannot tell where a packet got lost; we can. */
function withoutLossAtSource(interval: Interval, atSource: ReadonlyMap<string, number>): Interval {
  if (interval.reading.direction === 'send') return interval;
  const before = Math.round((atSource.get(interval.reading.producerId) ?? 0) * interval.packets);
  const less = (count: number) => Math.max(0, count - before);
  return { ...interval, lost: less(interval.lost), missing: less(interval.missing) };
}

function mediaQuality(intervals: readonly Interval[]): MediaQuality {
  const sent = intervals.filter(({ reading }) => reading.direction === 'send');
  const received = intervals.filter(({ reading }) => reading.direction === 'recv');
  const flowing = intervals.filter(({ packets }) => packets > 0);
  const rttMs = mean(flowing.flatMap(({ reading }) => reading.rttMs ?? []));
  const scores = [sent, received].flatMap((direction) => scoreOf(direction, rttMs ?? 0) ?? []);
  return {
    sendBitrate: Math.round(sum(sent, 'bitrate')),
    recvBitrate: Math.round(sum(received, 'bitrate')),
    sendPackets: sum(sent, 'packets'),
    recvPackets: sum(received, 'packets'),
    sendLost: sum(sent, 'lost'),
    recvLost: sum(received, 'lost'),
    rttMs,
    jitterMs: mean(flowing.map(({ reading }) => reading.jitterMs)),
    // Whoever is not heard has trouble as much as who does not hear.
    score: scores.length === 0 ? null : Math.min(...scores),
  };
}

/** Mean of the streams' scores by their packets, so that what is large or loud counts for more. */
function scoreOf(intervals: readonly Interval[], rttMs: number): number | undefined {
  let total = 0;
  let weights = 0;
  for (const interval of intervals) {
    const score = streamScore(interval, rttMs);
    if (score === undefined) continue;
    const weight = Math.max(interval.usualPackets, 1);
    total += score * weight;
    weights += weight;
  }
  return weights === 0 ? undefined : total / weights;
}

function streamScore(interval: Interval, rttMs: number): number | undefined {
  const { reading, isFresh, packets, lost, missing, seconds, pictureRequests, bitrate, usualPackets } = interval;
  const { kind, direction, jitterMs, height, missingLayers, paused } = reading;
  if (paused || !isFresh) return undefined;
  if (missingLayers === 'all') return WORST;
  // A sender that is on and of which nothing comes any more; what is received may stand still for that reason.
  if (packets === 0) return direction === 'send' && usualPackets > 0 ? WORST : undefined;
  if (kind === 'audio') return audioScore({ loss: lossRatio(lost, packets), jitterMs, rttMs });
  return videoScore({
    loss: lossRatio(missing, packets),
    jitterMs,
    pictureRequests: (pictureRequests * 60) / seconds,
    missingLayers,
    bitrate,
    height,
  });
}

function sum(intervals: readonly Interval[], of: 'bitrate' | 'packets' | 'lost'): number {
  return intervals.reduce((total, interval) => total + interval[of], 0);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;
}
