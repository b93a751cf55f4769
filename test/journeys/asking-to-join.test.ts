import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

const ASKS = { camera: false, mic: false, claims: { permissions: ['ask_join'] } } as const;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('somebody who has to ask waits until somebody inside lets them in', async () => {
  const room = await stage.room();
  await using host = await stage.enter(room, 'host');
  await using guest = await stage.open(room, 'guest', { ...ASKS, name: 'A guest' });
  await guest.meeting('join');
  const request = await host.event('entry-requested');
  expect(request.data[0]).toMatchObject({ participantId: 'guest', name: 'A guest' });
  expect(guest.eventsSoFar('meeting-joined', 'entry-responded')).toEqual([]);
  expect((await host.view()).others).toEqual([]);

  await host.answer(request, 'allow');
  await guest.event('meeting-joined');
  await host.event('participant-joined', { of: 'guest' });
  const responded = await host.event('entry-responded', { where: ({ data }) => data[0] === 'guest' });
  expect(responded.data).toEqual(['guest', 'allowed']);
  await guest.sees('host');
});

test('somebody who is denied stays outside', async () => {
  const room = await stage.room();
  await using host = await stage.enter(room, 'host', { camera: false, mic: false });
  await using guest = await stage.open(room, 'guest', ASKS);
  await guest.meeting('join');
  await host.answer(await host.event('entry-requested'), 'deny');
  const responded = await guest.event('entry-responded');
  expect(responded.data).toEqual(['guest', 'denied']);
  await host.event('entry-responded', { where: ({ data }) => data[1] === 'denied' });

  await host.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  const joined = stage.receiver.ofRoom(room).filter(({ type }) => type === 'participant-joined');
  expect(joined.map(({ data }) => data.participantId)).toEqual(['host']);
  expect(guest.eventsSoFar('meeting-joined')).toEqual([]);
});

test('whoever asks before anybody is there is announced to the first who may decide, and cannot decide for others', async () => {
  const room = await stage.room();
  await using first = await stage.open(room, 'first', ASKS);
  await first.meeting('join');
  await using host = await stage.enter(room, 'host', { camera: false, mic: false });
  await host.answer(await host.event('entry-requested'), 'allow');
  await first.event('meeting-joined');

  await using second = await stage.open(room, 'second', ASKS);
  await second.meeting('join');
  await host.event('entry-requested', { where: ({ data }) => (data[0] as { name: string }).name === 'Name of second' });
  await expect(first.meeting('respondEntry', 'second', 'allowed')).rejects.toMatchObject({ code: 4008 });
  expect(first.eventsSoFar('entry-requested')).toEqual([]);
});
