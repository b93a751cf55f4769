import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { firstError, reasonOf } from '../../kit/ask.ts';
import { type Check, capital, failure, ok, skipped } from '../check.ts';

interface Storage {
  put(localPath: string, key: string, contentType: string): Promise<void>;
  open(key: string): Promise<Readable | undefined>;
  remove(key: string): Promise<void>;
}

interface Facts {
  storage: Storage;
  /** In words, such as `the bucket recordings at https://minio.example.com`. */
  where: string;
  isS3: boolean;
  /** The data folder, in which files are kept where there is no object storage. */
  folder: string;
}

/** What object storages and the network call it, and what to do. */
const ADVICE: Record<string, string> = {
  NoSuchBucket: 'Create the bucket, or correct ROOMFUL_S3_BUCKET.',
  InvalidAccessKeyId: 'Correct ROOMFUL_S3_ACCESS_KEY_ID.',
  SignatureDoesNotMatch: 'Correct ROOMFUL_S3_SECRET_ACCESS_KEY.',
  AccessDenied: 'Let the access key put, get and delete objects in the bucket.',
  CredentialsProviderError: 'Set ROOMFUL_S3_ACCESS_KEY_ID and ROOMFUL_S3_SECRET_ACCESS_KEY.',
  PermanentRedirect: 'Correct ROOMFUL_S3_REGION.',
  ECONNREFUSED: 'Start the object storage, or correct ROOMFUL_S3_ENDPOINT.',
  ENOTFOUND: 'Correct the host in ROOMFUL_S3_ENDPOINT.',
};

/** Finished recordings are brought there; what cannot be written now is lost in three days. */
export function storageCheck({ storage, where, isS3, folder }: Facts): Check {
  return {
    name: 'storage',
    title: 'Storage',
    timeoutMs: 20_000,
    advice: isS3
      ? 'See to it that the object storage can be reached from here, or correct the ROOMFUL_S3_… settings.'
      : 'See to it that the user of the server may write into the data folder.',
    async run() {
      if (!isS3 && !existsSync(folder)) return skipped('The first start makes the data folder that files are kept in.');
      try {
        await writeReadDelete(storage);
        return ok(`A file was written to ${where}, read and deleted.`);
      } catch (error) {
        return failure(`${capital(where)} cannot be used: ${reasonOf(error)}.`, adviceFor(error) ?? this.advice);
      }
    },
  };
}

async function writeReadDelete(storage: Storage): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'roomful-doctor-'));
  const [file, key, content] = [join(folder, 'probe'), `doctor-${randomUUID()}.txt`, randomUUID()];
  try {
    await writeFile(file, content);
    await storage.put(file, key, 'text/plain');
    const read = await storage.open(key);
    const text = read && Buffer.concat(await read.toArray()).toString();
    await storage.remove(key);
    if (text !== content) throw new Error('what was read is not what was written');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function adviceFor(error: unknown): string | undefined {
  const { name = '', code = '', Code = '' } = firstError(error) as { name?: string; code?: string; Code?: string };
  return ADVICE[name] ?? ADVICE[code] ?? ADVICE[Code];
}
