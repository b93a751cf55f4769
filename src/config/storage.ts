// The object storage that recordings are brought to, without its keys.
import type { Env } from './settings.ts';
import { read, refuse } from './values.ts';

/** The object storage that recordings are brought to, without its keys. */
export interface S3Config {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly prefix: string;
}

/** Half of what a key may have. */
const MAX_PREFIX_BYTES = 512;

export function s3Config(env: Env): S3Config | undefined {
  const storage = read(env, 'ROOMFUL_STORAGE');
  if (storage !== 'file' && storage !== 's3') refuse('ROOMFUL_STORAGE', storage, 'file or s3');
  if (storage === 'file') return undefined;
  const bucket = read(env, 'ROOMFUL_S3_BUCKET');
  if (!bucket) refuse('ROOMFUL_S3_BUCKET', bucket, 'the name of a bucket, since ROOMFUL_STORAGE is s3');
  if (!/^[a-z0-9][\w.-]{1,61}[a-z0-9]$/i.test(bucket)) {
    refuse(
      'ROOMFUL_S3_BUCKET',
      bucket,
      'the name of a bucket: 3 to 63 letters, digits, dots and hyphens, without folders',
    );
  }
  const endpoint = read(env, 'ROOMFUL_S3_ENDPOINT');
  const url = URL.parse(endpoint);
  if (endpoint && (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)) {
    refuse('ROOMFUL_S3_ENDPOINT', endpoint, 'an http or https URL such as https://minio.example.com');
  }
  const prefix = read(env, 'ROOMFUL_S3_PREFIX').replace(/^\/+|\/+$/g, '');
  if (Buffer.byteLength(prefix) > MAX_PREFIX_BYTES) {
    refuse('ROOMFUL_S3_PREFIX', prefix, `at most ${MAX_PREFIX_BYTES} bytes, which leaves room for the keys below it`);
  }
  return Object.freeze({
    bucket,
    endpoint: endpoint || undefined,
    region: read(env, 'ROOMFUL_S3_REGION'),
    prefix,
  });
}
