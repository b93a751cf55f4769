// What every process of a running server is given, and who may read what it keeps: looked up in the system, while a page
// is recorded.
import { chmodSync, globSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../harness/stage.ts';

interface Process {
  pid: number;
  parent: number;
  uid: number;
  args: string;
  /** Empty where the system does not show it. */
  environment: string[];
}

const isRoot = process.getuid?.() === 0;
const SECRETS = {
  ROOMFUL_S3_SECRET_ACCESS_KEY: 'secret-of-the-storage',
  AWS_SECRET_ACCESS_KEY: 'secret-of-the-machine',
};
/** All that a child may have; the last two are of the channel to a child that is Node. */
const GIVEN = /^(PATH|LC_ALL|TZ|MEDIASOUP_VERSION|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE)=/;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ database: 'embedded', env: { ...SECRETS, ROOMFUL_S3_ACCESS_KEY_ID: 'key' } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** Begins to record a page. */
async function recordPage() {
  const room = await stage.room();
  const ofRoom = ({ data }: { data: { meetingId?: string } }) => data.meetingId === room;
  const ann = await stage.enter(room, 'ann', { camera: false, mic: false });
  const layout = { custom: stage.templateUrl({}) };
  await stage.backend.recordings.start(room, { composition: { layout, quality: 'low' } });
  await stage.receiver.waitFor('recording-started', ofRoom, { timeoutMs: 30_000 });
  return { room, ofRoom, ann };
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const status = read(pid, 'status');
      const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
      return {
        pid: Number(pid),
        parent: field('PPid'),
        uid: field('Uid'),
        args: read(pid, 'cmdline').replaceAll('\0', ' '),
        environment: read(pid, 'environ').split('\0').filter(Boolean),
      };
    });
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Everything that the server has started, and what that has started. */
function descendants(): Process[] {
  const all = Map.groupBy(processes(), ({ parent }) => parent);
  const found: Process[] = [];
  for (let next = [stage.server.pid]; next.length > 0; ) {
    const children = next.flatMap((pid) => all.get(pid) ?? []);
    found.push(...children);
    next = children.map(({ pid }) => pid);
  }
  return found;
}

const isBrowser = ({ args }: Process) => args.includes('roomful-page-') || args.includes('crashpad');
const profiles = () => globSync(`${tmpdir()}/roomful-page-*`);

/** Paths of the data folder that others could use, with their rights. */
function openPaths(): string[] {
  const { dataDir } = stage.server;
  // PostgreSQL sees to its own, and does not start where others may look in.
  const paths = globSync('**/*', { cwd: dataDir, exclude: (name) => name === 'cluster' });
  return ['.', ...paths].flatMap((path) => {
    const { mode } = lstatSync(join(dataDir, path));
    // Root's PostgreSQL runs as another user, who has to pass through both.
    const allowed = isRoot && ['.', 'postgres'].includes(path) ? 0o710 : 0o700;
    return (mode & 0o777 & ~allowed) === 0 ? [] : [`${(mode & 0o777).toString(8)} ${path}`];
  });
}

describe('while a page is recorded', () => {
  it('no process is given a secret, and none that reads bytes of strangers is root', async () => {
    const { room, ofRoom, ann } = await recordPage();
    const children = descendants();
    const workers = [...stage.server.mediaWorkers().values()];
    const postgres = children.filter(({ args }) => args.includes('postgres'));
    const browser = children.filter(isBrowser);
    for (const kind of [workers, postgres, browser]) expect(kind.length).toBeGreaterThan(0);

    const secrets = [...Object.values(SECRETS), stage.server.secret];
    for (const { args, environment } of children) {
      const shown = environment.join('\n');
      for (const secret of secrets) expect(shown.includes(secret), args).toBe(false);
    }
    const others = children.filter((child) => !isBrowser(child) && !postgres.includes(child));
    const more = others.flatMap(({ environment }) => environment.filter((entry) => !GIVEN.test(entry)));
    expect(more).toEqual([]);

    if (isRoot) {
      const strangers = children.filter((child) => isBrowser(child) || workers.includes(child.pid));
      const users = new Set([...strangers, ...postgres].map(({ uid }) => uid));
      expect(users.has(0)).toBe(false);
      // Each kind is a user of its own.
      expect(users.size).toBe(3);
    }
    for (const pid of workers) expect(read(String(pid), 'status')).toMatch(/^CapEff:\s0+$/m);

    await stage.backend.recordings.stop(room);
    await stage.receiver.waitFor('recording-stopped', ofRoom, { timeoutMs: 30_000 });
    await ann.leave();
  });

  it('what is kept is for the user of the server alone, also what was open before', async () => {
    expect(globSync('**/*.mp4', { cwd: stage.server.dataDir })).not.toEqual([]);
    expect(openPaths()).toEqual([]);

    for (const path of ['.', 'storage', 'tls', 'tls/key.pem', 'node-id'])
      chmodSync(join(stage.server.dataDir, path), 0o777);
    const from = stage.server.log.mark();
    await stage.server.restart();
    const { opened } = await stage.server.waitForLog('it is closed', ({ msg }) => /closed now/.test(msg), { from });
    expect(opened).toEqual(['.', 'node-id', 'storage', 'tls', 'tls/key.pem']);
    expect(openPaths()).toEqual([]);
  });

  it('what a browser kept is gone after the next start, however all ended', async () => {
    await recordPage();
    const mine = profiles().filter((path) => descendants().some(({ args }) => args.includes(path)));
    expect(mine).toHaveLength(1);
    const compositors = descendants().filter(({ args }) => args.includes('egress/worker/main.ts'));
    await stage.server.kill('SIGKILL');
    for (const { pid } of compositors) process.kill(pid, 'SIGKILL');
    await expect.poll(() => processes().filter(({ args }) => args.includes(String(mine[0])))).toEqual([]);
    expect(profiles()).toContain(mine[0]);
    await stage.server.restart();
    expect(profiles()).not.toContain(mine[0]);
  });
});
