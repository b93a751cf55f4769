// Sockets as real callers open and use them: ids that are pasted into the address, texts that no message can hold, and
// messages that are too large. A new case is a new line.
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RawClient } from '../harness/raw-client.ts';
import { openRaw } from '../harness/raw-http.ts';
import { startTestApp, type TestApp } from '../harness/test-app.ts';

let server: TestApp;
let token: string;
let roomId: string;

beforeAll(async () => {
  server = await startTestApp();
  token = await server.token();
  roomId = String((await server.post('/v2/rooms', {})).body.roomId);
});
afterAll(async () => {
  expect(server.errors()).toEqual([]);
  await server[Symbol.asyncDispose]();
});

const url = () => String(server.app.httpUrl);

/** What a socket at this address is answered first: which room it is in, or which code refuses it. */
async function answerAt(query: string): Promise<string | number> {
  const from = server.log.length;
  const socket = new WebSocket(`${url().replace('http', 'ws')}/socket.io/?${query}&EIO=4&transport=websocket`);
  socket.once('open', () => socket.send('40'));
  const answer = await new Promise<string>((resolve) => {
    socket.on('message', (data) => {
      const text = String(data);
      if (text === '42["connectionSuccess"]' || text.startsWith('42["notification"')) resolve(text);
    });
  });
  if (!answer.includes('connectionSuccess')) {
    socket.terminate();
    return (JSON.parse(answer.slice(2)) as [string, { code: number }])[1].code;
  }
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close();
  await closed;
  const isLeft = (line: { msg: string }) => line.msg === 'client disconnected';
  await expect.poll(() => server.log.slice(from).some(isLeft)).toBe(true);
  return String(server.log.slice(from).find(isLeft)?.roomId);
}

