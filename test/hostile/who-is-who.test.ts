// Nobody in a meeting is taken for somebody else: ids, the lobby, private messages, and tokens whose time is over.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';
import { TestTopics } from '../harness/test-topics.ts';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server[Symbol.asyncDispose]());

const url = () => String(server.app.httpUrl);
const newRoom = async () => String((await server.post('/v2/rooms', {})).body.roomId);

/** As `server.token`, and never the same twice. */
let minted = 0;
async function token(claims: object = {}): Promise<string> {
  minted += 1;
  return server.token({ expiresInSeconds: 3_600 + minted, ...claims });
}

async function knock(roomId: string, peerId: string, secret: string): Promise<RawClient> {
  const client = RawClient.open(url(), { roomId, peerId, secret });
  await client.waitFor((it) => it.method === 'connectionSuccess' || it.method === 'error');
  return client;
}

const join = (roomId: string, peerId: string, secret: string) => RawClient.join(url(), { roomId, peerId, secret });

describe('an id', () => {
  it('is not taken from who is there, with a token of one’s own or a shared one', async () => {
    const roomId = await newRoom();
    const shared = await token();
    const victim = await join(roomId, 'victim', shared);
    for (const secret of [await token(), shared]) {
      const attacker = await knock(roomId, 'victim', secret);
      expect(await attacker.request('requestEntry', {})).toMatchObject({ status: 'error', errorCode: 4005 });
      attacker.close();
    }
    expect(await victim.request('realtimeStoreGet', { key: 'x' })).toMatchObject({ status: 'ok' });
    victim.close();
  });

  it('that a token names goes to that token, and to no other while it is held', async () => {
    const roomId = await newRoom();
    const stranger = await join(roomId, 'ann', await token());
    const ann = await join(roomId, 'ann', await token({ participantId: 'ann' }));
    expect(await stranger.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1011 } });
    ann.standStill();
    const attacker = await knock(roomId, 'ann', await token());
    expect(await attacker.request('requestEntry', {})).toMatchObject({ status: 'error', errorCode: 4005 });
    ann.goOn();
    expect(await ann.request('realtimeStoreGet', { key: 'x' })).toMatchObject({ status: 'ok' });
    for (const it of [attacker, ann]) it.close();
  });

  it('goes back to the same token once the old connection answers no more', async () => {
    const roomId = await newRoom();
    const secret = await token();
    const before = await join(roomId, 'ann', secret);
    before.standStill();
    const after = await join(roomId, 'ann', secret);
    before.goOn();
    expect(await before.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1011 } });
    after.close();
  });

  it('that is free again comes without the private messages of its earlier holder', async () => {
    const roomId = await newRoom();
    const boss = await TestTopics.join(server, roomId, 'boss', await token());
    const annsToken = await token();
    const ann = await TestTopics.join(server, roomId, 'ann', annsToken);
    await boss.publish('CHAT', 'for all', { persist: true });
    await boss.publish('CHAT', 'for ann alone', { persist: true, sendOnly: ['ann'] });
    expect(await ann.history('CHAT')).toEqual(['for all', 'for ann alone']);
    await ann.leave();
    const other = await TestTopics.join(server, roomId, 'ann', await token());
    expect(await other.history('CHAT')).toEqual(['for all']);
    await other.leave();
    const again = await TestTopics.join(server, roomId, 'ann', await token({ participantId: 'ann' }));
    expect(await again.history('CHAT')).toEqual(['for all', 'for ann alone']);
    await again.leave();
    await boss.leave();
  });
});

describe('the lobby', () => {
  it('is passed by nobody but who was let in', async () => {
    const roomId = await newRoom();
    const host = await join(roomId, 'host', await token());
    const shared = await token({ permissions: ['ask_join'] });
    const guest = await knock(roomId, 'guest', shared);
    await guest.request('requestEntry', {});
    const second = await knock(roomId, 'guest', shared);
    expect(await second.request('requestEntry', {})).toMatchObject({ status: 'error', errorCode: 4005 });
    await host.request('respondEntry', { id: 'guest', decision: 'allowed' });
    await guest.waitFor((it) => it.method === 'entryResponded');
    await guest.request('join', { mode: 'SIGNALLING_ONLY' });
    const third = await knock(roomId, 'guest', shared);
    expect(await third.request('requestEntry', {})).toMatchObject({ status: 'error', errorCode: 4005 });
    expect(await third.request('join', { mode: 'SIGNALLING_ONLY' })).toMatchObject({ status: 'error' });
    for (const it of [host, guest, second, third]) it.close();
  });
});

