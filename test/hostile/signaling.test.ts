// Whatever arrives on a socket is answered, harms nobody, and shows nothing of another room.
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { LEAVE_REASONS, REQUESTS } from '../../src/protocol/signaling.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let roomId: string;
let otherRoomId: string;

beforeAll(async () => {
  server = await startTestApp();
  roomId = String((await server.post('/v2/rooms', {})).body.roomId);
  otherRoomId = String((await server.post('/v2/rooms', {})).body.roomId);
});

afterAll(() => server[Symbol.asyncDispose]());

const url = () => String(server.app.httpUrl);
const METHODS = Object.keys(REQUESTS);
/** Requests that end the connection or the meeting when they succeed, as they may for a moderator. */
const ENDING = ['closeRoom', 'removePeer'];

async function member(peerId: string, room = roomId, mode?: string): Promise<RawClient> {
  return RawClient.join(url(), { roomId: room, peerId, secret: await server.token() }, mode);
}

/** JSON of every kind, with the members that requests have more often than chance would give them. */
const hostileData = fc.oneof(
  fc.anything({ withNullPrototype: false, maxDepth: 3 }).map((value) => value as unknown),
  fc.dictionary(
    fc.constantFrom(
      'transportId',
      'consumerId',
      'producerId',
      'peerId',
      'kind',
      'rtpParameters',
      'dtlsParameters',
      'mode',
      'key',
      'value',
      'state',
      'name',
      'id',
      'decision',
      'metaData',
      'displayName',
      'meetingId',
      '__proto__',
      'constructor',
    ),
    fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null), fc.jsonValue() as fc.Arbitrary<unknown>),
  ),
);

describe('a socket', () => {
  it('is heard to its last word, also when it hangs up in the same breath', async () => {
    const stays = await member('stays');
    const leaves = await member('leaves');
    const { ws } = leaves.socket.io.engine.transport as unknown as { ws: { _socket: Socket } };
    // Both words reach the server at once.
    ws._socket.cork();
    leaves.socket.emit('request', {
      method: 'definePeerLeftReason',
      request: true,
      data: { leaveReason: 'MANUAL_LEAVE_CALLED' },
    });
    leaves.close();
    setImmediate(() => ws._socket.uncork());
    const closed = await stays.waitFor((it) => it.method === 'peerClosed' && it.peerId === 'leaves');
    expect(closed.reason).toMatchObject({ code: LEAVE_REASONS.MANUAL_LEAVE_CALLED.code });
    stays.close();
  });

  it('answers every request, known or not, with any data', async () => {
    const client = await member('fuzzer');
    const methods = METHODS.filter((method) => !ENDING.includes(method));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom(...methods), fc.string({ maxLength: 40 })),
        hostileData,
        async (method, data) => {
          const answer = await client.request(method, jsonSafe(data));
          expect(answer).toBeTypeOf('object');
          expect(answer.errorCode === 5000 && /Something went wrong/.test(String(answer.message))).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
    expect(server.errors()).toEqual([]);
    client.close();
  });

  it('answers media requests with hostile parameters as the caller’s mistake', async () => {
    const client = await member('media-fuzzer', roomId, 'SEND_AND_RECV');
    const transport = await client.request('createWebRtcTransport', { producing: true });
    await fc.assert(
      fc.asyncProperty(hostileData, hostileData, async (parameters, appData) => {
        const shared = { transportId: transport.id, kind: 'video', label: 'x' };
        for (const [method, data] of [
          ['produce', { ...shared, rtpParameters: parameters, appData }],
          ['produceData', { ...shared, sctpStreamParameters: parameters, appData }],
          ['connectWebRtcTransport', { ...shared, dtlsParameters: parameters }],
        ] as const) {
          const answer = await client.request(method, jsonSafe(data));
          expect(String(answer.message ?? '')).not.toMatch(/Something went wrong/);
        }
      }),
      { numRuns: 150 },
    );
    expect(server.errors()).toEqual([]);
    client.close();
  });

  it('answers envelopes of any shape', async () => {
    const client = await member('envelope-fuzzer');
    for (const envelope of [
      null,
      7,
      'x',
      [],
      {},
      { method: 7 },
      { method: null },
      { method: 'x'.repeat(5000) },
      Buffer.from('binary'),
    ]) {
      expect(await client.send(envelope)).toMatchObject({ status: 'error' });
    }
    expect(server.errors()).toEqual([]);
    client.close();
  });

  it('is cut off when a message is larger than any the SDK sends', async () => {
    const client = await member('giant');
    const gone = new Promise<string>((resolve) => client.socket.once('disconnect', resolve));
    client.socket.emit('request', { method: 'requestEntry', data: { name: 'x'.repeat(2_000_000) } });
    expect(await gone).toMatch(/transport/);
  });

  it('refuses everything before the client has been let in', async () => {
    const secret = await server.token();
    const client = RawClient.open(url(), { roomId, peerId: 'early', secret, mode: 'SEND_AND_RECV' });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    const harmless = [
      'requestEntry',
      'getRouterRtpCapabilities',
      'definePeerLeftReason',
      'iceRestarted',
      'produceError',
    ];
    const noop = ['enableAdaptiveSubscription', 'disableAdaptiveSubscription'];
    for (const method of METHODS.filter((it) => ![...harmless, ...noop].includes(it))) {
      expect(await client.request(method, sampleData(method)), method).toMatchObject({ status: 'error' });
    }
    client.close();
  });

  it('cannot reach the people, streams or values of another room', async () => {
    const victim = await member('victim', otherRoomId);
    await victim.request('realtimeStoreSet', { key: 'secret', value: 'of the other room' });
    const intruder = await member('intruder');
    const before = victim.notifications.length;
    for (const method of METHODS.filter((it) => 'peerId' in REQUESTS[it as keyof typeof REQUESTS].properties)) {
      if (method === 'getTransportStats') continue;
      const answer = await intruder.request(method, { ...sampleData(method), peerId: 'victim' });
      expect(answer, method).toMatchObject({ status: 'error' });
    }
    expect(await intruder.request('getTransportStats', { peerId: 'victim' })).toMatchObject({ status: 'error' });
    expect(await intruder.request('realtimeStoreGet', { key: 'secret' })).toEqual({ status: 'ok', value: null });
    expect(await intruder.request('respondEntry', { id: 'victim', decision: 'denied' })).toMatchObject({
      status: 'error',
    });
    expect(victim.notifications.length).toBe(before);
    intruder.close();
    victim.close();
  });

  it.each([
    ['no token', { secret: '' }, 5000],
    ['a forged token', { secret: 'a.b.c' }, 4002],
    ['an unknown room', { roomId: 'nope-nope-nope' }, 4003],
    ['a participant id with a space', { peerId: 'two words' }, 4004],
    ['an unknown mode', { mode: 'GOD' }, 5000],
  ])('with %s is told why and sent away', async (_, wrong, code) => {
    const right = { roomId, peerId: 'refused', secret: await server.token(), mode: 'SEND_AND_RECV' };
    const client = RawClient.open(url(), { ...right, ...wrong });
    expect(await client.waitFor((it) => it.method === 'error')).toMatchObject({ code });
    await client.waitFor((it) => it.method === 'close');
    client.close();
  });
});