describe('an id that is pasted into the address', () => {
  const NAMES = [
    'me & you',
    '50% off',
    'a=b',
    'a+b',
    'a b',
    'ü',
    'a/b',
    '?x',
    'lit%20eral',
    'mail@example.com',
    'a&b=c',
  ];
  const rooms = new Map<string, string>();
  beforeAll(async () => {
    for (const name of NAMES) {
      rooms.set(name, String((await server.post('/v2/rooms', { customRoomId: name })).body.roomId));
    }
  });

  it.each([
    ['me & you', 'me & you'],
    ['me%20%26%20you', 'me & you'],
    ['me%20&%20you=undefined', 'me & you'],
    ['50% off', '50% off'],
    ['50%25%20off', '50% off'],
    ['a=b', 'a=b'],
    ['a%3Db', 'a=b'],
    ['a+b', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['a b', 'a b'],
    ['ü', 'ü'],
    ['%C3%BC', 'ü'],
    ['a/b', 'a/b'],
    ['?x', '?x'],
    ['lit%20eral', 'lit%20eral'],
    ['lit%2520eral', 'lit%20eral'],
    ['mail@example.com', 'mail@example.com'],
    ['a&b=c', 'a&b=c'],
  ])('%s is %s', async (pasted, name) => {
    const found = await answerAt(`roomId=${pasted}&peerId=x&secret=${token}&mode=SIGNALLING_ONLY&lib=socket`);
    expect(found).toBe(rooms.get(name));
  });

  it.each([
    ['a parameter of somebody’s own', (id: string) => `roomId=${id}&app=mine&peerId=x&secret=${token}`],
    ['another order', (id: string) => `secret=${token}&peerId=x&roomId=${id}`],
    ['the room named beside it', (id: string) => `room=${id}&asked=%2F%3FroomId&peerId=x&secret=${token}`],
  ])('is found with %s', async (_, query) => expect(await answerAt(query(roomId))).toBe(roomId));

  it.each([
    ['an unknown room', `roomId=nope&peerId=x&secret=TOKEN`, 4003],
    ['NUL', 'roomId=a%00&peerId=x&secret=TOKEN', 4003],
    ['a room id that is too long', `roomId=${'x'.repeat(1_000)}&peerId=x&secret=TOKEN`, 5000],
    ['no room', 'peerId=x&secret=TOKEN', 5000],
    ['no participant', 'roomId=ROOM&secret=TOKEN', 5000],
    ['a space in the participant', 'roomId=ROOM&peerId=a b&secret=TOKEN', 4004],
    ['a pasted & with spaces', 'roomId=ROOM&peerId=a & b&secret=TOKEN', 4004],
    ['NUL in the participant', 'roomId=ROOM&peerId=a%00&secret=TOKEN', 4004],
    ['10,000 characters', `roomId=ROOM&peerId=${'x'.repeat(10_000)}&secret=TOKEN`, 4004],
    ['an address cut off at #', 'roomId=ROOM&peerId=a', 5000],
  ])('with %s is answered', async (_, query, code) => {
    expect(await answerAt(query.replace('TOKEN', token).replace('ROOM', roomId))).toBe(code);
  });

  it.each(NAMES)('%s is found over REST, escaped', async (name) => {
    const path = `/v2/rooms/validate/${encodeURIComponent(name)}`;
    expect((await server.get(path)).body).toMatchObject({ customRoomId: name, roomId: rooms.get(name) });
  });

  it.each(['50%%20off', '%', '%zz', 'caf%E9'])('%s in a path is 400 in our shape', async (id) => {
    const answer = await server.get(`/v2/rooms/validate/${id}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { statusCode: 400, code: 'BAD_URL', error: expect.any(String) },
    });
  });

  it.each(['#1', 'a#', '#'])('%s is refused when it is made', async (customRoomId) => {
    const { status, body } = await server.post('/v2/rooms', { customRoomId });
    expect({ status, message: body.message }).toEqual({ status: 400, message: expect.stringContaining('without #') });
  });
});

describe('a message', () => {
  const join = (peerId: string) => RawClient.join(url(), { roomId, peerId, secret: token });

  it.each([
    ['displayName', 'x'.repeat(1_000_000), 'x'.repeat(256)],
    ['displayName', `${'x'.repeat(255)}😀`, 'x'.repeat(255)],
    ['displayName', 'a\ud83d', 'a\ufffd'],
    ['displayName', 'a\0b', 'ab'],
    ['displayName', 42, '42'],
  ])('whose %s is odd is repaired: %#', async (field, sent, stored) => {
    const sees = await join('sees');
    const client = await join('odd');
    expect(await client.request('changeDisplayName', { [field]: sent })).toEqual({});
    await sees.waitFor((it) => it.method === 'peerDisplayNameChanged' && it.displayName === stored);
    client.close();
    sees.close();
  });

  it.each([
    ['realtimeStoreSet', { key: 'a\ud83d', value: '' }, 'key: must be well-formed Unicode'],
    ['realtimeStoreSet', { key: 'a', value: 'x'.repeat(300_000) }, 'value: '],
    ['removePeer', { peerId: 'a\ud83d' }, 'peerId: must be well-formed Unicode'],
    ['join', { metaData: { note: 'x'.repeat(300_000) } }, 'metaData: must be an object of at most 16 KiB'],
    ['join', { metaData: { note: 'x'.repeat(1_400_000) } }, 'metaData: must be an object of at most 16 KiB'],
  ])('%s with %j is answered', async (method, data, message) => {
    const client = await join('large');
    const answer = await client.request(method, data);
    expect(answer).toMatchObject({ status: 'error', message: expect.stringContaining(message) });
    client.close();
  });

  it('that is larger than any is answered as well, and the connection closed with the reason', async () => {
    const client = await join('giant');
    const { ws } = client.socket.io.engine.transport as unknown as { ws: WebSocket };
    const closed = new Promise((resolve) => ws.once('close', (code, reason) => resolve([code, String(reason)])));
    client.socket.emit('request', { method: 'changeDisplayName', data: { displayName: 'x'.repeat(2_000_000) } });
    const message = 'A message may have at most 1572864 bytes.';
    expect(await client.waitFor((it) => it.method === 'error')).toMatchObject({ code: 5000, message });
    expect(await client.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 5000, message } });
    expect(await closed).toEqual([1009, message]);
  });

  it('of somebody unknown that is large is not even read', async () => {
    const socket = await openRaw(url());
    const upgrade = ['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Host: x', 'Connection: Upgrade'];
    const key = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`${[...upgrade, ...key].join('\r\n')}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    // The head of a frame of 200,000 bytes, and half of it.
    socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 3, 0x0d, 0x40, 0, 0, 0, 0]));
    socket.write(Buffer.alloc(100_000));
    socket.resume();
    await closed;
  });
});

