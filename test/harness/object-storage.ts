// An S3-compatible server on a folder of its own, which can be killed and come back.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

export const BUCKET = 'recordings';
/** What s3rver knows its only user by. */
const KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export class ObjectStorage implements AsyncDisposable {
  readonly #folder: string;
  #process: ChildProcess | undefined;
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

  /** Parts of objects that are being uploaded, or never were to their end. */
  async parts(): Promise<string[]> {
    const names = await readdir(this.#folder, { recursive: true });
    return names.filter((name) => /\/[0-9a-f-]{16,}\/\d+$/.test(name));
  }

  /** With everything that it had before. */
  async comeBack(): Promise<void> {
    const program = new URL('object-storage-process.ts', import.meta.url);
    this.#process = fork(program, [this.#folder, BUCKET, String(this.#port)], { execArgv: [] });
    const [{ port }] = (await once(this.#process, 'message')) as [{ port: number }];
    this.#port = port;
  }

  /** As by a failure of its power. */
  async goAway(): Promise<void> {
    const gone = this.#process && once(this.#process, 'exit');
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