describe('a pub/sub socket', () => {
  it('needs the address that join answered', async () => {
    const socket = new WebSocket(`${url().replace('http', 'ws')}/pubsub?ticket=guess`);
    const status = await new Promise((resolve) =>
      socket.once('unexpected-response', (_, answer) => resolve(answer.statusCode)),
    );
    socket.on('error', () => undefined);
    expect(status).toBe(401);
  });

  it('survives any frame', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }),
        fc.boolean(),
        async (frames, text) => {
          const client = await member('frames');
          const answer = await client.request('changeDisplayName', { displayName: 'Frames' });
          expect(answer).toEqual({});
          const address = await pubsubAddress(client);
          const socket = new WebSocket(address);
          await new Promise((resolve) => socket.once('open', resolve));
          for (const frame of frames) socket.send(text ? Buffer.from(frame).toString('latin1') : frame);
          const closed = new Promise((resolve) => socket.once('close', resolve));
          socket.close();
          await closed;
          client.close();
        },
      ),
      { numRuns: 30 },
    );
    expect(server.errors()).toEqual([]);
  });
});

/** Joins once more on the same connection, which answers a new address. */
async function pubsubAddress(client: RawClient): Promise<string> {
  await client.request('requestEntry', {});
  const answer = await client.request('join', { mode: 'SIGNALLING_ONLY' });
  return String(answer.pubSubUrl);
}

/** What JSON cannot say (cycles, functions, -0) never crosses a socket. */
function jsonSafe(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch {
    return null;
  }
}

/** Data that fits a request, so that only its sense can be refused. */
function sampleData(method: string): Record<string, unknown> {
  const sample: Record<string, unknown> = {
    id: 'x',
    decision: 'allowed',
    transportId: 'x',
    dtlsParameters: {},
    kind: 'audio',
    rtpParameters: {},
    producerId: 'x',
    sctpStreamParameters: {},
    label: 'x',
    consumerId: 'x',
    spatialLayer: 0,
    priority: 1,
    dataProducerId: 'x',
    dataConsumerId: 'x',
    leaveReason: 'x',
    mode: 'RECV_ONLY',
    displayName: 'x',
    peerId: 'x',
    state: {},
    key: 'x',
    value: 'x',
    meetingId: 'x',
    roomId: 'x',
  };
  const { properties } = REQUESTS[method as keyof typeof REQUESTS] as {
    properties: Record<string, { enum?: string[] }>;
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, schema.enum ? schema.enum[0] : sample[name]]),
  );
}
