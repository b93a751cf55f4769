// What an object storage may do that does not do its work.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { S3Storage } from './s3-storage.ts';

/** Of several parts. */
const LARGE_BYTES = 20 * 1024 * 1024;

it.each([
  ['accepts and says nothing', (socket: Socket) => socket.resume()],
  ['accepts and reads nothing', (socket: Socket) => socket.pause()],
  ['begins an answer and does not end it', (socket: Socket) => socket.once('data', () => socket.write('HTTP/1.1 200'))],
])('a storage that %s is given up', async (_, behave) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    behave(socket.on('error', () => undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'roomful-s3-'));
  const path = join(folder, 'a.mp4');
  writeFileSync(path, Buffer.alloc(LARGE_BYTES));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'k', secretAccessKey: 's' };
  const common = { bucket: 'b', region: 'us-east-1', pathStyle: true, prefix: '', stallMs: 200 };
  const storage = new S3Storage({ ...common, endpoint, credentials });

  await expect(storage.put(path, 'key', 'video/mp4')).rejects.toThrow(/timed out|inactivity/i);
  await expect(storage.size('key')).rejects.toThrow(/timed out|inactivity/i);
  await expect(storage.open('key')).rejects.toThrow(/timed out|inactivity/i);
  storage.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});
