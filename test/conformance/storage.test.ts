// What every kind of storage has to do, asked of each.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileStorage } from '../../src/egress/storage/file-storage.ts';
import { S3Storage } from '../../src/egress/storage/s3-storage.ts';
import type { ByteRange, Storage } from '../../src/egress/storage/storage.ts';
import { ObjectStorage } from '../harness/object-storage.ts';

/** More than one part of a multipart upload. */
const LARGE_BYTES = 18 * 1024 * 1024 + 17;

let folder: string;
let server: ObjectStorage;
const storages: Record<string, () => Storage> = {
  'a folder': () => new FileStorage(join(folder, 'storage')),
  'an object storage': () => new S3Storage(server.options),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomful-storage-'));
  server = await ObjectStorage.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe.each(Object.entries(storages))('%s', (_name, make) => {
  const content = async (storage: Storage, key: string, range?: ByteRange) => {
    const stream = await storage.open(key, range);
    return stream && buffer(stream);
  };

  async function put(storage: Storage, key: string, bytes: Buffer): Promise<void> {
    const path = join(folder, randomBytes(8).toString('hex'));
    await writeFile(path, bytes);
    await storage.put(path, key, 'video/mp4');
    await rm(path);
  }

  it('gives back what it was given, whole and in part', async () => {
    const storage = make();
    await put(storage, 'recordings/one.mp4', Buffer.from('0123456789'));
    expect(String(await content(storage, 'recordings/one.mp4'))).toBe('0123456789');
    expect(String(await content(storage, 'recordings/one.mp4', { start: 2, end: 4 }))).toBe('234');
    storage.close();
  });

  it('takes large files', async () => {
    const storage = make();
    const bytes = randomBytes(LARGE_BYTES);
    await put(storage, 'large.mp4', bytes);
    expect(bytes.equals((await content(storage, 'large.mp4')) ?? Buffer.of())).toBe(true);
    storage.close();
  });

  it('takes keys with folders, spaces and other scripts', async () => {
    const storage = make();
    for (const key of ['a/b/c/d.mp4', 'with space.mp4', 'Besprechung März/日本.mp4']) {
      await put(storage, key, Buffer.from(key));
      expect(String(await content(storage, key))).toBe(key);
    }
    storage.close();
  });

  it('takes the same file twice', async () => {
    const storage = make();
    await put(storage, 'twice.mp4', Buffer.from('same'));
    await put(storage, 'twice.mp4', Buffer.from('same'));
    expect(String(await content(storage, 'twice.mp4'))).toBe('same');
    storage.close();
  });

  it('knows how large something is, and forgets a folder with all that is in it', async () => {
    const storage = make();
    for (const key of ['hls/one/a.m4s', 'hls/one/b.m4s', 'hls/one-more/a.m4s'])
      await put(storage, key, Buffer.from(key));
    expect([await storage.size('hls/one/a.m4s'), await storage.size('hls/one/c.m4s')]).toEqual([13, undefined]);
    await storage.removeFolder('hls/one');
    await storage.removeFolder('hls/nothing');
    expect([await storage.size('hls/one/b.m4s'), await storage.size('hls/one-more/a.m4s')]).toEqual([undefined, 18]);
    storage.close();
  });

  it('has nothing under a key that it was not given, or that was removed', async () => {
    const storage = make();
    expect(await content(storage, 'nothing.mp4')).toBeUndefined();
    await put(storage, 'gone.mp4', Buffer.from('x'));
    await storage.remove('gone.mp4');
    await storage.remove('gone.mp4');
    expect(await content(storage, 'gone.mp4')).toBeUndefined();
    storage.close();
  });
});
