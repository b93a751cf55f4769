// Finished recordings go to an object storage and to signed addresses, also when those are away for a while.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, type ReadStream } from 'node:fs';
import { access, appendFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EgressStage } from '../harness/egress-stage.ts';
import { ObjectStorage } from '../harness/object-storage.ts';

let storage: ObjectStorage;
let stage: EgressStage;
beforeEach(async () => {
  storage = await ObjectStorage.start();
  stage = await EgressStage.set(storage.env);
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

async function record(wish: object = {}) {
  const roomId = await stage.room();
  await stage.join(roomId);
  await stage.app.post('/v2/recordings/start', { roomId, ...wish });
  await stage.event(roomId, 'recording-started');
  await stage.app.post('/v2/recordings/end', { roomId });
  await stage.event(roomId, 'recording-stopped');
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
  const look = async () => ((await stage.app.get(`/v2/recordings?roomId=${roomId}`)).body as any).data[0];
  return { roomId, look };
}

/** Dozens of parts: enough to be in the middle of. */
const LARGE_BYTES = 128 * 1024 * 1024;

/** Adds a box that players skip: MP4's `free`, ISO/IEC 14496-12 section 8.1.2. */
async function grow(path: string, bytes: number): Promise<void> {
  const box = randomBytes(bytes);
  box.writeUInt32BE(bytes, 0);
  box.write('free', 4, 'latin1');
  await appendFile(path, box);
}

async function hashOf(stream: ReadStream | ReadableStream | null): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream ?? []) hash.update(chunk);
  return hash.digest('hex');
}

const localPath = async () =>
  (await stage.app.database.db.selectFrom('egress_files').select('local_path').executeTakeFirst())?.local_path;

describe('an object storage', () => {
  it('gets the file, which is served from there when the copy here is gone', async () => {
    const { look } = await record({ awsDirPath: 'march' });
    await expect.poll(async () => (await look()).file.userStorage, { timeout: 10_000 }).not.toBeNull();
    await expect.poll(localPath).toBeNull();
    const { file } = await look();
    expect(file.userStorage).toEqual({ type: 's3', path: `march/${file.id}.mp4` });
    const answer = await fetch(file.fileUrl, { headers: { range: 'bytes=4-7' } });
    expect([answer.status, await answer.text()]).toEqual([206, 'ftyp']);
    expect((await (await fetch(file.fileUrl)).arrayBuffer()).byteLength).toBe(file.size);
  });

  it('that is away gets it later, and until then it is served from here', async () => {
    await storage.goAway();
    const { look } = await record();
    const { file } = await look();
    expect(file.userStorage).toBeNull();
    expect((await (await fetch(file.fileUrl)).arrayBuffer()).byteLength).toBe(file.size);
    const attempts = async () =>
      (await stage.app.database.db.selectFrom('egress_uploads').select('attempts').executeTakeFirstOrThrow()).attempts;
    await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThan(0);
    await access(String(await localPath()));
    await storage.comeBack();
    await expect.poll(async () => (await look()).file.userStorage, { timeout: 25_000 }).not.toBeNull();
    await expect.poll(localPath).toBeNull();
  });
});

describe('an object storage that is killed in the middle of an upload', () => {
  it('gets the whole file when it is back, byte for byte', async () => {
    await storage.goAway();
    const { look } = await record();
    const { file } = await look();
    const path = String(await localPath());
    await grow(path, LARGE_BYTES);
    await stage.app.database.db
      .updateTable('egress_files')
      .set({ size: (await stat(path)).size })
      .execute();
    const hash = await hashOf(createReadStream(path));
    await storage.comeBack();
    await expect.poll(async () => (await storage.parts()).length, { timeout: 40_000, interval: 5 }).toBeGreaterThan(2);
    await storage.goAway();
    expect(await storage.parts()).not.toEqual([]);
    expect((await look()).file.userStorage).toBeNull();
    expect(await hashOf((await fetch(file.fileUrl)).body)).toBe(hash);

    await storage.comeBack();
    await expect.poll(async () => (await look()).file.userStorage, { timeout: 40_000 }).not.toBeNull();
    await expect.poll(localPath).toBeNull();
    expect(await hashOf((await fetch(file.fileUrl)).body)).toBe(hash);
  });
});

describe('a stream that is over', () => {
  it('goes to the object storage whole, keeps its addresses, and can be deleted there', async () => {
    const roomId = await stage.room();
    await stage.join(roomId);
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into
    const hls = (await stage.app.post('/v2/hls/start', { roomId })).body as any;
    await stage.event(roomId, 'hls-playable');
    await stage.app.post('/v2/hls/end', { roomId });
    await stage.event(roomId, 'hls-stopped');
    await expect.poll(localPath, { timeout: 10_000 }).toBeNull();
    const folder = join(stage.app.dataDir, 'hls', new URL(hls.playbackHlsUrl).pathname.split('/')[2] ?? '');
    await expect.poll(() => existsSync(folder)).toBe(false);

    const playlist = await fetch(hls.playbackHlsUrl);
    const text = await playlist.text();
    expect(playlist.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(text).toContain('#EXT-X-ENDLIST');
    const names = [...text.matchAll(/^[\w-]+\.m4s$/gm)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(0);
    const base = hls.playbackHlsUrl.replace('index.m3u8', '');
    for (const name of names) expect(await (await fetch(base + name)).text()).toBe('0123456789');
    const part = await fetch(`${base}${names[0]}`, { headers: { range: 'bytes=2-4' } });
    expect([part.status, await part.text()]).toEqual([206, '234']);
    expect((await fetch(`${base}segment-999.m4s`)).status).toBe(404);

    await stage.app.delete(`/v2/hls/${hls.id}`);
    expect((await fetch(hls.playbackHlsUrl)).status).toBe(404);
    await expect.poll(() => storage.keys()).toEqual([]);
  });
});

describe('a signed address', () => {
  it('that says nothing holds up no other', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume());
    let received = 0;
    const good = createServer((request, response) => {
      request.resume().on('end', () => {
        received += 1;
        response.end();
      });
    });
    const urls = await Promise.all(
      [silent, good].map(async (server) => {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}/key?signature=x`;
      }),
    );
    for (let i = 0; i < 3; i++) await record({ preSignedUrl: urls[0] });
    for (let i = 0; i < 2; i++) await record({ preSignedUrl: urls[1] });
    await expect.poll(() => received, { timeout: 15_000 }).toBe(2);
    silent.close();
    good.close();
  });

  it('gets the file as well, however often it refuses at first', async () => {
    const received: Buffer[] = [];
    let refusals = 1;
    const server: Server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        if (refusals-- > 0) return response.writeHead(500).end('not now');
        received.push(Buffer.concat(pieces));
        return response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { look } = await record({ preSignedUrl: `http://127.0.0.1:${port}/bucket/key?signature=x` });
    await expect.poll(() => received.length, { timeout: 15_000 }).toBe(1);
    expect(received[0]).toHaveLength((await look()).file.size);
    server.close();
  });
});
