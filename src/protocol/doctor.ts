// What examining an installation finds, from the command line and on the dashboard's system page alike.

/** `skipped`: it could not be told, for want of something else that is told of. */
export const LEVELS = ['ok', 'skipped', 'warning', 'failure'] as const;
export type Level = (typeof LEVELS)[number];

export interface CheckName {
  name: string;
  title: string;
}

export interface Finding extends CheckName {
  level: Level;
  /** One sentence: what was found. */
  found: string;
  /** One sentence: what to do; null where nothing is to be done. */
  advice: string | null;
}

/** Lines of the stream that pages and the command line get: first what is going to be examined, then each result. */
export type DoctorLine = { checks: CheckName[] } | { finding: Finding };
