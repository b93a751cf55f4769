// What the processes that we start are given: hardly anything of our environment, which holds the installation's secrets,
// and where we are root, a user without rights.
import { readFileSync } from 'node:fs';

export interface UserIds {
  uid: number;
  gid: number;
}

/**
 * Users of their own for what reads bytes of strangers, so that one of them cannot touch another, the database or us.
 * No account has these numbers: Debian and systemd leave them unused, and every container maps them.
 */
const UNPRIVILEGED = {
  'media worker': { uid: 65521, gid: 65521 },
  browser: { uid: 65522, gid: 65522 },
} as const satisfies Record<string, UserIds>;

/** The user that a process is to run as; absent where we are an ordinary user, who cannot become another. */
export function unprivilegedUser(purpose: keyof typeof UNPRIVILEGED): UserIds | undefined {
  return process.getuid?.() === 0 ? UNPRIVILEGED[purpose] : undefined;
}

/** The whole environment of a child process. */
export function childEnvironment(variables: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, ...variables };
}

/** Whether a process runs as root, on Linux; elsewhere nobody looks. */
export function isRunAsRoot(pid: number): boolean {
  try {
    return /^Uid:\s+(0|\d+\s+0)\s/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
