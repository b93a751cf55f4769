// An S3-compatible server on a folder of its own, which can be away for a while.
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import S3rver from 's3rver';

export const BUCKET = 'recordings';
/** What s3rver knows its only user by. */
const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export class ObjectStorage implements AsyncDisposable {
  readonly #folder: string;
  #server: { run(): Promise<AddressInfo>; close(): Promise<void> } | undefined;
  #port = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(): Promise<ObjectStorage> {
    const storage = new ObjectStorage(await mkdtemp(join(tmpdir(), 'roomful-test-s3-')));
    await storage.comeBack();
    return storage;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get env(): Record<string, string> {
    return {
      ROOMFUL_STORAGE: 's3',
      ROOMFUL_S3_BUCKET: BUCKET,
      ROOMFUL_S3_ENDPOINT: this.endpoint,
      ROOMFUL_S3_PREFIX: '/roomful/',
      ROOMFUL_S3_ACCESS_KEY_ID: KEYS.accessKeyId,
      ROOMFUL_S3_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    };
  }

  get options() {
    return {
      bucket: BUCKET,
      region: 'us-east-1',
      endpoint: this.endpoint,
      pathStyle: true,
      prefix: 'roomful',
      credentials: KEYS,
    };
  }

  /** Keys of everything it holds. */
  async keys(): Promise<string[]> {
    const storage = new S3Client({ ...this.options, forcePathStyle: true });
    const { Contents = [] } = await storage.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    storage.destroy();
    return Contents.map(({ Key = '' }) => Key);
  }

  /** With everything that it had before. */
  async comeBack(): Promise<void> {
    const server = new S3rver({
      port: this.#port,
      address: '127.0.0.1',
      silent: true,
      directory: this.#folder,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    this.#server = server;
    this.#port = (await server.run()).port;
  }

  async goAway(): Promise<void> {
    const server = this.#server as unknown as { httpServer?: Server } | undefined;
    server?.httpServer?.closeAllConnections();
    await this.#server?.close();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server) await this.goAway();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
