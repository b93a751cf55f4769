import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SdkTab } from '../harness/sdk-tab.ts';
import { Stage } from '../harness/stage.ts';

const QUIET = { camera: false, mic: false } as const;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('who leaves says so, and can come back on the same object', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  await ann.leave();
  expect(await reasonOf(ann)).toBe(1101);
  expect((await bob.event('participant-left', { of: 'ann' })).data[1]).toMatchObject({ code: 1101 });
  await bob.event('stream-disabled', { of: 'ann' });

  const from = bob.events.mark();
  await ann.join();
  await bob.event('participant-joined', { of: 'ann', from });
  await Promise.all([ann.sees('bob'), bob.sees('ann'), bob.hears('ann')]);
  await ann.leave();
  await bob.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  expect(stage.receiver.ofRoom(room).map(({ type, data }) => `${type} ${data.participantId ?? ''}`.trim())).toEqual([
    'session-started',
    'participant-joined ann',
    'participant-joined bob',
    'participant-left ann',
    'participant-joined ann',
    'participant-left ann',
    'participant-left bob',
    'session-ended',
  ]);
  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  const { timelog } = await stage.backend.sessions.getParticipant(String(session?.id), 'ann');
  expect(timelog).toHaveLength(2);
});

test('a moderator removes somebody', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  await ann.participant('bob', 'remove');
  expect(await reasonOf(bob)).toBe(1002);
  expect((await ann.event('participant-left', { of: 'bob' })).data[1]).toMatchObject({ code: 1002 });
});

test('the backend removes somebody', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  await stage.backend.participants.remove(room, 'bob');
  expect(await reasonOf(bob)).toBe(1010);
  expect((await ann.event('participant-left', { of: 'bob' })).data[1]).toMatchObject({ code: 1010 });
  await stage.receiver.waitFor(
    'participant-left',
    ({ data }) => data.meetingId === room && data.participantId === 'bob',
  );
});

test('a moderator ends the meeting for everybody', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  await ann.meeting('end');
  expect(await reasonOf(ann)).toBe(1006);
  expect(await reasonOf(bob)).toBe(1006);
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  expect(
    stage.receiver
      .ofRoom(room)
      .map(({ type }) => type)
      .slice(-3),
  ).toEqual(['participant-left', 'participant-left', 'session-ended']);
});

test('the backend ends the session', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', QUIET);
  await using bob = await stage.enter(room, 'bob', QUIET);
  await stage.backend.sessions.end({ roomId: room });
  expect(await reasonOf(ann)).toBe(1009);
  expect(await reasonOf(bob)).toBe(1009);
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
});

test('the same participant from elsewhere takes the place of the first', async () => {
  const room = await stage.room();
  await using bob = await stage.enter(room, 'bob');
  await using first = await stage.enter(room, 'ann');
  await bob.sees('ann');
  const from = bob.events.mark();
  await using second = await stage.enter(room, 'ann', { claims: { participantId: 'ann' } });
  expect(await reasonOf(first)).toBe(1011);
  expect((await bob.event('participant-left', { of: 'ann', from })).data[1]).toMatchObject({ code: 1011 });
  await bob.event('participant-joined', { of: 'ann', from });
  await Promise.all([bob.sees('ann'), second.sees('bob')]);
  expect((await bob.view()).others.map(({ id }) => id)).toEqual(['ann']);
});

test('who may not join is told why before anything else', async () => {
  const room = await stage.room();
  const other = await stage.room();
  const invited = await stage.room({ allowedParticipantIds: ['ann'] });
  const closed = await stage.room();
  await stage.backend.rooms.end(closed);
  const stranger = { apiKey: 'no-such-key', secret: stage.server.secret };
  const refusals: [why: string, code: number, room: string, person: Parameters<Stage['open']>[2]][] = [
    ['a key nobody has', 4001, room, { token: await stage.token({}, stranger) }],
    ['no token at all', 4002, room, { token: 'nonsense' }],
    ['an old token', 4002, room, { claims: { exp: Math.floor(Date.now() / 1000) - 60 } }],
    ['an unknown room', 4003, 'none-such-room', {}],
    ['no permission to join', 4008, room, { claims: { permissions: ['allow_mod'] } }],
    ['a token for another room', 4022, room, { claims: { roomId: other } }],
    ['a token for another participant', 4023, room, { claims: { participantId: 'ann' } }],
    ['a room for others', 4023, invited, {}],
    ['a token for the backend', 4024, room, { claims: { roles: ['crawler'] } }],
    ['a deactivated room', 4052, closed, {}],
  ];
  for (const [why, code, roomId, person] of refusals) {
    await using bob = await stage.open(roomId, 'bob', { ...QUIET, ...person });
    expect(await refusalOf(bob), why).toBe(code);
  }
  expect(stage.receiver.ofRoom(room)).toEqual([]);
});

/** The code that the app gets, wherever the SDK puts it. */
async function refusalOf(tab: SdkTab): Promise<unknown> {
  void tab.meeting('join').catch(() => undefined);
  const { data } = await tab.event('error');
  return (data[0] as { code: unknown }).code;
}

async function reasonOf(tab: SdkTab): Promise<unknown> {
  const { data } = await tab.event('meeting-left');
  return (data[0] as { code?: unknown } | undefined)?.code;
}
