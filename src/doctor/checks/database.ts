// The database: there, new enough, quick, with the tables of this version, and of one mind about the time.
import { firstError, reasonOf } from '../../kit/ask.ts';
import { type Check, failure, ok, plural, skipped, type Verdict, warning } from '../check.ts';

export interface DatabaseFacts {
  version: string;
  /** Of the server, such as 180004. */
  versionNumber: number;
  /** Of a round trip, typically. */
  latencyMs: number;
  /** How far its clock is ahead of ours. */
  skewMs: number;
  freeConnections: number;
  /** Migrations of this version that it has not had, and those it has had that this version does not know. */
  pending: string[];
  unknown: string[];
  /** Private key that webhooks are signed with, as PEM. */
  signingKey: string | undefined;
  /** Keys that called the REST API with tokens without roles in the last 30 days. */
  keysWithoutRoles: { apiKey: string; name: string; usedAt: Date }[];
}

/** Answers nothing where there is no database yet: the first start makes the embedded one. */
export type InspectDatabase = () => Promise<DatabaseFacts | undefined>;

const OLDEST_SUPPORTED = 140_000;
/** A join takes some eight round trips. */
const SLOW_MS = 20;
/** As many as one server opens at most. */
const CONNECTIONS_NEEDED = 28;
const NOTICED_SKEW_MS = 2_000;
/** Nodes call one lost that has not been seen for 15 seconds. */
const HARMFUL_SKEW_MS = 10_000;
const TIMEOUT_MS = 30_000;

const NONE_YET = 'There is no database yet; the first start makes it.';
const NOT_REACHED = 'Not examined, because the database could not be reached.';

/** What PostgreSQL and the network call it, and what to do. */
const ADVICE: Record<string, string> = {
  ECONNREFUSED: 'Start PostgreSQL there, or correct host and port in DATABASE_URL.',
  ENOTFOUND: 'Correct the host in DATABASE_URL.',
  EAI_AGAIN: 'Correct the host in DATABASE_URL, or the name server of this machine.',
  '28P01': 'Correct user and password in DATABASE_URL.',
  '28000': 'Correct the user in DATABASE_URL, or let it in with pg_hba.conf.',
  '3D000': 'Create the database, or correct its name in DATABASE_URL.',
  '42501': 'Give the user of DATABASE_URL the right to use and change the tables.',
};

export function databaseCheck(inspect: InspectDatabase): Check {
  return {
    name: 'database',
    title: 'Database',
    timeoutMs: TIMEOUT_MS,
    advice: 'See to it that the database can be reached from here, or correct DATABASE_URL.',
    async run() {
      try {
        const facts = await inspect();
        return facts ? judged(facts) : skipped(NONE_YET);
      } catch (error) {
        const advice = ADVICE[codeOf(error)] ?? this.advice;
        return failure(`The database could not be used: ${reasonOf(error)}.`, advice);
      }
    },
  };
}

function judged({ version, versionNumber, latencyMs, freeConnections }: DatabaseFacts): Verdict {
  if (versionNumber < OLDEST_SUPPORTED) {
    return failure(`PostgreSQL ${version} is too old.`, 'Upgrade it to version 14 or newer.');
  }
  const facts = `PostgreSQL ${version} answers within ${latencyMs.toFixed(1)} ms`;
  if (latencyMs > SLOW_MS) {
    return warning(`${facts}, which everybody who joins waits for several times.`, 'Run it nearer to the server.');
  }
  if (freeConnections < CONNECTIONS_NEEDED) {
    const found = `${facts}, but has only ${plural(freeConnections, 'connection')} free.`;
    return warning(found, `Raise max_connections: each server opens up to ${CONNECTIONS_NEEDED}.`);
  }
  return ok(`${facts}.`);
}

/** `isRunning`: a server uses these tables now. */
export function migrationsCheck(inspect: InspectDatabase, isRunning: boolean): Check {
  return {
    name: 'migrations',
    title: 'Tables',
    timeoutMs: TIMEOUT_MS,
    advice: 'Run the version of Roomful that made them.',
    async run() {
      const facts = await reached(inspect);
      if ('level' in facts) return facts;
      const { pending, unknown } = facts;
      if (unknown.length > 0) {
        const found = `The tables are of a newer version of Roomful (${unknown.join(', ')}).`;
        return failure(found, 'Run that version, or restore a backup of the database.');
      }
      if (pending.length === 0) return ok('The tables are those of this version.');
      const waiting = plural(pending.length, 'migration');
      if (!isRunning) return ok(`${waiting} will be made by the next start (${pending.join(', ')}).`);
      return warning(`${waiting} have not been made (${pending.join(', ')}).`, 'Start the server again.');
    },
  };
}

export function clockCheck(inspect: InspectDatabase): Check {
  return {
    name: 'clock',
    title: 'Clock',
    timeoutMs: TIMEOUT_MS,
    advice: 'Have the time of this machine kept, such as by systemd-timesyncd or chrony.',
    async run() {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      const now = `It is ${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC here (time zone ${timeZone})`;
      const facts = await reached(inspect);
      if ('level' in facts) return skipped(`${now}; there is no database to compare it with.`);
      const { skewMs } = facts;
      const apart = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'behind' : 'ahead of'} the database`;
      if (Math.abs(skewMs) >= HARMFUL_SKEW_MS) {
        return failure(`${now}, ${apart}: other nodes take this one for lost, and tokens fail.`, this.advice);
      }
      if (Math.abs(skewMs) >= NOTICED_SKEW_MS) return warning(`${now}, ${apart}.`, this.advice);
      return ok(`${now}, as in the database.`);
    },
  };
}

/** The facts, or why there are none; that the database cannot be reached is told by its own check. */
export async function reached(inspect: InspectDatabase): Promise<DatabaseFacts | Verdict> {
  const facts = await inspect().catch(() => null);
  if (facts === null) return skipped(NOT_REACHED);
  return facts ?? skipped(NONE_YET);
}

function codeOf(error: unknown): string {
  return String((firstError(error) as { code?: string } | undefined)?.code ?? '');
}