describe('a pub/sub message', () => {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Publish { bytes topic = 1; bytes payload = 2; bytes message = 3; repeated bytes send_only = 4; bytes sender_name = 7; string request_id = 10; }
    message Client { Publish publish = 3; }
    message Ack { string request_id = 1; bool ok = 2; string error = 3; }
    message Envelope { Ack ack = 2; }`);
  const CUT = Buffer.from([0x61, 0xed, 0xa0, 0xbd]);
  const text = (value: string) => Buffer.from(value);

  async function publish(fields: Record<string, unknown>): Promise<{ ok: boolean; error: string } | [number, string]> {
    const client = RawClient.open(url(), { roomId, peerId: 'publisher', secret: token });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    await client.request('requestEntry', {});
    const { pubSubUrl } = await client.request('join', { mode: 'SIGNALLING_ONLY' });
    const socket = new WebSocket(String(pubSubUrl));
    await new Promise((resolve) => socket.once('open', resolve));
    const type = root.lookupType('Client');
    const message = { topic: text('t'), message: text('hello'), requestId: 'r', ...fields };
    socket.send(type.encode(type.create({ publish: message })).finish());
    const answer = await new Promise<{ ok: boolean; error: string } | [number, string]>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const { ack } = root.lookupType('Envelope').decode(data) as unknown as {
          ack?: { requestId: string; ok: boolean; error: string };
        };
        if (ack?.requestId === 'r') resolve({ ok: ack.ok, error: ack.error });
      });
      socket.once('close', (code, reason) => resolve([code, String(reason)]));
    });
    socket.close();
    client.close();
    return answer;
  }

  it.each<[string, Record<string, unknown>, string | undefined]>([
    ['half an emoji in its text', { message: CUT }, undefined],
    ['half an emoji in the name of its sender', { senderName: CUT }, undefined],
    ['NUL in its text', { message: text('a\0b') }, undefined],
    ['half an emoji in its topic', { topic: CUT }, 'A topic has 1 to 256 characters of well-formed Unicode'],
    ['NUL in its topic', { topic: text('a\0') }, 'A topic has 1 to 256 characters of well-formed Unicode'],
    ['Latin-1 in its topic', { topic: Buffer.from([0xe9]) }, 'A topic has 1 to 256 characters of well-formed Unicode'],
    ['half an emoji in a recipient', { sendOnly: [CUT] }, 'sendOnly must name participants'],
    ['a long text', { message: text('x'.repeat(300_000)) }, 'The message has 300000 characters; it may have 65536.'],
    ['a large payload', { payload: Buffer.alloc(300_000) }, 'The payload has 300000 bytes; it may have 196608.'],
    ['many recipients', { sendOnly: Array(1_001).fill(text('x')) }, 'sendOnly names 1001 participants'],
  ])('with %s is answered', async (_, fields, error) => {
    const answer = await publish(fields);
    expect(answer).toMatchObject({ ok: error === undefined, error: expect.stringContaining(error ?? '') });
  });

  it('that is larger than any closes the socket with the reason', async () => {
    expect(await publish({ payload: Buffer.alloc(2_000_000) })).toEqual([
      1009,
      'A message may have at most 1572864 bytes.',
    ]);
  });
});
