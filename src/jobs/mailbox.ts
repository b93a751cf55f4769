// Durable work for the node that a session lives on: one pg-boss queue for each node. Jobs are sent inside the
// transaction of the state they follow from, may lie in the future, and survive every restart.
import type { Kysely } from 'kysely';
import { fromKysely, PgBoss } from 'pg-boss';
import { type Static, Type } from 'typebox';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { fits } from '../kit/validate.ts';
import type { Logger } from '../log.ts';

const Text = Type.String({ maxLength: 256 });

/** Everything a node may be asked to do for one of its sessions. */
const Job = Type.Union([
  Type.Object({ command: Type.Literal('auto-close'), sessionId: Text }),
  Type.Object({
    command: Type.Literal('end-session'),
    sessionId: Text,
    reason: Type.Enum(['ended-by-api', 'deactivated']),
  }),
  Type.Object({ command: Type.Literal('remove-participant'), sessionId: Text, participantId: Text }),
  Type.Object({
    command: Type.Literal('reconnect-timeout'),
    sessionId: Text,
    participantId: Text,
    disconnectedAt: Text,
  }),
  Type.Object({
    command: Type.Enum(['start-egress', 'stop-egress', 'continue-egress', 'delete-egress']),
    egressId: Text,
  }),
]);
export type Job = Static<typeof Job>;

/** Jobs in the future are looked for this often; what is due at once arrives by notification. */
const POLLING_SECONDS = 1;
const RETRY_LIMIT = 10;
const BATCH_SIZE = 20;

type Transaction = Pick<Kysely<unknown>, 'executeQuery'>;

export class Mailbox implements Service {
  readonly #boss: PgBoss;
  readonly #nodeId: string;
  readonly #log: Logger;
  #handle: ((job: Job) => Promise<void>) | undefined;
  readonly #lifecycle = new Lifecycle(
    () => this.#open(),
    () => this.#boss.stop({ graceful: true, timeout: 5_000 }),
  );

  constructor(options: { databaseUrl: string; nodeId: string; log: Logger }) {
    this.#nodeId = options.nodeId;
    this.#log = options.log.child({ part: 'jobs' });
    this.#boss = new PgBoss({
      connectionString: options.databaseUrl,
      application_name: 'roomful jobs',
      max: 4,
      schedule: false,
      useListenNotify: true,
    });
    this.#boss.on('error', (error) => this.#log.warn({ err: error }, 'job queue failed, going on'));
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Begins to take this node's jobs; overdue ones come at once. */
  async receive(handle: (job: Job) => Promise<void>): Promise<void> {
    this.#handle = handle;
    const options = {
      batchSize: BATCH_SIZE,
      pollingIntervalSeconds: POLLING_SECONDS,
      notifyPollingIntervalSeconds: POLLING_SECONDS,
    };
    await this.#boss.work(queueOf(this.#nodeId), options, async (jobs) => {
      for (const job of jobs) await this.#take(job.data);
    });
  }

  /**
   * Sends a job to a node, at once or for later; with `tx` it exists only if that transaction commits. A job for a node
   * that has never been, or has been forgotten, is dropped: nobody would take it.
   */
  async send(nodeId: string, job: Job, options: { tx?: Transaction; startAt?: Date } = {}): Promise<void> {
    const { startAt, tx } = options;
    try {
      await this.#boss.send(queueOf(nodeId), job, {
        ...(startAt && { startAfter: startAt }),
        ...(tx && { db: fromKysely(tx as never) }),
      });
    } catch (error) {
      if (!isUnknownQueue(error)) throw error;
      this.#log.warn({ node: nodeId, job }, 'job for a node that is not known dropped');
    }
  }

  async #open(): Promise<void> {
    await this.#boss.start();
    const options = { retryLimit: RETRY_LIMIT, retryBackoff: true, deleteAfterSeconds: 3600, notify: true };
    await this.#boss.createQueue(queueOf(this.#nodeId), options);
  }

  async #take(data: unknown): Promise<void> {
    if (!fits(Job, data)) {
      this.#log.error({ job: data }, 'job of an unknown kind dropped');
      return;
    }
    await this.#handle?.(data);
  }
}

function queueOf(nodeId: string): string {
  return `node-${nodeId}`;
}

/** Noticed before anything is written, so that a transaction goes on. */
function isUnknownQueue(error: unknown): boolean {
  return error instanceof Error && /^Queue \S+ does not exist$/.test(error.message);
}
