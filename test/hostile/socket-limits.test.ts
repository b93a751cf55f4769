// What one connection, participant, room or owner may take of the sockets, and what it costs to take more.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { otherOwner } from '../harness/other-owner.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let roomId: string;
const open: { close(): void }[] = [];

/** Small, so that crossing them takes no time. */
const SMALL = {
  ROOMFUL_LIMIT_SOCKET_REQUESTS: '20',
  ROOMFUL_LIMIT_SOCKET_NOTICES: '3',
  ROOMFUL_LIMIT_PARTICIPANTS: '6',
  ROOMFUL_LIMIT_ENTRY_REQUESTS: '2',
  ROOMFUL_LIMIT_OBSERVED_KEYS: '3',
  ROOMFUL_LIMIT_TOPICS: '3',
  ROOMFUL_LIMIT_KEPT_MESSAGES: '1000',
  ROOMFUL_LIMIT_PUBSUB_SOCKETS: '2',
  ROOMFUL_LIMIT_LIVE_ROOMS: '2',
  ROOMFUL_LIMIT_OWNER_SOCKETS: '12',
};

beforeAll(async () => {
  server = await startTestApp(SMALL);
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(async () => {
  for (const it of open.splice(0)) it.close();
  // Whoever was cut may come back for a while; nobody here does.
  const { data } = (await server.get('/v2/sessions?status=ongoing')).body as { data: { roomId: string }[] };
  for (const session of data) await server.post('/v2/sessions/end', { roomId: session.roomId, ignoreClosed: true });
  expect(server.errors()).toEqual([]);
});

const url = () => String(server.app.httpUrl);

async function newRoom(): Promise<string> {
  return String((await server.post('/v2/rooms', {})).body.roomId);
}

async function member(peerId: string, room: string, mode?: string): Promise<RawClient> {
  const client = await RawClient.join(url(), { roomId: room, peerId, secret: await server.token() }, mode);
  open.push({ close: () => leave(client) });
  return client;
}

/** Leaves at once, so that nobody is waited for. */
function leave(client: RawClient): void {
  client.socket.emit('request', { method: 'definePeerLeftReason', data: { leaveReason: 'MANUAL_LEAVE_CALLED' } });
  client.close();
}

function gone(client: RawClient): Promise<string> {
  return new Promise((resolve) => client.socket.once('disconnect', resolve));
}

describe('a connection', () => {
  it('that asks too often is refused, and goes on when it slows down', async () => {
    const client = await member('often', await newRoom());
    const answers = await Promise.all(
      Array.from({ length: 400 }, () => client.request('realtimeStoreGet', { key: 'x' })),
    );
    const refused = answers.filter(({ status }) => status === 'error');
    expect(refused.length).toBeGreaterThan(100);
    expect(new Set(refused.map(({ message }) => message))).toEqual(new Set(['Too many requests; slow down.']));
    await expect.poll(() => client.request('realtimeStoreGet', { key: 'x' })).toEqual({ status: 'ok', value: null });
  });

  it('that goes on all the same is cut, and what it did is told to nobody', async () => {
    const room = await newRoom();
    const bystander = await member('bystander', room);
    const client = await member('flood', room);
    const cut = gone(client);
    for (let nth = 0; nth < 2_000; nth++)
      client.socket.emit('request', { method: 'changeDisplayName', data: { displayName: `${nth}` } });
    await cut;
    expect(server.log.filter(({ msg }) => msg.startsWith('connection cut'))).toMatchObject([
      { limit: 'socketRequestsPerSecond' },
    ]);
    const told = bystander.notifications.filter(({ method }) => method === 'peerDisplayNameChanged');
    expect(told.length).toBeLessThan(40);
    expect(await bystander.request('realtimeStoreGet', { key: 'x' })).toEqual({ status: 'ok', value: null });
  });

  it('that asks for entry many times at once is one participant', async () => {
    const room = await newRoom();
    const client = RawClient.open(url(), { roomId: room, peerId: 'many', secret: await server.token() });
    open.push({ close: () => leave(client) });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    await Promise.all(Array.from({ length: 25 }, () => client.request('requestEntry', { name: 'many' })));
    await client.request('join', { mode: 'SIGNALLING_ONLY' });
    // More than the limit of 6 would find no place.
    const others = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) others.push(await member(id, room));
    expect(others).toHaveLength(5);
  });

  it('that goes away in the middle of it leaves nobody behind', async () => {
    const room = await newRoom();
    for (let nth = 0; nth < 8; nth++) {
      const client = RawClient.open(url(), { roomId: room, peerId: `hasty-${nth}`, secret: await server.token() });
      await client.waitFor((it) => it.method === 'connectionSuccess');
      for (let again = 0; again < 5; again++) client.socket.emit('request', { method: 'requestEntry', data: {} });
      client.close();
    }
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await member(id, room);
  });
});

describe('a room', () => {
  it('that is full takes nobody else, and whoever is in it can come back', async () => {
    const room = await newRoom();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await member(id, room);
    const late = RawClient.open(url(), { roomId: room, peerId: 'late', secret: await server.token() });
    open.push(late);
    await late.waitFor((it) => it.method === 'connectionSuccess');
    expect(await late.request('requestEntry', {})).toMatchObject({ status: 'error', message: 'The room is full.' });
    const secret = await server.token({ participantId: 'f' });
    open.push(await RawClient.join(url(), { roomId: room, peerId: 'f', secret }));
  });

  it('lets only so many wait to be let in', async () => {
    const room = await newRoom();
    const secret = await server.token({ permissions: ['ask_join'] });
    const asking = await Promise.all(
      [1, 2, 3].map(async (nth) => {
        const client = RawClient.open(url(), { roomId: room, peerId: `asks-${nth}`, secret });
        open.push(client);
        await client.waitFor((it) => it.method === 'connectionSuccess');
        return client.request('requestEntry', {});
      }),
    );
    expect(asking.filter(({ status }) => status === 'error')).toHaveLength(1);
  });

  it('has so many observed keys per participant', async () => {
    const client = await member('observer', await newRoom());
    for (const key of ['a', 'b', 'c', 'a']) {
      expect(await client.request('realtimeStoreObserve', { key })).toEqual({ status: 'ok' });
    }
    expect(await client.request('realtimeStoreObserve', { key: 'd' })).toMatchObject({ status: 'error' });
    await client.request('realtimeStoreStopObserve', { key: 'a' });
    expect(await client.request('realtimeStoreObserve', { key: 'd' })).toEqual({ status: 'ok' });
  });
});

describe('an owner', () => {
  it('has so many live rooms and sockets, and another owner is not in their way', async () => {
    for (const nth of [1, 2]) await member(`in-${nth}`, await newRoom());
    const client = RawClient.open(url(), { roomId: await newRoom(), peerId: 'third', secret: await server.token() });
    open.push(client);
    await client.waitFor((it) => it.method === 'connectionSuccess');
    expect(await client.request('requestEntry', {})).toMatchObject({ status: 'error' });

    const many = await Promise.all(
      Array.from({ length: 12 }, async (_, nth) => {
        const it = RawClient.open(url(), { roomId, peerId: `socket-${nth}`, secret: await server.token() });
        open.push(it);
        return it.waitFor(({ method }) => method === 'connectionSuccess' || method === 'error');
      }),
    );
    expect(many.filter(({ method }) => method === 'error').length).toBeGreaterThanOrEqual(3);

    const other = await otherOwner(server);
    const unharmed = await RawClient.join(url(), {
      roomId: await other.createRoom(),
      peerId: 'other',
      secret: await other.token(),
    });
    leave(unharmed);
  });

  beforeAll(async () => {
    roomId = await newRoom();
  });
});

describe('pub/sub', () => {
  async function address(room: string): Promise<string> {
    const client = RawClient.open(url(), { roomId: room, peerId: 'pubsub', secret: await server.token() });
    open.push({ close: () => leave(client) });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    await client.request('requestEntry', {});
    return String((await client.request('join', { mode: 'SIGNALLING_ONLY' })).pubSubUrl);
  }

  it('closes the oldest of a participant’s sockets when there are too many', async () => {
    const at = await address(await newRoom());
    const sockets: WebSocket[] = [];
    const codes: Promise<number>[] = [];
    for (let nth = 0; nth < 4; nth++) {
      const socket = new WebSocket(at);
      codes.push(new Promise((resolve) => socket.once('close', resolve)));
      await new Promise((resolve) => socket.once('open', resolve));
      sockets.push(socket);
    }
    expect(await Promise.all(codes.slice(0, 2))).toEqual([1008, 1008]);
    expect(sockets.slice(2).map((it) => it.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    for (const it of sockets) it.close();
  });
});

describe('a client that does not read', () => {
  it('is cut off before it fills the memory, and its room goes on', async () => {
    await using roomy = await startTestApp({
      ROOMFUL_LIMIT_SOCKET_BUFFER: '500000',
      ROOMFUL_LIMIT_SOCKET_REQUESTS: '100000',
    });
    const room = String((await roomy.post('/v2/rooms', {})).body.roomId);
    const join = async (peerId: string) =>
      RawClient.join(String(roomy.app.httpUrl), { roomId: room, peerId, secret: await roomy.token() });
    const [reads, deaf] = [await join('reads'), await join('deaf')];
    deaf.standStill();
    // Each answer is some ten kilobytes; the system holds a few megabytes of them itself.
    const isCut = () => roomy.log.some((line) => line.limit === 'socketBufferBytes');
    for (let nth = 0; nth < 5_000 && !isCut(); nth++) {
      deaf.socket.emit('request', { method: 'getRouterRtpCapabilities', data: {} }, () => undefined);
      if (nth % 50 === 0) await reads.request('realtimeStoreGet', { key: 'x' });
    }
    await expect.poll(isCut).toBe(true);
    deaf.close();
    reads.close();
  });
});
