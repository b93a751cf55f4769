// The program ends in order, in whatever state it is told to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Processes whose parent is `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    pids.map(
      async (it) =>
        [it, (await readFile(`/proc/${it}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ')[1]] as const,
    ),
  );
  return parents.filter(([, parent]) => Number(parent) === pid).map(([it]) => it);
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function inMeeting(server: TestServer): Promise<RawClient> {
  const secret = await mintToken(server);
  const headers = { authorization: secret, 'content-type': 'application/json' };
  const answer = await fetch(`${server.httpUrl}/v2/rooms`, { method: 'POST', headers, body: '{}' });
  const { roomId } = (await answer.json()) as { roomId: string };
  return RawClient.join(server.httpUrl, { roomId, peerId: 'ada', secret }, 'SEND_AND_RECV');
}

it('on a signal while it starts', { timeout: 60_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'roomful-test-ending-'));
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      ROOMFUL_DATA_DIR: dataDir,
      ROOMFUL_HTTP_PORT: '0',
      ROOMFUL_HTTPS_PORT: 'off',
      ROOMFUL_RTC_PORT: '0',
    },
  });
  const messages: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg } = JSON.parse(line) as { msg: string };
    messages.push(msg);
    if (msg === 'starting') child.kill('SIGTERM');
  }
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  expect(messages.at(-1)).toBe('stopped');
  await rm(dataDir, { recursive: true, force: true });
});

it('with a media worker that is frozen and a meeting that goes on', { timeout: 60_000 }, async () => {
  await using server = await TestServer.start({ env: { ROOMFUL_MEDIA_WORKERS: '1' } });
  const client = await inMeeting(server);
  const worker = Number(server.mediaWorkers().get(0));
  const children = await childrenOf(server.pid);
  process.kill(worker, 'SIGSTOP');
  // Connected, and neither in a room nor on the way to one.
  const idle = RawClient.open(server.httpUrl, { roomId: 'x', peerId: 'idle', secret: await mintToken(server) });
  await idle.waitFor((it) => it.method === 'error');
  try {
    await server.kill('SIGTERM');
  } finally {
    if (isAlive(worker)) process.kill(worker, 'SIGCONT');
  }
  idle.close();
  expect(server.exitCode).toBe(0);
  await expect.poll(() => children.filter(isAlive)).toEqual([]);
  client.close();
});

it('after an error that nobody handled, which is told', { timeout: 60_000 }, async () => {
  await using server = await TestServer.start({ nodeFlags: ['--import', './test/harness/break-on-signal.ts'] });
  const client = await inMeeting(server);
  process.kill(server.pid, 'SIGUSR2');
  await server.exited();
  expect(server.exitCode).toBe(1);
  const fatal = server.log.filter(({ level }) => level === 60);
  expect(fatal).toMatchObject([{ msg: 'unexpected error, stopping in order' }]);
  expect(server.log.entries.at(-1)?.msg).toBe('stopped');
  client.close();
});
