// What receivers of uploads may do, against real sockets; the rows are a list.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutbound, type Outbound } from '../kit/outbound/outbound.ts';
import { createLogger } from '../log.ts';
import { FileStorage } from './storage/file-storage.ts';
import { type Upload, type UploadStore, Uploads } from './uploads.ts';

const LIMITS = { uploadsAtOnce: 4, uploadsPerOwner: 3, uploadsPerHost: 2, uploadStallSeconds: 1 };
/** More than the system takes at once. */
const LARGE_BYTES = 24 * 1024 * 1024;

let folder: string;
let outbound: Outbound;
const cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-uploads-'));
  outbound = createOutbound({ allow: ['127.0.0.0/8'] });
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await outbound.close();
  rmSync(folder, { recursive: true });
});

/** Rows in memory. */
class Rows implements UploadStore {
  readonly done: string[] = [];
  readonly failed: { id: string; error: string }[] = [];
  readonly #waiting = new Map<string, Upload>();

  add(id: string, url: string, { ownerId = 'ann', bytes = 10 } = {}): void {
    const path = join(folder, id);
    writeFileSync(path, Buffer.alloc(bytes));
    const file = { localPath: path, format: 'mp4', key: id } as Upload['file'];
    const { host } = new URL(url);
    const facts = { fileId: id, egressId: id, target: 'presigned' as const, attempts: 0, createdAt: new Date(), file };
    this.#waiting.set(id, { id, ownerId, host, url, ...facts });
  }

  async dueUploads(_nodeId: string, { running }: { running: readonly string[] }): Promise<Upload[]> {
    return [...this.#waiting.values()].filter(({ id }) => !running.includes(id));
  }

  async pendingUploads(): Promise<number> {
    return this.#waiting.size;
  }

  async uploadDone({ id }: Upload): Promise<void> {
    this.#waiting.delete(id);
    this.done.push(id);
  }

  /** It is due again, after all others. */
  async uploadFailed(upload: Upload, { error }: { error: string }): Promise<void> {
    this.failed.push({ id: upload.id, error });
    this.#waiting.delete(upload.id);
    this.#waiting.set(upload.id, upload);
  }

  async isSpare(): Promise<boolean> {
    return false;
  }

  async forgetLocal(): Promise<void> {}
}

async function started(rows: Rows): Promise<Uploads> {
  const put = outbound.put.bind(outbound);
  const storage = new FileStorage(join(folder, 'storage'));
  const log = createLogger('silent');
  const uploads = new Uploads({ nodeId: 'n', store: rows, storage, put, limits: LIMITS, log });
  await uploads.start();
  cleanUps.push(async () => {
    const stopped = uploads.stop();
    await outbound.close();
    await stopped;
  });
  return uploads;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

const receiver = (answer: RequestListener) => listen(createServer(answer));
const takesAll = () => receiver((request, response) => request.resume().on('end', () => response.end()));
/** Accepts connections, reads what comes, and says nothing. */
const silent = () => listen(createTcpServer((socket) => socket.on('error', () => undefined).resume()));

describe('an upload', () => {
  it('goes on beside receivers that say nothing, of the same owner and of others', async () => {
    const rows = new Rows();
    const [first, second, good] = [await silent(), await silent(), await takesAll()];
    for (let i = 0; i < 3; i++) rows.add(`silent-${i}`, first);
    for (let i = 0; i < 3; i++) rows.add(`bob-${i}`, second, { ownerId: 'bob' });
    for (let i = 0; i < 5; i++) rows.add(`good-${i}`, good);
    for (let i = 0; i < 5; i++) rows.add(`eve-${i}`, good, { ownerId: 'eve' });
    await started(rows);
    await expect.poll(() => rows.done.length, { timeout: 10_000 }).toBe(10);
    expect(rows.done.filter((id) => /^(good|eve)/.test(id))).toHaveLength(10);
  });

  it('fails when nothing moves, and is made again', async () => {
    const rows = new Rows();
    rows.add('small', await silent());
    await started(rows);
    await expect.poll(() => rows.failed.length, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(rows.failed[0]).toEqual({ id: 'small', error: 'nothing moved for 1 s' });
  });

  it('fails when its receiver stops reading in the middle', async () => {
    const rows = new Rows();
    rows.add('large', await listen(createTcpServer((socket) => socket.on('error', () => undefined).pause())), {
      bytes: LARGE_BYTES,
    });
    await started(rows);
    await expect.poll(() => rows.failed.length, { timeout: 10_000 }).toBe(1);
    expect(rows.failed[0]?.error).toBe('nothing moved for 1 s');
  });

  it('that is slow but steady goes on for longer than it may stand still', async () => {
    const rows = new Rows();
    let received = 0;
    const url = await receiver((request, response) => {
      // A piece now and then, so that all of it takes several times as long as the stall may last.
      const reading = setInterval(() => {
        const piece = request.read(Math.min(1_000_000, LARGE_BYTES - received) || undefined);
        if (piece) received += piece.length;
      }, 100);
      request.on('readable', () => undefined).on('end', () => response.end());
      request.on('close', () => clearInterval(reading));
    });
    rows.add('large', url, { bytes: LARGE_BYTES });
    await started(rows);
    await expect.poll(() => rows.done, { timeout: 15_000 }).toEqual(['large']);
    expect(rows.failed).toEqual([]);
  });

  it('fails when it is accepted before all of it was sent', async () => {
    const rows = new Rows();
    const hasty = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.pause().write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });
    rows.add('large', await listen(hasty), { bytes: LARGE_BYTES });
    await started(rows);
    await expect.poll(() => rows.failed.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(rows.done).toEqual([]);
  });

  it('of a file that is gone fails alone', async () => {
    const rows = new Rows();
    const url = await takesAll();
    rows.add('gone', url);
    rmSync(join(folder, 'gone'));
    rows.add('there', url);
    await started(rows);
    await expect.poll(() => rows.done).toEqual(['there']);
    await expect.poll(() => rows.failed[0]?.error).toMatch(/ENOENT/);
  });
});
