// What people without a token may know of streams and recordings: with the link everything they need, and nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EgressStage } from '../../test/harness/egress-stage.ts';
import { insertEgress } from '../../test/harness/egresses.ts';
import { insertRoomSession } from '../../test/harness/participants.ts';

let stage: EgressStage;
let base: string;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
  base = String(stage.app.app.httpUrl);
});
afterAll(() => stage[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
async function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${base}/watch-api${path}`, { headers });
  return { status: answer.status, body: await answer.json() };
}

async function remove(path: string): Promise<void> {
  await fetch(`${base}${path}`, { method: 'DELETE', headers: { authorization: await stage.app.token() } });
}

/** A finished recording as the REST API tells of it. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
async function recorded(room: object = {}): Promise<any> {
  const roomId = await stage.room(room);
  await stage.join(roomId);
  await stage.app.post('/v2/recordings/start', { roomId });
  await stage.event(roomId, 'recording-started');
  await stage.app.post('/v2/recordings/end', { roomId });
  await stage.event(roomId, 'recording-stopped');
  const { body } = await stage.app.get(`/v2/recordings?roomId=${roomId}`);
  return (body.data as unknown[])[0];
}

const tokenIn = (recording: { file: { fileUrl: string } }) =>
  /recordings-files\/([\w-]{22})\.mp4$/.exec(recording.file.fileUrl)?.[1] ?? '';

describe('a stream', () => {
  test('is told of to whoever knows its id, from its start to its end, and nothing more than a player needs', async () => {
    const roomId = await stage.room({ customRoomId: 'secret-project' });
    await stage.join(roomId);
    const webhookUrl = 'https://example.com/hook?key=private';
    const { body: hls } = await stage.app.post('/v2/hls/start', { roomId, webhookUrl });
    expect(hls.links).toMatchObject({ watch_page: `${base}/watch/${hls.id}` });
    await stage.event(roomId, 'hls-playable');
    const { status, body } = await ask(`/hls/${hls.id}`);
    expect([status, body]).toEqual([
      200,
      {
        id: hls.id,
        status: 'active',
        reason: null,
        start: expect.any(String),
        end: null,
        mode: 'video-and-audio',
        orientation: 'landscape',
        playable: true,
        playbackHlsUrl: expect.stringMatching(/^\/meetings-hls\/[0-9a-f-]{36}\/index\.m3u8$/),
        livestreamUrl: expect.stringMatching(/^\/meetings-hls\/[0-9a-f-]{36}\/live\.m3u8$/),
        continues: null,
        continuedBy: null,
      },
    ]);
    expect((await fetch(`${base}${body.livestreamUrl}`)).status).toBe(200);
    await stage.app.post('/v2/hls/end', { roomId });
    await stage.event(roomId, 'hls-stopped');
    expect((await ask(`/hls/${hls.id}`)).body).toMatchObject({ status: 'completed', end: expect.any(String) });
    await remove(`/v2/hls/${hls.id}`);
    expect(await ask(`/hls/${hls.id}`)).toMatchObject({ status: 404, body: { code: 'HLS_NOT_FOUND' } });
  });

  test('that broke off with its node says what goes on for it', async () => {
    const { db } = stage.app.database;
    const roomId = await stage.room();
    const room = { roomId, ...stage.app.app.firstKey };
    const session = { ...room, sessionId: await insertRoomSession(db, room, { ended: new Date() }) };
    const first = await insertEgress(db, session, { kind: 'hls', status: 'stopping', folder: 'first' });
    expect((await ask(`/hls/${first}`)).body).toMatchObject({ continues: null, continuedBy: null });
    const next = await insertEgress(db, session, { kind: 'hls', status: 'active', folder: 'next', continues: first });
    expect((await ask(`/hls/${first}`)).body.continuedBy).toEqual({ id: next, ended: false });
    expect((await ask(`/hls/${next}`)).body).toMatchObject({ continues: first, continuedBy: null });
    await db.updateTable('egresses').set({ ended_at: new Date() }).where('id', '=', next).execute();
    expect((await ask(`/hls/${first}`)).body.continuedBy).toEqual({ id: next, ended: true });
    await remove(`/v2/hls/${next}`);
    expect((await ask(`/hls/${first}`)).body.continuedBy).toBeNull();
  });

  test.each(['0'.repeat(24), 'x', '..%2f', encodeURIComponent("' or 1=1 --")])('%s is none', async (id) => {
    expect((await ask(`/hls/${id}`)).status).toBe(404);
  });

  test('is no recording: its id opens none, and none of theirs opens a stream', async () => {
    const { id } = await recorded();
    expect((await ask(`/hls/${id}`)).status).toBe(404);
  });
});

describe('a recording', () => {
  test('takes more than its id, which everybody in the meeting has seen', async () => {
    const [mine, other] = [await recorded(), await recorded()];
    const token = tokenIn(mine);
    expect(mine.links.recording_page).toBe(`${base}/recordings/${mine.id}#${token}`);
    for (const authorization of ['', 'guess', tokenIn(other), mine.file.id, 'x'.repeat(100)]) {
      expect(await ask(`/recordings/${mine.id}`, { authorization })).toMatchObject({
        status: 404,
        body: { code: 'RECORDING_NOT_FOUND' },
      });
    }
    expect((await ask(`/recordings/${other.id}`, { authorization: token })).status).toBe(404);
    expect((await ask(`/recordings/${mine.id}`, { authorization: 'x'.repeat(101) })).status).toBe(400);
    const { status, body } = await ask(`/recordings/${mine.id}`, { authorization: token });
    expect([status, body]).toEqual([
      200,
      {
        id: mine.id,
        room: mine.roomId,
        start: mine.start,
        end: mine.end,
        gaps: [],
        file: {
          type: 'video',
          format: 'mp4',
          size: mine.file.size,
          duration: 2,
          width: 160,
          height: 90,
          url: `/recordings-files/${token}.mp4`,
        },
      },
    ]);
    await remove(`/v2/recordings/${mine.id}`);
    expect((await ask(`/recordings/${mine.id}`, { authorization: token })).status).toBe(404);
  });

  test('has the name of its room, and is saved under the name that the page gives it', async () => {
    const recording = await recorded({ customRoomId: 'weekly "<standup>' });
    const { body } = await ask(`/recordings/${recording.id}`, { authorization: tokenIn(recording) });
    expect(body.room).toBe('weekly "<standup>');
    const saved = await fetch(`${base}${body.file.url}?download=${encodeURIComponent('weekly 2026-01-02.mp4')}`);
    expect(saved.headers.get('content-disposition')).toBe('attachment; filename="weekly 2026-01-02.mp4"');
    expect((await saved.arrayBuffer()).byteLength).toBe(body.file.size);
    const forged = await fetch(`${base}${body.file.url}?download=${encodeURIComponent('a"\r\nx: y')}`);
    const { details } = (await forged.json()) as { details: { field: string }[] };
    expect([forged.status, details[0]?.field]).toEqual([400, 'download']);
  });
});

test('pages may play from the other nodes of the deployment, and from nowhere else', async () => {
  const policy = async () => (await fetch(`${base}/watch/any`)).headers.get('content-security-policy') ?? '';
  expect(await policy()).toContain("media-src 'self' blob:; connect-src 'self' wss:;");
  const at = new Date();
  const node = { id: 'other', roles: 'media', started_at: at, seen_at: at };
  const { db } = stage.app.database;
  await db
    .insertInto('nodes')
    .values({ ...node, public_url: 'https://node-2.example.com:8443/x' })
    .execute();
  const origin = 'https://node-2.example.com:8443';
  expect(await policy()).toContain(`media-src 'self' blob: ${origin}; connect-src 'self' wss: ${origin};`);
  await db.deleteFrom('nodes').where('id', '=', 'other').execute();
});
