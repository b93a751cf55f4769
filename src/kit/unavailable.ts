// Failures that pass by themselves or by the hand of the operator: a database that is away or full, no memory, no disk,
// no descriptors. Whoever asked is to come again, which is another answer than that something is broken.
import { firstError } from './ask.ts';

/** `busy` when trying again in a moment may do, `full` when the disk of this machine has to be cleared first. */
export type Lack = 'busy' | 'full';

const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Of Node, and of PostgreSQL where a whole class would be too much. */
const BUSY: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  // Serialisation failure, deadlock, lock not available, statement timeout.
  '40001',
  '40P01',
  '55P03',
  '57014',
  // Read-only: a standby that has just been, or is about to be, the primary.
  '25006',
  // A database that takes no connections for now.
  '55000',
  // Ended by its own time limit.
  '25P03',
  '25P04',
]);

/** Connection exceptions, insufficient resources (of PostgreSQL's own disk too), operator intervention, errors of the system below. */
const BUSY_CLASSES = /^(?:08|53|57P|58)[0-9A-Z]+$/;

/** What `pg`, its pool and Kysely say without a code. */
const BUSY_WORDS = [
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'Query read timeout',
  'Cannot use a pool after calling end',
  'driver has already been destroyed',
];

/** How many causes deep a reason is looked for. */
const MAX_CAUSES = 5;

/** Returns what was lacking when `error` is a failure of that kind, in itself or in its causes. */
export function lackOf(error: unknown): Lack | undefined {
  let current = firstError(error);
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const lack = lackIn(current);
    if (lack) return lack;
    current = firstError(current.cause);
  }
  return undefined;
}

function lackIn(error: Error): Lack | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') {
    if (DISK_FULL.has(code)) return 'full';
    return BUSY.has(code) || BUSY_CLASSES.test(code) ? 'busy' : undefined;
  }
  return BUSY_WORDS.some((words) => error.message.includes(words)) ? 'busy' : undefined;
}
