// What a destination may send back, and how little of it is taken.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UnreachedDestination } from './failures.ts';
import { createOutbound, type Outbound } from './outbound.ts';

const MEGABYTE = 1024 * 1024;
const REQUEST = { headers: {}, body: '{}', timeoutMs: 1_000, maxResponseBytes: 64 * 1024 };

let outbound: Outbound;
const cleanUps: (() => unknown)[] = [];
beforeEach(() => {
  outbound = createOutbound({ allow: ['127.0.0.0/8'] });
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  await outbound.close();
});

/** Answers each connection's first bytes as `answer` says, and tells when connections were closed. */
async function serve(
  answer: (socket: Socket) => void,
): Promise<{ url: string; closed: Promise<void>; sent(): number }> {
  const closed = Promise.withResolvers<void>();
  let sent = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => answer(socket));
    socket.once('close', () => {
      sent = socket.bytesWritten - socket.writableLength;
      closed.resolve();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, closed: closed.promise, sent: () => sent };
}

function endless(socket: Socket, piece: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

it.each([
  ['of no length', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536)],
  [
    'in chunks',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`,
  ],
  ['of a length that is never reached', `HTTP/1.1 200 OK\r\ncontent-length: ${2 ** 50}\r\n\r\n`, 'x'.repeat(65_536)],
])('a body without end, %s, is cut with its connection', async (_, head, piece) => {
  const server = await serve((socket) => {
    socket.write(head);
    endless(socket, piece);
  });
  const answer = await outbound.post(server.url, REQUEST);
  expect(answer).toMatchObject({ status: 200, body: 'x'.repeat(4096) });
  await server.closed;
  // What the system holds on the way, and no more.
  expect(server.sent()).toBeLessThan(32 * MEGABYTE);
});

it('a body that is compressed is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * MEGABYTE));
  const server = await serve((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  });
  const { status, body } = await outbound.post(server.url, { ...REQUEST, maxResponseBytes: MEGABYTE });
  expect(status).toBe(200);
  expect(Buffer.byteLength(body)).toBeLessThan(3 * 4096);
});

it.each([
  ['headers without end', (socket: Socket) => endless(socket, `x-more: ${'x'.repeat(1000)}\r\n`)],
  ['one header without end', (socket: Socket) => endless(socket, 'x'.repeat(1000))],
  ['informational answers without end', (socket: Socket) => endless(socket, '\r\nHTTP/1.1 103 Early Hints\r\n')],
])('%s are cut', async (_, send) => {
  const server = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-first: ');
    send(socket);
  });
  const failure = outbound.post(server.url, REQUEST);
  await expect(failure).rejects.toBeInstanceOf(UnreachedDestination);
  await server.closed;
});

it('a body that dribbles is left after a while, and the status counts', async () => {
  const server = await serve((socket) => {
    socket.write('HTTP/1.1 201 Created\r\ncontent-length: 1000\r\n\r\n');
    const dribble = setInterval(() => socket.write('x'), 50);
    socket.on('close', () => clearInterval(dribble));
  });
  expect((await outbound.post(server.url, REQUEST)).status).toBe(201);
  await server.closed;
});

it.each([
  ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['100 twice', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
  ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['103 with headers', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nretry-after: 5\r\n\r\n'],
  ['100 and 103', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n'],
])('informational answers that nobody asked for are skipped: %s', async (_, before) => {
  const server = await serve((socket) => {
    socket.write(before);
    socket.write('HTTP/1.1 202 Accepted\r\nretry-after: 7\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok');
  });
  expect(await outbound.post(server.url, REQUEST)).toMatchObject({ status: 202, body: 'ok', retryAfter: '7' });
  const upload = { headers: {}, body: Readable.from([Buffer.from('abc')]), size: 3, stallMs: 1_000 };
  expect(await outbound.put(server.url, upload)).toEqual({ status: 202, body: 'ok' });
});

it('whoever sends only informational answers is given up', async () => {
  const server = await serve((socket) => endless(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'));
  await expect(outbound.post(server.url, { ...REQUEST, timeoutMs: 60_000 })).rejects.toThrow(/without end/);
  await server.closed;
});

it('a switch of protocols that nobody asked for is a failure', async () => {
  const server = await serve((socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  );
  await expect(outbound.post(server.url, REQUEST)).rejects.toBeInstanceOf(UnreachedDestination);
  await server.closed;
});
