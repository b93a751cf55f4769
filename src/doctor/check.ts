// What a check is and how it says what it found.
import type { CheckName, Level } from '../protocol/doctor.ts';

export interface Verdict {
  level: Level;
  found: string;
  advice: string | null;
}

export interface Check extends CheckName {
  /** What throws, or takes longer than this, is a failure. */
  timeoutMs: number;
  /** What to do when the check itself fails. */
  advice: string;
  run(): Promise<Verdict> | Verdict;
}

export const ok = (found: string): Verdict => ({ level: 'ok', found, advice: null });
export const skipped = (found: string): Verdict => ({ level: 'skipped', found, advice: null });
export const warning = (found: string, advice: string): Verdict => ({ level: 'warning', found, advice });
export const failure = (found: string, advice: string): Verdict => ({ level: 'failure', found, advice });

/** For checks that only read what is at hand. */
export const AT_ONCE_MS = 5_000;

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
