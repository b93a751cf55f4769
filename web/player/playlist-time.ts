// Between the clock of the wall and the time of a playlist, in which a break of the stream takes no time. Pure.

/** A segment as hls.js knows it; times in seconds, the date in milliseconds since 1970. */
export interface TimedSegment {
  start: number;
  duration: number;
  programDateTime: number | null;
}

/** When what is at `time` was filmed. */
export function dateAt(segments: readonly TimedSegment[], time: number): number | undefined {
  const segment = segments.findLast(({ start }) => start <= time) ?? segments[0];
  if (!segment || segment.programDateTime === null) return undefined;
  return segment.programDateTime + (time - segment.start) * 1000;
}

/** Where what was filmed at `date` is; within a break, where it goes on. Nothing outside of the playlist. */
export function timeAt(segments: readonly TimedSegment[], date: number): number | undefined {
  const [first] = segments;
  if (!first || first.programDateTime === null || date < first.programDateTime) return undefined;
  const segment = segments.find(({ programDateTime, duration }) => (programDateTime ?? 0) + duration * 1000 > date);
  if (!segment || segment.programDateTime === null) return undefined;
  return segment.start + Math.max(0, date - segment.programDateTime) / 1000;
}
