// An S3-compatible server in memory that may be told to refuse calls, as some servers do. Objects of one piece only.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface S3Call {
  method: string;
  /** Decoded, without the bucket. */
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
}

/** What a call is answered instead: a status and a code, or bytes of something else. */
export type Refusal = { status: number; code?: string; body?: string } | undefined;

export const SMALL_BUCKET = 'recordings';

/** As MinIO and others: the call needs a `Content-MD5`, which newer clients do not send. */
export const wantsMd5 = ({ query, headers }: S3Call): Refusal =>
  query.has('delete') && headers['content-md5'] === undefined ? { status: 400, code: 'MissingContentMD5' } : undefined;

export class SmallS3 implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  readonly calls: S3Call[] = [];
  refuse: (call: S3Call) => Refusal = () => undefined;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });

  static async start(refuse: (call: S3Call) => Refusal = () => undefined): Promise<SmallS3> {
    const server = new SmallS3();
    server.refuse = refuse;
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get options() {
    const credentials = { accessKeyId: 'k', secretAccessKey: 's' };
    return {
      ...{ bucket: SMALL_BUCKET, region: 'us-east-1', endpoint: this.endpoint, pathStyle: true },
      ...{ prefix: 'p', credentials },
    };
  }

  get env(): Record<string, string> {
    return {
      ROOMFUL_STORAGE: 's3',
      ROOMFUL_S3_BUCKET: SMALL_BUCKET,
      ROOMFUL_S3_ENDPOINT: this.endpoint,
      ROOMFUL_S3_PREFIX: 'p',
      ROOMFUL_S3_ACCESS_KEY_ID: 'k',
      ROOMFUL_S3_SECRET_ACCESS_KEY: 's',
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.endpoint);
    const key = decodeURIComponent(url.pathname.slice(1 + SMALL_BUCKET.length)).replace(/^\//, '');
    const { method = '', headers } = request;
    const call = { method, key, query: url.searchParams, headers };
    const body = await buffer(request);
    this.calls.push(call);
    const refusal = this.refuse(call);
    if (refusal) return void response.writeHead(refusal.status).end(refusal.body ?? errorBody(String(refusal.code)));
    if (method === 'GET' && call.query.has('list-type')) return this.#list(call.query, response);
    if (method === 'POST' && call.query.has('delete')) return this.#deleteMany(String(body), response);
    if (method === 'PUT') this.objects.set(key, body);
    if (method === 'DELETE') this.objects.delete(key);
    const found = this.objects.get(key);
    if (method === 'DELETE') return void response.writeHead(204).end();
    if (!found) return void response.writeHead(404).end(method === 'HEAD' ? '' : errorBody('NoSuchKey'));
    response.writeHead(200, { 'content-length': method === 'PUT' ? 0 : found.length, etag: '"x"' });
    response.end(method === 'GET' ? found : '');
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
    const contents = keys.slice(0, 1000).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    response.end(`<ListBucketResult><KeyCount>${contents.length}</KeyCount>${contents.join('')}</ListBucketResult>`);
  }

  #deleteMany(body: string, response: ServerResponse): void {
    for (const [, key = ''] of body.matchAll(/<Key>([^<]*)<\/Key>/g)) this.objects.delete(key);
    response.end('<DeleteResult></DeleteResult>');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function errorBody(code: string): string {
  return `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
}
