// More than the server can take: connections, descriptors, work for the event loop, memory. New work is refused early,
// what runs is kept, and when it is over nobody has to do anything.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/limits.ts';
import { head, RawHttp } from '../harness/http-wire.ts';
import { TestServer } from '../harness/server.ts';
import { startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function start(limits: Partial<Limits>): Promise<{ api: TestApi; url: string }> {
  api = await startTestApi({ limits: { ...DEFAULT_LIMITS, ...limits } });
  return { api, url: await api.listen() };
}

/** Answers, and keeps the connection. */
async function isServed(client: RawHttp): Promise<boolean> {
  client.send(head('GET', '/ping'));
  return client.answer().then(
    ({ status }) => status === 200,
    () => false,
  );
}

describe('connections', () => {
  it('beyond the bound are closed as they come, and those that are open are served', async () => {
    const { url } = await start({ connections: 3 });
    const open = await Promise.all([1, 2, 3].map(() => RawHttp.open(url)));
    expect(await Promise.all(open.map(isServed))).toEqual([true, true, true]);
    for (let i = 0; i < 20; i++) {
      await using tooMany = await RawHttp.open(url);
      await tooMany.closed();
    }
    expect(await Promise.all(open.map(isServed))).toEqual([true, true, true]);
    await open[0]?.[Symbol.asyncDispose]();
    const served = async () => {
      await using next = await RawHttp.open(url);
      return await isServed(next);
    };
    await expect.poll(served).toBe(true);
    await Promise.all(open.map((client) => client[Symbol.asyncDispose]()));
  });

  it.runIf(process.platform === 'linux')('are accepted again once there are descriptors again', async () => {
    await using server = await TestServer.start({ env: { ROOMFUL_HTTPS_PORT: 'off' } });
    const url = server.httpUrl;
    await using early = await RawHttp.open(url);
    expect(await isServed(early)).toBe(true);
    const used = readdirSync(`/proc/${server.pid}/fd`).length;
    const allow = (files: number) => execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${files}:`]);
    const [, before] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/limits`, 'utf8')) ?? [];
    allow(used + 5);
    const flood = await Promise.all(Array.from({ length: 40 }, () => RawHttp.open(url)));
    // The system closes what cannot be accepted.
    await Promise.any(flood.map((client) => client.closed()));
    // Long enough that all that looks around once a second has done so.
    const rest = async () => (await isServed(early)) && performance.now() - since > 2_500;
    const since = performance.now();
    await expect.poll(rest, { timeout: 10_000, interval: 100 }).toBe(true);
    await Promise.all(flood.map((client) => client[Symbol.asyncDispose]()));
    allow(Number(before));
    const served = async () => {
      await using next = await RawHttp.open(url);
      return await isServed(next);
    };
    await expect.poll(served, { timeout: 10_000 }).toBe(true);
    expect(server.log.filter(({ level }) => Number(level) >= 60)).toEqual([]);
  });
});

/** Asks until it is answered so, at most for some seconds. */
const status = (url: string, path: string) => async () => (await fetch(`${url}${path}`)).status;

describe('new work', () => {
  it('is refused while the event loop is late, health is not, and all is well when it has caught up', async () => {
    const { url } = await start({ eventLoopDelayMs: 100 });
    expect(await status(url, '/openapi.json')()).toBe(200);
    const busy = setInterval(() => {
      const until = performance.now() + 300;
      while (performance.now() < until);
    }, 1);
    await expect.poll(status(url, '/openapi.json'), { timeout: 20_000 }).toBe(503);
    const refused = await fetch(`${url}/v2/rooms`);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect(await refused.json()).toMatchObject({ statusCode: 503, code: 'NOT_READY' });
    for (const path of ['/ping', '/healthz', '/readyz', '/metrics']) expect(await status(url, path)()).toBe(200);
    clearInterval(busy);
    await expect.poll(status(url, '/openapi.json'), { timeout: 20_000 }).toBe(200);
  });

  it('is refused while memory is nearly used up', async () => {
    const { url } = await start({ heapPercent: 1 });
    const ballast = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
    await expect.poll(status(url, '/v2/rooms'), { timeout: 20_000 }).toBe(503);
    expect(await status(url, '/ping')()).toBe(200);
    expect(ballast).toHaveLength(1_000_000);
  });
});
