import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../test/harness/test-database.ts';
import type { Job } from './job.ts';
import { Mailbox } from './mailbox.ts';

const AUTO_CLOSE: Job = { command: 'auto-close', sessionId: 'session-1' };
const END: Job = { command: 'end-session', sessionId: 'session-1', reason: 'ended-by-api' };
const START_EGRESS: Job = { command: 'start-egress', egressId: 'egress-1' };

type MailboxOptions = ConstructorParameters<typeof Mailbox>[0];
type Boss = NonNullable<MailboxOptions['boss']>;
type Batch = (jobs: { data: unknown }[]) => Promise<void>;

/** Notes what is asked of it, and hands over batches when a test says so. */
class FakeBoss {
  readonly calls: string[] = [];
  readonly sent: { queue: string; job: unknown; options: { startAfter?: Date; db?: unknown } }[] = [];
  readonly options: Record<string, unknown> = {};
  sendError: Error | undefined;
  startError: Error | undefined;
  deliver: Batch = () => Promise.reject(new Error('nothing receives'));
  #onError: (error: Error) => void = () => undefined;

  on(_event: string, listener: (error: Error) => void): this {
    this.#onError = listener;
    return this;
  }

  fail(error: Error): void {
    this.#onError(error);
  }

  async start(): Promise<void> {
    this.calls.push('start');
    if (this.startError) throw this.startError;
  }

  async stop(options: unknown): Promise<void> {
    this.calls.push(`stop ${JSON.stringify(options)}`);
  }

  async createQueue(name: string, options: object): Promise<void> {
    this.calls.push(`createQueue ${name}`);
    Object.assign(this.options, options);
  }

  async work(name: string, _options: object, handler: Batch): Promise<string> {
    this.calls.push(`work ${name}`);
    this.deliver = handler;
    return 'worker-1';
  }

  async send(queue: string, job: unknown, options: { startAfter?: Date; db?: unknown }): Promise<string> {
    if (this.sendError) throw this.sendError;
    this.sent.push({ queue, job, options });
    return 'job-1';
  }
}

function setUp() {
  const boss = new FakeBoss();
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const mailbox = new Mailbox({ databaseUrl: '', nodeId: 'node-1', log, boss: boss as unknown as Boss });
  return { boss, mailbox, logged: () => lines.map(({ msg }) => msg) };
}

describe('receiving', () => {
  it('hands over the jobs of a batch one after the other, in order', async () => {
    const { boss, mailbox } = setUp();
    const steps: string[] = [];
    await mailbox.receive(async ({ command }) => {
      steps.push(`${command} begins`);
      await Promise.resolve();
      steps.push(`${command} ends`);
    });
    await boss.deliver([{ data: AUTO_CLOSE }, { data: START_EGRESS }]);
    expect(steps).toEqual(['auto-close begins', 'auto-close ends', 'start-egress begins', 'start-egress ends']);
  });

  it('fails a batch whose job fails, so that it comes again', async () => {
    const { boss, mailbox } = setUp();
    await mailbox.start();
    const taken: string[] = [];
    let isAway = true;
    await mailbox.receive(async ({ command }) => {
      if (command === 'end-session' && isAway) throw new Error('the database is away');
      taken.push(command);
    });
    const batch = [{ data: AUTO_CLOSE }, { data: END }, { data: START_EGRESS }];
    await expect(boss.deliver(batch)).rejects.toThrow('the database is away');
    expect(taken).toEqual(['auto-close']);
    isAway = false;
    await boss.deliver(batch.slice(1));
    expect(taken).toEqual(['auto-close', 'end-session', 'start-egress']);
    expect(boss.options).toMatchObject({ retryLimit: 10, retryBackoff: true });
  });

  it.each([
    [{ command: 'dance', sessionId: 'session-1' }],
    [{ command: 'end-session', sessionId: 'session-1', reason: 'boredom' }],
    [{ command: 'stop-egress' }],
    [null],
  ])('drops %j, which no job looks like, and goes on with the next', async (data) => {
    const { boss, mailbox, logged } = setUp();
    const taken: Job[] = [];
    await mailbox.receive(async (job) => {
      taken.push(job);
    });
    await boss.deliver([{ data }, { data: END }]);
    expect(taken).toEqual([END]);
    expect(logged()).toEqual(['job of an unknown kind dropped']);
  });
});

