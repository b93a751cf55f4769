import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { connectionsByFiles, guardConnections } from './connections.ts';

it.each([
  [1_048_576, 524_192],
  [1_024, 416],
  [256, 32],
  [64, 8],
])('with %i descriptors a listener takes %i connections', (files, connections) => {
  expect(connectionsByFiles(files)).toBe(connections);
});

it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ECONNABORTED'])(
  'an accept that fails with %s is logged once and the listener goes on',
  async (code) => {
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const server = createServer((_request, response) => response.end('here'));
    guardConnections(server, { maxConnections: 10, log });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    for (let i = 0; i < 1_000; i++) server.emit('error', Object.assign(new Error(`accept ${code}`), { code }));
    const { port } = server.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('here');
    expect(lines.map(({ msg }) => msg)).toEqual(['connections could not be accepted']);
    server.closeAllConnections();
    server.close();
  },
);
