// What an RTMP server may do that is no good one.
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { flood, OddRtmpServer, takeStream } from '../../../../../test/harness/odd-rtmp-server.ts';
import { MESSAGE, toChunks } from './chunks.ts';
import { RtmpConnection } from './connection.ts';
import { parseRtmpUrl } from './url.ts';

const TIMEOUTS = { openMs: 300, stallMs: 300 };
const PICTURE = Buffer.alloc(100_000);
const PING = toChunks(
  { type: MESSAGE.userControl, streamId: 0, timestamp: 0, payload: Buffer.from([0, 6, 0, 0, 0, 0]) },
  2,
  128,
);

const open = ({ url }: OddRtmpServer) => RtmpConnection.open(parseRtmpUrl(url), '127.0.0.1', TIMEOUTS);

/** Why the connection breaks while pictures are sent. */
async function broken(connection: RtmpConnection, onSent?: () => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  connection.onBroken = resolve;
  const sending = setInterval(() => {
    connection.send('video', 0, PICTURE);
    onSent?.();
  }, 5);
  const reason = await promise;
  clearInterval(sending);
  return reason;
}

it.each([
  ['says nothing', (socket: Socket) => socket.resume()],
  ['reads nothing', (socket: Socket) => socket.pause()],
  [
    'shakes hands and says no more',
    (socket: Socket) => socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(3072)])),
  ],
])('a server that %s is given up', async (_, behave) => {
  await using server = await OddRtmpServer.start(behave);
  await expect(open(server)).rejects.toThrow('did not take the stream within 0.3 s');
});

it('a server that stops reading is given up, before much waits for it', async () => {
  await using server = await OddRtmpServer.start((socket) => takeStream(socket, () => socket.pause()));
  expect(await broken(await open(server))).toMatch(/has taken nothing|not take the stream fast enough/);
});

it.each([
  ['pings', Buffer.concat(Array.from({ length: 3_000 }, () => PING))],
  ['garbage', Buffer.alloc(64_000, 0x41)],
])('a server that floods us with %s is given up', async (_, bytes) => {
  await using server = await OddRtmpServer.start((socket) => takeStream(socket, () => flood(socket.resume(), bytes)));
  const opened = open(server).then(broken, (error: Error) => error.message);
  expect(await opened).toMatch(/sends too much|does not speak RTMP|closed the connection/);
});

it('a server that is gone while it is written to is told as gone', async () => {
  await using server = await OddRtmpServer.start((socket) => takeStream(socket, () => socket.resume()));
  const connection = await open(server);
  const reason = await broken(connection, () => {
    for (const socket of server.sockets) socket.resetAndDestroy();
  });
  expect(reason).toMatch(/closed|ECONNRESET|EPIPE/);
});