describe('a token whose time is over', () => {
  it('lets nobody in for the first time, and whoever is in the meeting back', async () => {
    const roomId = await newRoom();
    const secret = await server.token({ expiresInSeconds: 2 });
    const ann = await join(roomId, 'ann', secret);
    const late = await server.token({ expiresInSeconds: -1 });
    const stranger = await knock(roomId, 'stranger', late);
    expect(await stranger.waitFor((it) => it.method === 'error')).toMatchObject({ code: 4002 });
    // Whoever holds it, until it has expired.
    await expect
      .poll(async () => (await knock(roomId, 'other', secret)).notifications[0]?.method, {
        timeout: 8_000,
        interval: 500,
      })
      .toBe('error');
    ann.standStill();
    const back = await join(roomId, 'ann', secret);
    ann.goOn();
    const elsewhere = await knock(await newRoom(), 'ann', secret);
    expect(await elsewhere.waitFor((it) => it.method === 'error')).toMatchObject({ code: 4002 });
    const answer = await fetch(`${url()}/infra/v1/meetings/init-config`, {
      method: 'POST',
      headers: { authorization: secret, 'content-type': 'application/json' },
      body: JSON.stringify({ roomId }),
    });
    expect(answer.status).toBe(200);
    back.socket.emit('request', { method: 'definePeerLeftReason', data: { leaveReason: 'MANUAL_LEAVE_CALLED' } });
    back.close();
    await expect.poll(async () => (await knock(roomId, 'ann', secret)).notifications[0]?.method).toBe('error');
  });
});

it('a token that expires while the server is down lets its holder back in', { timeout: 60_000 }, async () => {
  await using program = await TestServer.start();
  const secret = await mintToken(program, { exp: Math.floor(Date.now() / 1000) + 6 });
  const headers = { authorization: secret, 'content-type': 'application/json' };
  const made = await fetch(`${program.httpUrl}/v2/rooms`, { method: 'POST', headers, body: '{}' });
  const { roomId } = (await made.json()) as { roomId: string };
  const ann = await RawClient.join(program.httpUrl, { roomId, peerId: 'ann', secret });
  await program.kill('SIGKILL');
  ann.close();
  await program.restart();
  const isRefused = async (peerId: string) => {
    const client = RawClient.open(program.httpUrl, { roomId, peerId, secret });
    const first = await client.waitFor((it) => it.method === 'connectionSuccess' || it.method === 'error');
    client.close();
    return first.method === 'error';
  };
  await expect.poll(() => isRefused('another'), { timeout: 10_000, interval: 500 }).toBe(true);
  const back = await RawClient.join(program.httpUrl, { roomId, peerId: 'ann', secret });
  back.close();
});

describe('files', () => {
  it('are taken from who is in the meeting, and not from the lobby', async () => {
    const roomId = await newRoom();
    const upload = (authorization: string) =>
      fetch(`${url()}/base64-upload?roomId=${roomId}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ fileName: 'a.txt', base64Data: 'aGVsbG8=' }),
      });
    const host = await join(roomId, 'host', await token());
    const guestsToken = await token({ permissions: ['ask_join'] });
    const guest = await knock(roomId, 'guest', guestsToken);
    await guest.request('requestEntry', {});
    expect((await upload(guestsToken)).status).toBe(403);
    await host.request('respondEntry', { id: 'guest', decision: 'allowed' });
    await guest.request('join', { mode: 'SIGNALLING_ONLY' });
    expect((await upload(guestsToken)).status).toBe(200);
    guest.close();
    await expect.poll(async () => (await upload(guestsToken)).status).toBe(403);
    expect(await (await upload(await token())).json()).toMatchObject({ code: 'NOT_IN_MEETING' });
    host.close();
  });
});

it('none of it was an error of the server', () => expect(server.errors()).toEqual([]));