describe('sending', () => {
  it('puts a job into the queue of its node, at once', async () => {
    const { boss, mailbox } = setUp();
    await mailbox.send('node-2', END);
    expect(boss.sent).toEqual([{ queue: 'node-node-2', job: END, options: {} }]);
  });

  it('puts one for later into the transaction of its caller', async () => {
    const { boss, mailbox } = setUp();
    const startAt = new Date('2026-01-01T00:00:00Z');
    const statements: string[] = [];
    const tx = {
      executeQuery: async ({ sql }: { sql: string }) => {
        statements.push(sql);
        return { rows: [] };
      },
    };
    await mailbox.send('node-1', AUTO_CLOSE, { tx: tx as never, startAt });
    const { startAfter, db } = boss.sent[0]?.options ?? {};
    expect(startAfter).toBe(startAt);
    await (db as { executeSql(text: string, values: unknown[]): Promise<unknown> }).executeSql('select 1', []);
    expect(statements).toEqual(['select 1']);
  });

  it('drops a job for a node without a queue', async () => {
    const { boss, mailbox, logged } = setUp();
    boss.sendError = Object.assign(new Error('no such queue'), { code: 'PGBOSS_QUEUE_NOT_FOUND' });
    await mailbox.send('node-9', END);
    expect(logged()).toEqual(['job for a node that is not known dropped']);
  });

  it.each([new Error('the database is away'), Object.assign(new Error('relation does not exist'), { code: '42P01' })])(
    'leaves any other failure to its caller: %s',
    async (error) => {
      const { boss, mailbox } = setUp();
      boss.sendError = error;
      await expect(mailbox.send('node-2', END)).rejects.toBe(error);
    },
  );
});

describe('starting and stopping', () => {
  it('makes the queue of its node, and lets jobs under way end', async () => {
    const { boss, mailbox } = setUp();
    await Promise.all([mailbox.start(), mailbox.start()]);
    await Promise.all([mailbox.stop(), mailbox.stop()]);
    expect(boss.calls).toEqual(['start', 'createQueue node-node-1', 'stop {"graceful":true,"timeout":5000}']);
  });

  it('stops what could not be started, and never starts again', async () => {
    const { boss, mailbox } = setUp();
    boss.startError = new Error('the database is away');
    await expect(mailbox.start()).rejects.toThrow('the database is away');
    await mailbox.stop();
    expect(boss.calls).toEqual(['start', 'stop {"graceful":true,"timeout":5000}']);
    await expect(mailbox.start()).rejects.toThrow('start after stop');
  });

  it('goes on when the queue reports a failure', () => {
    const { boss, logged } = setUp();
    boss.fail(new Error('the connection was lost'));
    expect(logged()).toEqual(['job queue failed, going on']);
  });
});

it('leaves the transaction of a job whose node has no queue whole, and brings other jobs there, in PostgreSQL', async () => {
  await using database = await createTestDatabase();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  const mailbox = new Mailbox({ databaseUrl: database.url, nodeId: 'node-1', log });
  await mailbox.start();
  try {
    const received = Promise.withResolvers<Job>();
    await mailbox.receive(async (job) => received.resolve(job));
    await database.db.transaction().execute(async (tx) => {
      await mailbox.send('never-seen', END, { tx });
      await sql`select 1`.execute(tx);
      await mailbox.send('node-1', AUTO_CLOSE, { tx });
    });
    expect(await received.promise).toEqual(AUTO_CLOSE);
    expect(lines).toEqual(['job for a node that is not known dropped']);
  } finally {
    await mailbox.stop();
  }
});
