import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRunning, processIdentity } from '../kit/process-identity.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';

const log = pino({ level: 'silent' });
const asRoot = process.getuid?.() === 0;
const mayDisguise = asRoot && spawnSync('unshare', ['--user', '--map-user=65534', 'true']).status === 0;

let dataDir: string;
const started: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
const postmasters = new Map<number, string>();

beforeEach(() => {
  // mkdtemp makes a folder that only we may enter.
  dataDir = mkdtempSync(join(tmpdir(), 'roomful-postgres-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((postgres) => postgres.stop()));
  for (const child of children.splice(0)) await kill(child);
  for (const [pid, identity] of postmasters) if (isRunning(identity)) process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect([...postmasters.values()].filter(isRunning)).toEqual([]));
  postmasters.clear();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await EmbeddedPostgres.start({ dataDir, log });
  started.push(postgres);
  remember(postgres.pid);
  return postgres;
}

/** A server process that owns the database, for killing. Its first line is the process id of its PostgreSQL. */
function startInChild(): ChildProcess {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href;
  const program = `
    import { EmbeddedPostgres } from ${JSON.stringify(module)};
    import { pino } from 'pino';
    const options = { dataDir: ${JSON.stringify(dataDir)}, log: pino({ level: 'silent' }) };
    const postgres = await EmbeddedPostgres.start(options);
    console.log(postgres.pid + ' ' + postgres.url);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function whenReady(child: ChildProcess): Promise<{ pid: number; url: string }> {
  if (child.stdout === null) throw new Error('no output to read');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [pid = '', url = ''] = line.split(' ');
  remember(Number(pid));
  return { pid: Number(pid), url };
}

function remember(pid: number): void {
  postmasters.set(pid, processIdentity(pid));
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function killAndWait(pid: number): Promise<void> {
  const identity = processIdentity(pid);
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(isRunning(identity)).toBe(false), { interval: 5 });
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const cluster = () => join(dataDir, 'postgres', 'cluster');
const leftovers = () => readdirSync(join(dataDir, 'postgres')).filter((name) => name.startsWith('new-cluster-'));

describe('an ordinary life', () => {
  test('what is committed is there after a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'create table t as select 1 as n');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select n from t')).toEqual([{ n: 1 }]);
  });

  test('the settings promise durability, and strangers need a password', async () => {
    const { url } = await start();
    const wanted = "('fsync', 'synchronous_commit', 'jit', 'listen_addresses')";
    const rows = await query(url, `select name, setting from pg_settings where name in ${wanted} order by name`);
    expect(Object.fromEntries(rows.map((row) => Object.values(row as object)))).toEqual({
      fsync: 'on',
      jit: 'off',
      listen_addresses: '127.0.0.1',
      synchronous_commit: 'on',
    });
    await expect(query(url.replace(/:[^:@]*@/, ':wrong@'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
    expect(statSync(join(dataDir, 'postgres', 'password')).mode & 0o777).toBe(0o600);
  });

  test('stop may be called by many and again', async () => {
    const postgres = await start();
    const [first, second] = [postgres.stop(), postgres.stop()];
    expect(second).toBe(first);
    await first;
    await postgres.stop();
    await expect(query(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
  });

  test('stop ends connections that are still open', async () => {
    const postgres = await start();
    const client = new Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.connect();
    await postgres.stop();
    await ended;
  });
});

describe('after a crash', () => {
  test('PostgreSQL that dies under a running server is started again where it was', async () => {
    const postgres = await start();
    await query(postgres.url, 'create table t as select 1 as n');
    const { pid } = postgres;
    await killAndWait(pid);
    await vi.waitFor(() => expect(postgres.pid).not.toBe(pid), { timeout: 20_000 });
    remember(postgres.pid);
    expect(await query(postgres.url, 'select n from t')).toEqual([{ n: 1 }]);
  });

  test('a killed server leaves PostgreSQL running, and the next one takes it over', async () => {
    const child = startInChild();
    const { pid, url } = await whenReady(child);
    await query(url, 'create table t as select 1 as n');
    await kill(child);

    const postgres = await start();
    expect(postgres.pid).toBe(pid);
    expect(await query(postgres.url, 'select n from t')).toEqual([{ n: 1 }]);
    await postgres.stop();
    expect(isRunning(postmasters.get(pid) ?? '')).toBe(false);
  });

  test('when PostgreSQL was killed too, it recovers', async () => {
    const child = startInChild();
    const { pid, url } = await whenReady(child);
    await query(url, 'create table t as select 1 as n');
    await kill(child);
    await killAndWait(pid);

    const postgres = await start();
    expect(postgres.pid).not.toBe(pid);
    expect(await query(postgres.url, 'select n from t')).toEqual([{ n: 1 }]);
  });

  test('a process id in postmaster.pid that now belongs to another program is no obstacle', async () => {
    const child = startInChild();
    const { pid } = await whenReady(child);
    await kill(child);
    await killAndWait(pid);
    const { uid, gid } = statSync(cluster());
    const stranger = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
    children.push(stranger);
    await once(stranger, 'spawn');
    const pidFile = join(cluster(), 'postmaster.pid');
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(stranger.pid)));

    const postgres = await start();
    expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test('a server killed in the middle of making the database leaves nothing that disturbs', async () => {
    const child = startInChild();
    await vi.waitFor(() => expect(statSync(join(dataDir, 'postgres', leftovers()[0] ?? '', 'cluster'))).toBeDefined(), {
      interval: 1,
      timeout: 10_000,
    });
    await kill(child);
    expect(leftovers()).toHaveLength(1);

    const postgres = await start();
    expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });
});

describe('what stops a start is said in a sentence', () => {
  test('another server on the same folder', async () => {
    const child = startInChild();
    await whenReady(child);
    await expect(start()).rejects.toThrow(`Another Roomful, process ${child.pid}, is using the data folder`);
  });

  test('a failed start does not keep the folder locked', async () => {
    await (await start()).stop();
    writeFileSync(join(cluster(), 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow('PostgreSQL 17');
    writeFileSync(join(cluster(), 'PG_VERSION'), '18\n');
    await start();
  });

  test('a database of another version', async () => {
    await (await start()).stop();
    writeFileSync(join(cluster(), 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(
      `The database in ${cluster()} was made by PostgreSQL 17, and this Roomful brings PostgreSQL 18.`,
    );
  });

  test('a damaged database, with the last words of PostgreSQL', async () => {
    await (await start()).stop();
    writeFileSync(join(cluster(), 'global', 'pg_control'), 'damaged');
    await expect(start()).rejects.toThrow(/did not start on .*\n(.*\n)*.*pg_control/);
  });

  test('a folder that cannot be', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    const begin = EmbeddedPostgres.start({ dataDir: join(file, 'data'), log });
    await expect(begin).rejects.toThrow('cannot be created or entered');
  });

  test('a lost password', async () => {
    await (await start()).stop();
    rmSync(join(dataDir, 'postgres', 'password'));
    await expect(start()).rejects.toThrow('The password of the database could not be read');
    expect(readdirSync(cluster())).not.toContain('postmaster.pid');
  });
});

describe.runIf(asRoot)('as root', () => {
  test('PostgreSQL runs as the same other user whether or not the folder is open to it', async () => {
    const closed = await start();
    const owner = statSync(cluster()).uid;
    expect(owner).not.toBe(0);
    expect(userOf(closed.pid)).toBe(owner);
    await closed.stop();
    chmodSync(dataDir, 0o755);
    const open = await start();
    expect(userOf(open.pid)).toBe(owner);
    expect(statSync(cluster()).uid).toBe(owner);
  });

  test.runIf(mayDisguise)('a database whose files belong to root keeps working', async () => {
    await (await start()).stop();
    for (const path of readdirSync(cluster(), { recursive: true })) chownSync(join(cluster(), String(path)), 0, 0);
    chownSync(cluster(), 0, 0);
    const postgres = await start();
    expect(await query(postgres.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    await postgres.stop();
    expect(statSync(cluster()).uid).toBe(0);
  });

  function userOf(pid: number): number {
    return Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  }
});
