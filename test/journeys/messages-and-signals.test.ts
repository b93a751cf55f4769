import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SdkEvent } from '../harness/sdk-page-api.ts';
import { Stage } from '../harness/stage.ts';

const QUIET = { camera: false, mic: false } as const;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('messages reach who subscribed, the sender too, with their payload and the true sender', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  await using cat = await stage.enter(room, 'cat', QUIET);
  await Promise.all([ann, bob, cat].map((tab) => tab.subscribe('CHAT')));

  await ann.publish('CHAT', 'hello', { persist: true }, { colour: 'red' });
  for (const tab of [ann, bob, cat]) {
    const { data } = await tab.event('message', { of: 'CHAT' });
    expect(data[0]).toMatchObject({
      message: 'hello',
      payload: { colour: 'red' },
      senderId: 'ann',
      senderName: 'Name of ann',
      topic: 'CHAT',
    });
  }

  await ann.publish('CHAT', 'for bob', { persist: true, sendOnly: ['bob'] });
  await ann.publish('CHAT', 'for all', { persist: true });
  await Promise.all([ann, bob, cat].map((tab) => tab.event('message', { where: isMessage('for all') })));
  expect(bob.eventsSoFar('message').map(textOf)).toEqual(['hello', 'for bob', 'for all']);
  expect(cat.eventsSoFar('message').map(textOf)).toEqual(['hello', 'for all']);

  await cat.unsubscribe('CHAT');
  await ann.publish('CHAT', 'after cat', { persist: true });
  await bob.event('message', { where: isMessage('after cat') });
  await cat.subscribe('OTHER');
  await ann.publish('OTHER', 'elsewhere');
  await cat.event('message', { where: isMessage('elsewhere') });
  expect(cat.eventsSoFar('message').map(textOf)).toEqual(['hello', 'for all', 'elsewhere']);
});

test('who comes later gets the messages that were kept, as many as asked for, and none that were for others', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  for (const text of ['one', 'two', 'three']) await ann.publish('NOTES', text, { persist: true });
  await ann.publish('NOTES', 'passing', { persist: false });
  await ann.publish('NOTES', 'secret', { persist: true, sendOnly: ['cat'] });

  await using bob = await stage.enter(room, 'bob', QUIET);
  await bob.subscribe('NOTES');
  expect(await history(bob.event('old-messages'))).toEqual(['one', 'two', 'three']);

  await using cat = await stage.enter(room, 'cat', QUIET);
  await cat.subscribe('NOTES', { oldMessageLimit: 2 });
  expect(await history(cat.event('old-messages'))).toEqual(['three', 'secret']);
});

test('a shared value is read, observed, deleted, and no longer told to who stopped observing', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  expect(await bob.store('getValue', 'score')).toBeNull();
  const observer = await bob.observe('score');
  await ann.store('setValue', 'score', '1:0');
  expect((await bob.event('value', { of: 'score' })).data[0]).toMatchObject({ value: '1:0', updatedBy: 'ann' });
  expect(await bob.store('getValue', 'score')).toBe('1:0');
  const from = bob.events.mark();
  await ann.store('setValue', 'score', null);
  expect((await bob.event('value', { of: 'score', from })).data[0]).toMatchObject({ value: null });
  expect(await bob.store('getValue', 'score')).toBeNull();

  await bob.store('stopObserving', observer);
  await bob.observe('other');
  await ann.store('setValue', 'score', '2:0');
  await ann.store('setValue', 'other', 'x');
  await bob.event('value', { of: 'other' });
  expect(bob.eventsSoFar('value')).toHaveLength(3);
});

test('data channels carry everything from the first message on, to who comes later too', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false });
  await using bob = await stage.enter(room, 'bob', QUIET);
  // The SDK sends data only over a connection that media has opened.
  await bob.hears('ann');
  for (const reliability of ['RELIABLE', 'UNRELIABLE']) {
    for (const text of ['first', 'second']) await ann.meeting('send', `${text} ${reliability}`, { reliability });
    for (const text of ['first', 'second']) {
      const { data } = await bob.event('data', { where: ({ data }) => textPayload(data) === `${text} ${reliability}` });
      expect(data[0]).toMatchObject({ from: 'ann', reliability });
    }
  }
  await using late = await stage.enter(room, 'late', QUIET);
  await late.hears('ann');
  await ann.meeting('send', 'to the late', { reliability: 'RELIABLE' });
  await late.event('data', { where: ({ data }) => textPayload(data) === 'to the late' });
});

test('files are uploaded and fetched', async () => {
  const room = await stage.room();
  const token = await stage.token();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  const base64Data = Buffer.from('A picture, in a way.').toString('base64');
  const url = await ann.meeting('uploadBase64File', { base64Data, token, fileName: 'picture.png' });
  expect(String(url)).toContain(stage.server.base);
  expect(await bob.meeting('fetchBase64File', { url, token })).toBe(base64Data);
});

test('the server can be reached, measured, and tells who speaks and who is pinned', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false, speaks: true });
  await using bob = await stage.enter(room, 'bob', QUIET);
  await bob.event('speaker-changed', { where: ({ data }) => data[0] === 'ann' });
  await bob.hears('ann');
  const stats = await bob.participant('ann', 'getTransportStats');
  expect(stats).toMatchObject({ send: { totalSentBytes: expect.any(Number) } });
  expect((stats as { send: { totalSentBytes: number } }).send.totalSentBytes).toBeGreaterThan(1000);

  await bob.participant('ann', 'pin', 'CAM');
  for (const tab of [ann, bob]) {
    const { data } = await tab.event('pin-state-changed');
    expect(data[0]).toMatchObject({ participantId: 'ann', pinnedBy: 'bob', state: { cam: true, share: false } });
  }
  await bob.participant('ann', 'unpin', 'CAM');
  await ann.event('pin-state-changed', { where: ({ data }) => !(data[0] as { state: { cam: boolean } }).state.cam });

  await ann.meeting('muteMic');
  await bob.event('speaker-changed', { where: ({ data }) => data[0] === null });

  expect(await bob.sdk('checkConnection', { baseUrl: stage.server.base })).toBe('Connection established');
});

function textOf({ data }: SdkEvent): string {
  return (data[0] as { message: string }).message;
}

function isMessage(text: string) {
  return (event: SdkEvent) => textOf(event) === text;
}

async function history(event: Promise<SdkEvent>): Promise<string[]> {
  const { data } = await event;
  return (data[0] as { message: string }[]).map(({ message }) => message);
}

function textPayload(data: unknown[]): unknown {
  return (data[0] as { payload: unknown }).payload;
}
