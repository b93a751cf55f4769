// Pages that the compositor cannot capture, and the reasons it gives.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SinkSpec } from '../../src/compositor/ipc.ts';
import { pageSpec } from '../harness/browser.ts';
import { TestChild } from '../harness/egress-child.ts';

const mp4 = (folder: string): SinkSpec[] => [{ id: 'file', kind: 'file', format: 'mp4', path: `${folder}/a.mp4` }];

const PAGES: Record<string, string> = {
  '/fine': '<!doctype html><p>Hello</p>',
  '/stuck': '<script>for (;;);</script>',
};

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const page = PAGES[request.url ?? ''];
    // This one is never answered.
    if (request.url === '/silent') return;
    response.writeHead(page ? 200 : 404, { 'content-type': 'text/html' }).end(page ?? 'nothing here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const capture = (address: string, config = {}) => TestChild.start(mp4, config, pageSpec(address));

describe('a page that cannot be captured', () => {
  it('fails with the reason, as the fault of its destination', async () => {
    await expect(capture(url('/missing'))).rejects.toThrow(/^destination: .* answered with status 404/);
    const late = /^destination: .* did not load within 12 s/;
    await Promise.all(['/stuck', '/silent'].map((path) => expect(capture(url(path))).rejects.toThrow(late)));
  });

  it('on an address that may not be reached is refused, and so is one that nobody listens on', async () => {
    await expect(capture('http://10.1.2.3/')).rejects.toThrow(/10\.1\.2\.3 is blocked \(private\)/);
    await expect(capture('https://localhost/')).rejects.toThrow(/is blocked|could not be loaded/);
    await expect(capture('http://127.0.0.1:1/')).rejects.toThrow(/status 5|could not be loaded/);
  });

  it('is not captured with a program that is no browser', async () => {
    const page = pageSpec(url('/fine'), { browser: '/bin/false' });
    await expect(TestChild.start(mp4, {}, page)).rejects.toThrow(/browser could not be started/);
  });
});
