// Starts PostgreSQL on the files of a cluster, and waits until it takes connections.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StartError } from '../kit/start-error.ts';
import type { PostgresAccount } from './postgres-account.ts';
import { type PostgresCluster, postgresEnvironment } from './postgres-cluster.ts';

export const HOST = '127.0.0.1';
export const POLL_MS = 10;

/** Long enough to replay the write-ahead log after a crash on a slow disk. */
export const READY_TIMEOUT_MS = 180_000;
const SLOW_START_MS = 3_000;
export const IMMEDIATE_SHUTDOWN_TIMEOUT_MS = 5_000;

/** Between choosing a free port and PostgreSQL opening it, another program may take it. */
const PORT_ATTEMPTS = 5;
/** How long processes of a killed PostgreSQL may take to notice that it is gone. */
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

export interface Running {
  pid: number;
  port: number;
}

/** On `port` if it is given, else on any that is free. */
export async function launchOnPort(
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
  log.info({ postgresPid: child.pid, port }, 'postgres started');
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
    // A session of its own, so that Ctrl-C in a terminal does not reach it.
    detached: true,
  });
  // It must not keep our process from ending when everything else has.
  child.unref();
  return child;
}

async function becomesReady(cluster: PostgresCluster, child: ChildProcess, log: Logger): Promise<boolean> {
  const startedAt = Date.now();
  let isReported = false;
  while (isUp(child) && Date.now() - startedAt < READY_TIMEOUT_MS) {
    const found = cluster.postmaster();
    if (found?.pid === child.pid && found?.status === 'ready') return true;
    if (!isReported && Date.now() - startedAt > SLOW_START_MS) {
      isReported = true;
      log.info('postgres recovering');
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

/** An end that was asked for has code 0; any other is logged, though it is started again. */
function reportUnexpectedEnd(child: ChildProcess, tail: () => string, log: Logger): void {
  child.on('exit', (code, signal) => {
    if (code !== 0) log.error({ code, signal, output: tail() }, 'postgres ended');
  });
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
