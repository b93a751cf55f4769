// An S3-compatible object storage.
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { eachOf } from './each-of.ts';
import { openWhole } from './file-storage.ts';
import { MAX_KEY_BYTES } from './names.ts';
import type { ByteRange, Storage } from './storage.ts';

export interface S3Options {
  bucket: string;
  region: string;
  /** Unset: Amazon's own. */
  endpoint: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`, as most servers other than Amazon's want it. */
  pathStyle: boolean;
  /** Folder that everything is put under. */
  prefix: string;
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** A request is given up when nothing has moved for so long. */
  stallMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const STALL_MS = 30_000;
/** An upload is a durable task that is done again as a whole, so little is gained by insisting here. */
const MAX_ATTEMPTS = 2;
/** Each is in memory while it is sent. */
const PARTS_AT_ONCE = 2;

const SINGLE_REMOVALS_AT_ONCE = 8;

const PART_BYTES = 8 * 1024 * 1024;
/** The protocol allows no more parts. */
const MAX_PARTS = 10_000;

export class S3Storage implements Storage {
  readonly kind = 's3';
  readonly maxKeyBytes: number;
  readonly #client: S3Client;
  readonly #options: S3Options;
  #refusesBatches = false;

  constructor(options: S3Options) {
    this.#options = options;
    this.maxKeyBytes = MAX_KEY_BYTES - (options.prefix ? Buffer.byteLength(options.prefix) + 1 : 0);
    this.#client = new S3Client({
      region: options.region,
      forcePathStyle: options.pathStyle,
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      ...(options.credentials && { credentials: options.credentials }),
      // Many compatible servers do not know the newer checksums; each part is checked by its length and ETag.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: options.stallMs ?? STALL_MS },
    });
  }

  /** In parts, several at once; a large file never has to be in memory. */
  async put(localPath: string, key: string, contentType: string): Promise<void> {
    const { body, size } = await openWhole(localPath);
    try {
      if (size > PART_BYTES) await this.#forgetUnfinished(key);
      const upload = new Upload({
        client: this.#client,
        params: { ...this.#object(key), Body: body, ContentType: contentType },
        partSize: Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS)),
        queueSize: PARTS_AT_ONCE,
      });
      await upload.done();
      const { ContentLength } = await this.#client.send(new HeadObjectCommand(this.#object(key)));
      if (ContentLength !== size) throw new Error(`the storage has ${ContentLength} of ${size} bytes`);
    } finally {
      body.destroy();
    }
  }

  /**
   * Parts of earlier attempts, which a storage keeps, and charges for, until it is told not to. Not every server can
   * list them; nothing depends on it.
   */
  async #forgetUnfinished(key: string): Promise<void> {
    const { Bucket, Key } = this.#object(key);
    try {
      const { Uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
      for (const { Key: name, UploadId } of Uploads) {
        if (name === Key) await this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
      }
    } catch {
      // The upload itself says what is wrong, if anything is.
    }
  }

  async open(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    try {
      const answer = await this.#client.send(new GetObjectCommand({ ...this.#object(key), Range }));
      const body = answer.Body as Readable | undefined;
      // Whoever reads it hears of an error all the same; without a listener it would end the process.
      body?.on('error', () => undefined);
      return body;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    try {
      return (await this.#client.send(new HeadObjectCommand(this.#object(key)))).ContentLength;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** A thousand at a time, as many as the protocol lists and deletes in one call. Rejects as long as there is anything. */
  async removeFolder(folder: string): Promise<void> {
    let before: string | undefined;
    for (;;) {
      const keys = await this.#keysIn(folder);
      const [first] = keys;
      if (first === undefined) return;
      // Whatever it says, it has kept them.
      if (first === before) throw new Error(`the storage does not remove ${first}`);
      before = first;
      await this.#removeAll(keys);
    }
  }

  async #keysIn(folder: string): Promise<string[]> {
    const { Bucket, Key } = this.#object(`${folder}/`);
    const { Contents = [] } = await this.#client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
    return Contents.flatMap((object) => object.Key ?? []);
  }

  /** At once where the storage can: some do not know the call, or want checksums in it that others refuse. */
  async #removeAll(keys: readonly string[]): Promise<void> {
    const left = this.#refusesBatches ? keys : await this.#removeAtOnce(keys);
    const { bucket: Bucket } = this.#options;
    await eachOf(left, SINGLE_REMOVALS_AT_ONCE, (Key) => this.#client.send(new DeleteObjectCommand({ Bucket, Key })));
  }

  /** Returns those that it has not removed. */
  async #removeAtOnce(keys: readonly string[]): Promise<readonly string[]> {
    const Objects = keys.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: this.#options.bucket, Delete: { Objects, Quiet: true } });
    try {
      const { Errors = [] } = await this.#client.send(command);
      return Errors.length > 0 ? keys : [];
    } catch (error) {
      // Whatever is wrong with it; single calls say for themselves what is wrong with them.
      this.#refusesBatches = isRefusal(error);
      return keys;
    }
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#object(key)));
  }

  async check(): Promise<void> {
    const { bucket: Bucket } = this.#options;
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket }));
    } catch (error) {
      if (isMissing(error)) throw new Error(`there is no bucket ${Bucket}`, { cause: error });
      throw error;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  #object(key: string): { Bucket: string; Key: string } {
    const { bucket, prefix } = this.#options;
    return { Bucket: bucket, Key: prefix ? `${prefix}/${key}` : key };
  }
}

/** It will say the same the next time. */
function isRefusal(error: unknown): boolean {
  const { httpStatusCode = 0 } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
  return httpStatusCode === 501 || (httpStatusCode >= 400 && httpStatusCode < 500 && httpStatusCode !== 429);
}

/** A HEAD has no body that could say more than its status. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && ['NoSuchKey', 'NotFound'].includes(error.name);
}
