// Deleting many objects at servers that do not know the call for it, refuse it, or only say that they do it.
import { describe, expect, it } from 'vitest';
import { type Refusal, type S3Call, SmallS3, wantsMd5 } from '../../../test/harness/small-s3.ts';
import { S3Storage } from './s3-storage.ts';

const COUNT = 1_203;
const isBatch = ({ query }: S3Call) => query.has('delete');
const batches = (refusal: Refusal) => (call: S3Call) => (isBatch(call) ? refusal : undefined);

async function stage(refuse: (call: S3Call) => Refusal) {
  const server = await SmallS3.start(refuse);
  for (let i = 0; i < COUNT; i++) server.objects.set(`p/hls/one/segment-${i}.m4s`, Buffer.of());
  server.objects.set('p/hls/one-more/segment-0.m4s', Buffer.of());
  const storage = new S3Storage({ ...server.options, stallMs: 5_000 });
  const keys = () => [...server.objects.keys()];
  const batchCalls = () => server.calls.filter(isBatch).length;
  const dispose = async () => {
    storage.close();
    await server[Symbol.asyncDispose]();
  };
  return { server, storage, keys, batchCalls, [Symbol.asyncDispose]: dispose };
}

describe('a folder is removed whole, and nothing beside it, by a server that', () => {
  it.each([
    ['takes the call', () => undefined, 2],
    ['wants Content-MD5', wantsMd5, 1],
    ['does not know the call', batches({ status: 501, code: 'NotImplemented' }), 1],
    ['does not allow it', batches({ status: 405, code: 'MethodNotAllowed' }), 1],
    ['forbids it', batches({ status: 403, code: 'AccessDenied' }), 1],
    ['answers it with a page', batches({ status: 400, body: '<html>no</html>' }), 1],
    ['says that each was refused', batches({ status: 200, body: refusedEach() }), 2],
  ] satisfies [string, (call: S3Call) => Refusal, number][])('%s', async (_, refuse, batchesExpected) => {
    await using at = await stage(refuse);
    await at.storage.removeFolder('hls/one');
    expect(at.keys()).toEqual(['p/hls/one-more/segment-0.m4s']);
    expect(at.batchCalls()).toBe(batchesExpected);
  });
});

describe('the removal of a folder rejects, and can be done again, at a server that', () => {
  it.each([
    ['is broken', () => ({ status: 500, code: 'InternalError' })],
    ['takes no removal at all', ({ method }: S3Call) => (method === 'GET' ? undefined : { status: 403, code: 'No' })],
    [
      'only says that it removes',
      (call: S3Call) => (isBatch(call) ? { status: 200, body: '<DeleteResult/>' } : undefined),
    ],
    ['lets nobody list', ({ method }: S3Call) => (method === 'GET' ? { status: 403, code: 'No' } : undefined)],
  ] satisfies [string, (call: S3Call) => Refusal][])('%s', async (_, refuse) => {
    await using at = await stage(refuse);
    await expect(at.storage.removeFolder('hls/one')).rejects.toThrow();
    expect(at.keys().length).toBeGreaterThan(1);
    at.server.refuse = () => undefined;
    await at.storage.removeFolder('hls/one');
    expect(at.keys()).toEqual(['p/hls/one-more/segment-0.m4s']);
  });
});

function refusedEach(): string {
  return '<DeleteResult><Error><Key>x</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>';
}
