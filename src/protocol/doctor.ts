// What examining an installation finds, from the command line and on the dashboard's system page alike.

/** `skipped`: could not be checked, because something else failed that is reported as well. */
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
