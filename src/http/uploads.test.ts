// Files that participants upload: read while they come, kept whole or not at all, within quotas, and not for ever.
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { head, RawHttp } from '../../test/harness/http-wire.ts';
import { canMount, smallDisk } from '../../test/harness/small-disk.ts';
import { mintToken, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { newObjectId } from '../protocol/ids.ts';
import { FileSweep } from '../store/file-sweep.ts';

let api: TestApi;
let roomId: string;
let otherRoomId: string;

async function start(limits: Partial<Limits> = {}, dataDir?: string): Promise<void> {
  api = await startTestApi({ limits: { ...DEFAULT_LIMITS, ...limits }, ...(dataDir !== undefined && { dataDir }) });
  roomId = (await api.call('POST', '/v2/rooms', {})).body.roomId;
  otherRoomId = (await api.call('POST', '/v2/rooms', {})).body.roomId;
}

const uploadText = (payload: string, headers: Record<string, string> = {}, room = roomId) =>
  mintToken(api.key, { permissions: ['allow_join'] }).then((authorization) =>
    api.app.inject({
      method: 'POST',
      url: `/base64-upload?roomId=${room}`,
      headers: { authorization, 'content-type': 'application/json', ...headers },
      payload,
    }),
  );
const upload = (content: Buffer, room = roomId) =>
  uploadText(JSON.stringify({ fileName: 'a.bin', base64Data: content.toString('base64') }), {}, room);
const kept = () => readdir(join(api.dataDir, 'files')).catch(() => [] as string[]);
const usage = async () => {
  const rows = await api.database.db.selectFrom('file_usage').selectAll().orderBy('holder').execute();
  return Object.fromEntries(rows.map(({ holder, bytes }) => [holder.replace(/:.*/, ''), bytes]));
};

async function download(body: string): Promise<Buffer> {
  const authorization = await mintToken(api.key, {});
  const { pathname } = new URL((JSON.parse(body) as { url: string }).url);
  return (await api.app.inject({ url: pathname, headers: { authorization } })).rawPayload;
}

describe('the body of an upload', () => {
  beforeAll(() => start());
  afterAll(() => api.close());
  afterEach(async () => {
    await api.database.db.deleteFrom('files').execute();
    await api.database.db.deleteFrom('file_usage').execute();
    for (const name of await kept()) await rm(join(api.dataDir, 'files', name));
  });
  const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31) % 256));
  const base64 = content.toString('base64');
  const name = '"fileName":"a.bin"';

  it.each([
    ['with the name last', `{"base64Data":"${base64}",${name}}`],
    [
      'with other members',
      `{"x":{"base64Data":"no","fileName":1},"y":[[1.5]],${name},"z":null,"base64Data":"${base64}"}`,
    ],
    ['with white space', ` {\n ${name} ,\t"base64Data" : "${base64}" }\r\n`],
    ['with escapes', `{${name},"base64Data":"${base64.replaceAll('/', '\\/').replaceAll('A', '\\u0041')}"}`],
    ['of a data URL', `{${name},"base64Data":"data:application/octet-stream;base64,${base64}"}`],
    ['in lines', `{${name},"base64Data":"${base64.replace(/.{76}/g, '$&\\r\\n')}"}`],
    ['with the alphabet of URLs', `{${name},"base64Data":"${content.toString('base64url')}"}`],
    ['that is said to be a form', `{${name},"base64Data":"${base64}"}`, 'application/x-www-form-urlencoded'],
  ])('%s is taken byte for byte', async (_what, text, type = 'application/json') => {
    const answer = await uploadText(text, { 'content-type': type });
    expect(answer.statusCode).toBe(200);
    expect((await download(answer.body)).equals(content)).toBe(true);
  });

  it.each([
    ['half a body', `{${name},"base64Data":"AAAA`, 400, 'MALFORMED_JSON'],
    ['no JSON', 'base64Data=AAAA', 400, 'MALFORMED_JSON'],
    ['something else', 'a=b', 415, 'UNSUPPORTED_MEDIA_TYPE', 'application/x-www-form-urlencoded'],
    ['nothing', '', 400, undefined],
    ['a list', '["base64Data"]', 400, 'INVALID_INPUT'],
    ['a text', '"base64Data"', 400, 'INVALID_INPUT'],
    ['no name', '{"base64Data":"AAAA"}', 400, 'INVALID_INPUT'],
    ['an empty name', '{"fileName":"","base64Data":"AAAA"}', 400, 'INVALID_INPUT'],
    ['a name that is NUL', '{"fileName":"\\u0000","base64Data":"AAAA"}', 400, 'INVALID_INPUT'],
    ['a name that is a list', '{"fileName":["a"],"base64Data":"AAAA"}', 400, 'INVALID_INPUT'],
    ['no content', `{${name}}`, 400, 'INVALID_INPUT'],
    ['empty content', `{${name},"base64Data":""}`, 400, 'INVALID_INPUT'],
    ['content that is null', `{${name},"base64Data":null}`, 400, 'INVALID_INPUT'],
    ['content that is an object', `{${name},"base64Data":{"base64Data":"AAAA"}}`, 400, 'INVALID_INPUT'],
    ['content twice', `{${name},"base64Data":"AAAA","base64Data":"AAAA"}`, 400, 'INVALID_INPUT'],
    ['what is no base64', `{${name},"base64Data":"${'A'.repeat(100_000)}?"}`, 400, 'INVALID_INPUT'],
    ['depth', `{${name},"base64Data":"AAAA","x":${'['.repeat(500_000)}`, 400, 'INVALID_INPUT'],
    ['a key without an end', `{"${'k'.repeat(1_000_000)}`, 400, 'MALFORMED_JSON'],
    ['more after the end', `{${name},"base64Data":"AAAA"}{}`, 400, 'MALFORMED_JSON'],
  ])('with %s is refused and leaves nothing', async (_what, text, status, code, type = 'application/json') => {
    const answer = await uploadText(text, { 'content-type': type });
    expect(answer.statusCode).toBe(status);
    if (code) expect(answer.json()).toMatchObject({ code, statusCode: status });
    expect(await kept()).toEqual([]);
    expect(await usage()).toEqual({});
  });

  it('is refused by its length alone, or as soon as it has become too long', async () => {
    const authorization = await mintToken(api.key, { permissions: ['allow_join'] });
    const url = await api.listen();
    const path = `/base64-upload?roomId=${roomId}`;
    await using told = await RawHttp.open(url);
    told.send(head('POST', path, { authorization, 'content-length': 20_000_000 }));
    expect((await told.answer()).status).toBe(413);
    await using untold = await RawHttp.open(url);
    untold.send(head('POST', path, { authorization, 'transfer-encoding': 'chunked' }));
    // White space is no content, and counts all the same.
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`;
    for (let i = 0; i < 16; i++) untold.send(chunk);
    expect((await untold.answer()).status).toBe(413);
    expect(await kept()).toEqual([]);
  });
});

describe('uploads at once', () => {
  afterEach(() => api.close());
  it('are bounded for an owner and for all, and the place is free again afterwards', async () => {
    await start({ ownerUploads: 1, uploads: 2 });
    const url = await api.listen();
    const begin = async () => {
      const authorization = await mintToken(api.key, { permissions: ['allow_join'] });
      const client = await RawHttp.open(url);
      client.send(head('POST', `/base64-upload?roomId=${roomId}`, { authorization, 'content-length': 1_000 }));
      client.send('{"fileName":"a",');
      return client;
    };
    const first = await begin();
    await expect.poll(kept).toHaveLength(1);
    const refused = await upload(Buffer.from('x'));
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS', message: expect.stringContaining('1 files') });
    expect(refused.headers['retry-after']).toBe('1');
    await first[Symbol.asyncDispose]();
    await expect.poll(async () => (await upload(Buffer.from('x'))).statusCode).toBe(200);
  });
});

describe('quotas', () => {
  afterEach(() => api.close());
  it.each([
    ['room', { roomFileBytes: 3 * 4096 }, 'ROOM_FILES_FULL'],
    ['owner', { ownerFileBytes: 3 * 4096 }, 'OWNER_FILES_FULL'],
  ])('of a %s hold however many come at once, and say which it was', async (_holder, limits, code) => {
    await start(limits);
    const answers = await Promise.all(Array.from({ length: 8 }, () => upload(Buffer.from('tiny'))));
    const refused = answers.filter(({ statusCode }) => statusCode !== 200);
    expect(refused.map((answer) => [answer.statusCode, answer.json().code])).toEqual(Array(5).fill([413, code]));
    expect(refused[0]?.json().message).toContain(String(3 * 4096));
    expect(await kept()).toHaveLength(3);
    expect(await usage()).toEqual({ owner: 3 * 4096, room: 3 * 4096 });
    // What is deleted makes room.
    await sql`delete from files where id = (select min(id) from files)`.execute(api.database.db);
    expect((await upload(Buffer.from('tiny'))).statusCode).toBe(200);
  });

  it('of one room are not those of another', async () => {
    await start({ roomFileBytes: 4096 });
    expect((await upload(Buffer.from('x'))).statusCode).toBe(200);
    expect((await upload(Buffer.from('x'))).statusCode).toBe(413);
    expect((await upload(Buffer.from('x'), otherRoomId)).statusCode).toBe(200);
  });

  it('count a file as large as it is', async () => {
    await start({ roomFileBytes: 100_000 });
    expect((await upload(Buffer.alloc(100_001))).statusCode).toBe(413);
    expect(await kept()).toEqual([]);
    expect((await upload(Buffer.alloc(100_000))).statusCode).toBe(200);
    expect(await usage()).toEqual({ owner: 100_000, room: 100_000 });
  });
});

describe('the disk', () => {
  afterEach(() => api.close());
  it('keeps files that nobody else can read', async () => {
    await start();
    await upload(Buffer.from('x'));
    const [name = ''] = await kept();
    const modes = await Promise.all(['files', join('files', name)].map((path) => stat(join(api.dataDir, path))));
    expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['700', '600']);
  });

  it('that is nearly full takes no more', async () => {
    await start({ freeDiskBytes: 2 ** 50 });
    const refused = await upload(Buffer.from('x'));
    expect(refused.json()).toMatchObject({ statusCode: 507, code: 'DISK_FULL' });
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([507, '60']);
    expect(await kept()).toEqual([]);
  });

  it.runIf(canMount())(
    'that is full in the middle of a file keeps none of it, and takes files again when it can',
    async () => {
      using disk = smallDisk();
      await start({ freeDiskBytes: 1 }, disk.path);
      const refused = await upload(Buffer.alloc(9 * 1024 * 1024, 1));
      expect(refused.json()).toMatchObject({ statusCode: 507, code: 'DISK_FULL' });
      expect(await kept()).toEqual([]);
      expect(await usage()).toEqual({});
      expect((await upload(Buffer.alloc(1024 * 1024, 1))).statusCode).toBe(200);
      expect(await kept()).toHaveLength(1);
    },
  );
});

describe('time', () => {
  afterEach(() => api.close());
  it('deletes files that are too old, with what was left behind, and no others', async () => {
    await start();
    await upload(Buffer.from('new'));
    const [newId = ''] = await kept();
    const folder = join(api.dataDir, 'files');
    const longAgo = new Date(Date.now() - 31 * 24 * 3_600_000);
    const old = Array.from({ length: 3 }, () => newObjectId(longAgo));
    const forgotten = newObjectId(longAgo);
    const { key, database } = api;
    await database.db
      .insertInto('files')
      .values(
        old.map((id) => ({
          id,
          owner_id: key.ownerId,
          room_id: otherRoomId,
          file_name: 'old',
          size: 3,
          created_at: longAgo,
        })),
      )
      .execute();
    for (const name of [...old, forgotten, `${newObjectId()}.part`, 'something-else']) {
      await writeFile(join(folder, name), 'old');
    }
    const log = pino({ level: 'silent' });
    const sweep = new FileSweep({ db: database.db, dataDir: api.dataDir, limits: { fileDays: 30 }, log });
    await sweep.start();
    await sweep.sweep();
    expect((await kept()).sort()).toEqual([newId, 'something-else'].sort());
    expect(await usage()).toEqual({ owner: 4096, room: 4096 });
    const rows = await database.db.selectFrom('files').select('id').execute();
    expect(rows).toEqual([{ id: newId }]);
    await sweep.stop();
  });
});
