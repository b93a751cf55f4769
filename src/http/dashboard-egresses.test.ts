// Recordings, HLS streams and livestreams as the dashboard asks for them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EgressStage } from '../../test/harness/egress-stage.ts';
import { insertEgress } from '../../test/harness/egresses.ts';
import { insertRoomSession } from '../../test/harness/participants.ts';
import { Access } from '../access/access.ts';
import type { EgressBody, EgressRow, OverviewBody, SystemBody, TimelineBody } from '../protocol/rest/dashboard.ts';
import { KeyStore } from '../store/key-store.ts';

let stage: EgressStage;
let base: string;
let cookie: string;
beforeAll(async () => {
  stage = await EgressStage.set({ ROOMFUL_EGRESS_SLOTS: '8' });
  base = String(stage.app.app.httpUrl);
  cookie = await signIn(stage.app.app.firstKey);
});
afterAll(() => stage[Symbol.asyncDispose]());

const PAGE = { 'x-roomful-page': '1', 'content-type': 'application/json' };

async function signIn({ apiKey, secret }: { apiKey: string; secret: string }): Promise<string> {
  const body = JSON.stringify({ apiKey, secret });
  const answer = await fetch(`${base}/dashboard-api/sign-in`, { method: 'POST', headers: PAGE, body });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function ask<T>(path: string, as = cookie): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${base}/dashboard-api${path}`, { headers: { cookie: as } });
  return { status: answer.status, body: (await answer.json()) as T };
}

const list = async (query: string, as?: string) =>
  (await ask<{ data: EgressRow[] }>(`/egresses?${query}`, as)).body.data;

/** A session that nobody is in, for rows. */
async function session(customRoomId: string) {
  const { body } = await stage.app.post('/v2/rooms', { customRoomId });
  const { ownerId, apiKey } = stage.app.app.firstKey;
  const room = { roomId: String(body.roomId), ownerId, apiKey };
  return { ...room, sessionId: await insertRoomSession(stage.app.database.db, room, { ended: new Date() }) };
}

describe('the lists', () => {
  test('filter, search and sort', async () => {
    const { db } = stage.app.database;
    const [here, there] = [await session('list-here_100%'), await session('list-there')];
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 10, minute));
    const ids = {
      long: await insertEgress(db, here, {
        ...{ created: at(1), started: at(1), ended: at(31) },
        file: { seconds: 1800, bytes: 1_000, token: 'long' },
        gaps: [{ at: at(5).toISOString(), ms: 1_500 }],
      }),
      large: await insertEgress(db, here, {
        ...{ created: at(2), started: at(2), ended: at(3) },
        file: { seconds: 60, bytes: 9_000, token: 'large' },
      }),
      failed: await insertEgress(db, there, { status: 'failed', reason: 'disk full', created: at(3), ended: at(4) }),
      off: await insertEgress(db, there, { status: 'aborted', created: at(4), ended: at(4) }),
      first: await insertEgress(db, here, { status: 'queued', created: at(5) }),
      second: await insertEgress(db, here, { status: 'queued', created: at(6), kind: 'hls' }),
      ended: await insertEgress(db, there, {
        ...{ kind: 'hls', created: at(0), started: at(0), ended: at(0) },
        file: { seconds: 30, bytes: 500, token: 'stream' },
      }),
      push: await insertEgress(db, there, {
        ...{ kind: 'livestream', status: 'active', created: at(7), started: at(7) },
        outputs: [{ url: 'rtmps://live.example.com:443/app/inline-key', streamKey: '' }],
      }),
    };
    const found = async (query: string) => {
      const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
      return (await list(`search=list-&${query}`)).map(({ id }) => names.get(id));
    };
    expect(await found('order=asc')).toEqual(['ended', 'long', 'large', 'failed', 'off', 'first', 'second', 'push']);
    expect(await found('kind=recording')).toEqual(['first', 'off', 'failed', 'large', 'long']);
    expect(await found('status=running')).toEqual(['push', 'second', 'first']);
    expect(await found('status=queued&kind=hls')).toEqual(['second']);
    expect(await found('status=completed&sort=duration')).toEqual(['long', 'large', 'ended']);
    expect(await found('status=completed&sort=size')).toEqual(['large', 'long', 'ended']);
    expect(await found('status=failed&order=asc')).toEqual(['failed', 'off']);
    expect(await found(`roomId=${there.roomId}&sessionId=${there.sessionId}&kind=livestream`)).toEqual(['push']);
    expect(await found('perPage=2&page=2&order=asc')).toEqual(['large', 'failed']);
    expect((await list(`search=${encodeURIComponent('_100%')}`)).length).toBe(4);
    expect(await list(`search=${encodeURIComponent("'; drop table egresses; --")}`)).toEqual([]);
    for (const wrong of ['kind=film', 'status=odd', 'sort=token', 'order=up']) {
      expect((await ask(`/egresses?${wrong}`)).status).toBe(400);
    }
    const [push] = await list('status=running&kind=livestream');
    expect(push).toMatchObject({ destinations: ['live.example.com:443'], customRoomId: 'list-there' });
    expect(JSON.stringify(push)).not.toContain('inline-key');
    const [waiting] = await list('status=queued&kind=hls');
    expect(waiting).toMatchObject({ queuePosition: 2, status: 'queued' });
    expect((await list('search=list-here&status=completed&sort=duration'))[0]).toMatchObject({
      file: { duration: 1800, size: 1_000 },
      gaps: [{ at: at(5).toISOString(), duration: 1.5 }],
    });
    const { body } = await ask<OverviewBody>('/overview');
    expect(body.egress).toEqual({ running: 3, waiting: 2 });
    expect(body.storage).toMatchObject({ recordings: 2, streams: 1, keptBytes: 10_500 });
    const timeline = await ask<TimelineBody>(`/sessions/${there.sessionId}/timeline`);
    expect(timeline.body.egresses.map(({ id }) => id)).toEqual([ids.ended, ids.failed, ids.off, ids.push]);
    await db.deleteFrom('egresses').execute();
  });

  test('show an owner nothing of others', async () => {
    const { sessionId, roomId, ownerId } = await session('not-yours');
    const id = await insertEgress(stage.app.database.db, { sessionId, roomId, ownerId });
    const theirs = await signIn(await new Access(new KeyStore(stage.app.database.db)).keys.create());
    expect(await list('search=not-yours')).toHaveLength(1);
    expect(await list('search=not-yours', theirs)).toEqual([]);
    expect((await ask(`/egresses/recording/${id}`)).status).toBe(200);
    expect((await ask(`/egresses/recording/${id}`, theirs)).status).toBe(404);
    expect((await ask(`/egresses/hls/${id}`)).status).toBe(404);
    expect((await ask<OverviewBody>('/overview', theirs)).body.egress).toEqual({ running: 0, waiting: 0 });
    expect((await ask('/egresses', 'roomful=forged')).status).toBe(401);
  });
});

describe('one of them', () => {
  test('has what its owner may see, stream keys and the link for others too', async () => {
    const roomId = await stage.room({ customRoomId: 'shown' });
    await stage.join(roomId);
    const output = { url: 'rtmp://127.0.0.1/app', streamKey: 'very-secret' };
    await stage.app.post('/v2/livestreams/start', { roomId, outputs: [output] });
    await stage.app.post('/v2/recordings/start', { roomId, webhookUrl: 'https://example.com/hook' });
    const { body: started } = await stage.app.post('/v2/hls/start', { roomId });
    for (const type of ['livestream-started', 'recording-started', 'hls-playable']) await stage.event(roomId, type);
    const rows = await list(`roomId=${roomId}`);
    const shown = async (kind: string) => {
      const { id } = rows.find((row) => row.kind === kind) ?? { id: '' };
      return (await ask<EgressBody>(`/egresses/${kind}/${id}`)).body;
    };
    expect(await shown('livestream')).toMatchObject({ status: 'active', outputs: [output], hls: null, pageUrl: null });
    expect(await shown('hls')).toMatchObject({
      hls: { playable: true, playbackHlsUrl: expect.stringMatching(/^\/meetings-hls\//) },
      pageUrl: `${base}/watch/${started.id}`,
    });
    expect(await shown('recording')).toMatchObject({ recorded: null, webhookUrl: 'https://example.com/hook' });
    await stage.app.post('/v2/recordings/end', { roomId });
    await stage.event(roomId, 'recording-stopped');
    const recording = await shown('recording');
    expect(recording).toMatchObject({
      status: 'completed',
      recorded: { type: 'video', format: 'mp4', storedIn: 'file', key: expect.stringMatching(/^recordings\//) },
      customRoomId: 'shown',
    });
    const [, token] = /recordings-files\/([\w-]+)\.mp4$/.exec(recording.recorded?.url ?? '') ?? [];
    expect(recording.pageUrl).toBe(`${base}/recordings/${recording.id}#${token}`);
    const { body: system } = await ask<SystemBody>('/system');
    expect(system.egress).toMatchObject({ slots: 8, slotsTaken: 1, waiting: 0 });
  });
});

test('open pages are told of every move, of waiting and of a deletion too', async () => {
  const answer = await fetch(`${base}/dashboard-api/live`, { headers: { cookie } });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (wanted: RegExp) => {
    while (!wanted.test(text)) text += (await reader?.read())?.value ?? '';
    text = '';
  };
  await until(/event: connected/);
  const where = await session('told');
  await until(/"rooms"/);
  const id = await insertEgress(stage.app.database.db, where, { status: 'queued' });
  await until(/"egresses"/);
  await stage.app.database.db.updateTable('egresses').set({ deleted_at: new Date() }).where('id', '=', id).execute();
  await until(/"egresses"/);
  await reader?.cancel();
});
