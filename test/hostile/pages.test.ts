// Pages that mean harm, filmed: what they try leads nowhere, what they take too much of ends them, and nobody else.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { Server as ProxyServer } from 'proxy-chain';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PageBounds, SinkSpec } from '../../src/egress/ipc.ts';
import { Browser } from '../../src/egress/worker/page/browser.ts';
import { Tab } from '../../src/egress/worker/page/tab.ts';
import { unprivilegedUser } from '../../src/kit/child-process.ts';
import { browserProcesses, pageSpec } from '../harness/browser.ts';
import { TestChild } from '../harness/egress-child.ts';

const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];

/** Takes more of something every few milliseconds. */
const greedy = (take: string) => `<body>x<script>onload = () => setInterval(() => { ${take} }, 5);</script>`;

const PAGES: Record<string, string> = {
  '/nosy': readFileSync(new URL('./nosy.html', import.meta.url), 'utf8'),
  '/quiet': '<form><input type="email"><input type="password"></form><p lang="fr">Bonjour tout le monde.</p>',
  '/eats': greedy('(globalThis.all ??= []).push(new Float64Array(4e6).fill(1));'),
  '/works': greedy("new Worker(URL.createObjectURL(new Blob(['onmessage = () => 0;'])));"),
  '/shouts': greedy("throw new Error('x'.repeat(2e7));"),
  '/keeps': `<body>x<script>
    const opened = indexedDB.open('all');
    opened.onupgradeneeded = () => opened.result.createObjectStore('all', { autoIncrement: true });
    opened.onsuccess = () => setInterval(() => {
      const bytes = new Uint8Array(4e6);
      for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      opened.result.transaction('all', 'readwrite').objectStore('all').add(bytes);
    }, 20);
  </script>`,
};

let server: Server;
let udp: Socket;
const packets: Buffer[] = [];
const reported = Promise.withResolvers<Record<string, string>>();

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://page');
    const page = PAGES[pathname];
    if (pathname === '/report') reported.resolve(JSON.parse(await text(request)));
    const headers = pathname === '/attachment' ? { 'content-disposition': 'attachment; filename=sent.bin' } : {};
    response.writeHead(page ? 200 : 204, { 'content-type': 'text/html', 'cache-control': 'no-store', ...headers });
    response.end(page);
  });
  server.listen(0, '127.0.0.1');
  udp = createSocket('udp4', (packet) => void packets.push(packet));
  udp.bind(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(udp, 'listening')]);
});
afterAll(() => {
  udp.close();
  server.closeAllConnections();
  server.close();
});

const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const film = (path: string, bounds: Partial<PageBounds> = {}) => {
  const page = pageSpec(url(path));
  return TestChild.start(mp4, {}, { ...page, bounds: { ...page.bounds, ...bounds } });
};
const profileOf = (child: TestChild) => globSync(`${tmpdir()}/roomful-page-${child.process.pid}-*`);

describe('a page that tries everything', () => {
  it('is given nothing of the machine, and is filmed all the same', async () => {
    await using child = await film(`/nosy?udp=127.0.0.1:${udp.address().port}`);
    expect(await reported.promise).toEqual({
      download: 'undefined',
      stun: '0',
      turn: '0',
      webTransport: 'WebTransportError',
      window: 'null',
      microphone: expect.stringMatching(/^(NotFound|NotAllowed)Error$/),
      position: 'denied',
      notification: 'denied',
      usb: 'SecurityError',
      filePicker: 'SecurityError',
      dialogs: 'undefined',
      print: 'undefined',
      file: '/nosy',
      chrome: '/nosy',
      viewSource: '/nosy',
      devtools: '/nosy',
      mail: '/nosy',
      unknown: '/nosy',
    });
    expect(packets).toEqual([]);
    const [profile = ''] = profileOf(child);
    expect(globSync('**/{taken,sent}*', { cwd: profile })).toEqual([]);
    expect(globSync('**/*.crdownload', { cwd: profile })).toEqual([]);
    await child.hears('stats');
    await child.stop();
    expect(child.said.find(({ type }) => type === 'sink-finished')).toBeDefined();
    expect(profileOf(child)).toEqual([]);
  });

  it('runs in the sandbox of its browser, as a user without rights', async () => {
    await using child = await film('/quiet');
    const statuses = browserProcesses(child.process.pid).map(({ pid }) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    expect(statuses.length).toBeGreaterThan(0);
    const user = unprivilegedUser('browser')?.uid ?? process.getuid?.();
    for (const status of statuses) expect(status).toMatch(new RegExp(`^Uid:\\s${user}\\s`, 'm'));
    const [renderer] = browserProcesses(child.process.pid).filter(({ args }) => args.includes('--type=renderer'));
    // A filter of system calls, which only the sandbox puts there.
    if (pageSpec('').sandboxed) {
      expect(readFileSync(`/proc/${renderer?.pid}/status`, 'utf8')).toMatch(/^Seccomp:\s2$/m);
    }
  });
});

describe('a page that takes too much', () => {
  const MIB = 1024 ** 2;

  it.each([
    ['memory', '/eats', { memoryBytes: 700 * MIB }, /the page (crashed|used more than 700 MiB of memory)/],
    ['the disk', '/keeps', { diskBytes: 60 * MIB }, /the page stored more than 60 MiB/],
    ['words', '/shouts', {}, /the page (crashed|reported more than 16 MiB at once)/],
    ['threads', '/works', { threads: 200 }, /the page (crashed|ran more than 200 threads)/],
  ])('of %s is ended, with the reason', { timeout: 60_000 }, async (_, path, bounds, expected) => {
    const end = await endOf(path, bounds);
    expect(end).toMatch(/^destination: /);
    expect(end).toMatch(expected);
  });

  /** Where the machine has much to do, it comes before the page is being filmed. */
  async function endOf(path: string, bounds: Partial<PageBounds>): Promise<string> {
    try {
      await using child = await film(path, bounds);
      const { reason, blame } = await child.hears('fatal', () => true, 40_000);
      const isGone = () => expect([...browserProcesses(child.process.pid), ...profileOf(child)]).toEqual([]);
      await vi.waitFor(isGone, { timeout: 10_000 });
      return `${blame}: ${reason}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
});

describe('the browser', () => {
  it('asks for nothing but what its page asks for', async () => {
    const asked = new Set<string>();
    const proxy = new ProxyServer({
      port: 0,
      host: '127.0.0.1',
      prepareRequestFunction: ({ hostname, port }) => {
        asked.add(`${hostname}:${port}`);
        return {};
      },
    });
    await proxy.listen();
    // Where its calls home are led to.
    const calls = new Set<string>();
    const home = createServer((request, response) => {
      calls.add(new URL(request.url ?? '', 'http://home').pathname);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(home, 'listening');
    const browser = await Browser.launch({
      ...pageSpec(''),
      program: pageSpec('').browser,
      size: { width: 320, height: 180 },
      proxyPort: proxy.port,
      directHost: `127.0.0.1:${(home.address() as AddressInfo).port}`,
      titleOfFilmed: 'any',
      onGone: () => undefined,
    });
    try {
      const tab = await Tab.open(browser.devTools, { onCrashed: () => undefined, onProblem: () => undefined });
      await tab.navigate(url('/quiet'));
      // The later of two that come within seconds after the start; others have been asked for by then, if any are.
      await expect.poll(() => [...calls], { timeout: 30_000 }).toContain('/');
      expect([...asked]).toEqual([new URL(url('/')).host]);
    } finally {
      await browser.close();
      await proxy.close(true);
      home.close();
      home.closeAllConnections();
    }
  });
});
