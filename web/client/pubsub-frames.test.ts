import { describe, expect, it } from 'vitest';
import { decodeClientMessage, encodeEnvelope, encodeServerMessage } from '../../src/signaling/pubsub-messages.ts';
import { decodeServerFrame, encodePong, encodePublish, encodeSubscribe } from './pubsub-frames.ts';

// The server reads and writes with a protobuf library: what one side says, the other must understand.
describe('frames of the pub/sub socket', () => {
  it('are read by the server as they were meant', () => {
    const subscribe = encodeSubscribe({ topic: 'CHAT', peerId: 'ann', oldMessages: -1, requestId: 'r1' });
    expect(decodeClientMessage(subscribe)).toMatchObject({
      kind: 'subscribe',
      subscribe: { topic: 'CHAT', peerId: 'ann', oldMessageLimit: -1, realtimeOverflow: 'queue', requestId: 'r1' },
    });
    const long = 'ä€🙂'.repeat(200);
    const publish = encodePublish({
      topic: 'CHAT',
      message: long,
      payload: new Uint8Array([1, 2, 255]),
      sendOnly: ['bob', 'cy'],
      timestamp: '2026-01-01T00:00:00.000Z',
      persist: true,
      messageId: 'm1',
      requestId: 'r2',
    });
    expect(decodeClientMessage(publish)).toMatchObject({
      kind: 'publish',
      publish: { topic: 'CHAT', message: long, sendOnly: ['bob', 'cy'], persist: true, messageId: 'm1' },
    });
    expect(decodeClientMessage(encodePong(300))).toMatchObject({ kind: 'pong', pong: { seq: 300 } });
  });

  it('of the server are read as it meant them', () => {
    const message = {
      message: 'Grüße <b>',
      payload: new Uint8Array([9]),
      timestamp: '2026-01-01T00:00:00.000Z',
      senderId: 'ann',
      senderName: 'Ann',
      persistMsgId: '7',
      messageId: 'm1',
      sendOnly: [],
    };
    const batch = encodeEnvelope({
      batch: {
        topic: 'CHAT',
        payloads: [encodeServerMessage(message), encodeServerMessage({ ...message, messageId: 'm2' })],
        batchType: 'old-messages',
        isLast: true,
        requestId: 'r1',
      },
    });
    expect(decodeServerFrame(batch)).toMatchObject({
      kind: 'messages',
      topic: 'CHAT',
      old: true,
      last: true,
      requestId: 'r1',
      messages: [
        { id: 'm1', message: 'Grüße <b>', senderName: 'Ann', payload: new Uint8Array([9]) },
        { id: 'm2', topic: 'CHAT' },
      ],
    });
    expect(decodeServerFrame(encodeEnvelope({ ack: { requestId: 'r', ok: false, error: 'no' } }))).toEqual({
      kind: 'ack',
      requestId: 'r',
      ok: false,
      error: 'no',
    });
    expect(decodeServerFrame(encodeEnvelope({ ping: { seq: 70_000 } }))).toEqual({ kind: 'ping', seq: 70_000 });
    expect(decodeServerFrame(encodeEnvelope({ welcome: { pingIntervalMs: 15_000 } }))).toEqual({
      kind: 'welcome',
      pingIntervalMs: 15_000,
    });
  });

  it('that are cut off are refused', () => {
    const whole = encodeEnvelope({ ack: { requestId: 'request', ok: true } });
    expect(() => decodeServerFrame(whole.subarray(0, whole.length - 3))).toThrow(RangeError);
  });
});
