import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import type { SdkTab } from '../harness/sdk-tab.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('who is back soon after a lost connection has never left', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  await bob.participant('ann', 'pin', 'CAM');
  await ann.event('pin-state-changed');

  const marks = { ann: ann.events.mark(), bob: bob.events.mark() };
  await losesConnection(ann);
  await bob.event('stream-disabled', { of: 'ann', from: marks.bob });
  await ann.context.setOffline(false);
  const { at } = await ann.event('meeting-joined', { from: marks.ann });
  await Promise.all([ann.sees('bob'), bob.sees('ann'), ann.hears('bob'), bob.hears('ann')]);
  console.log(`connection lost to back in the meeting: ${at - (await lostAt(ann))} ms`);
  const seen = bob.events.entries.slice(marks.bob).map(({ name }) => name);
  expect(seen).not.toContain('participant-left');
  expect(seen).not.toContain('participant-joined');
  expect((await bob.view()).others).toMatchObject([{ id: 'ann', micOn: true, webcamOn: true }]);

  // What is asked for afterwards works as before.
  await ann.subscribe('CHAT');
  await bob.publish('CHAT', 'welcome back');
  await ann.event('message', { of: 'CHAT' });

  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  const { timelog, events } = await stage.backend.api.get<{
    timelog: { end: string | null }[];
    events: { webcam: { end: string | null }[] };
  }>(`/v2/sessions/${session?.id}/participants/ann`);
  expect(timelog).toEqual([expect.objectContaining({ end: null })]);
  expect(events.webcam.map(({ end }) => end === null)).toEqual([false, true]);
  await ann.leave();
  await bob.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  expect(stage.receiver.ofRoom(room).map(({ type }) => type)).toEqual([
    'session-started',
    'participant-joined',
    'participant-joined',
    'participant-left',
    'participant-left',
    'session-ended',
  ]);
});

test('who stays away left when the connection was lost, and may join again', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await bob.sees('ann');
  const marks = { ann: ann.events.mark(), bob: bob.events.mark() };
  await losesConnection(ann);
  const ofAnn = ({ data }: { data: Record<string, string> }) => data.meetingId === room && data.participantId === 'ann';
  const told = await stage.receiver.waitFor('participant-left', ofAnn, { timeoutMs: 30_000 });
  const { data } = await bob.event('participant-left', { of: 'ann' });
  expect(data[1]).toMatchObject({ code: 1001 });
  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  const before = await stage.backend.sessions.getParticipant(String(session?.id), 'ann');
  const leftAt = Date.parse(String(before.timelog?.[0]?.end));
  expect(Math.abs(leftAt - (await lostAt(ann)))).toBeLessThan(1_000);
  expect(told.receivedAt.getTime() - leftAt).toBeGreaterThan(10_000);

  await ann.context.setOffline(false);
  await ann.event('meeting-joined', { from: marks.ann });
  await bob.event('participant-joined', { of: 'ann', from: marks.bob });
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  const after = await stage.backend.sessions.getParticipant(String(session?.id), 'ann');
  expect(after.timelog?.map(({ end }) => end === null)).toEqual([false, true]);
});

test('who is back before the server has noticed the loss has never left either', async () => {
  const room = await stage.room();
  const token = await stage.token();
  await using bob = await stage.enter(room, 'bob', { camera: false, mic: false });
  const ann = { roomId: room, peerId: 'ann', secret: token };
  const before = await RawClient.join(stage.server.httpUrl, ann);
  await bob.event('participant-joined', { of: 'ann' });
  const from = bob.events.mark();
  before.standStill();
  const after = await RawClient.join(stage.server.httpUrl, ann);
  before.goOn();
  expect(await before.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1011 } });
  await stage.backend.participants.remove(room, 'ann');
  expect(await after.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1010 } });
  await bob.event('participant-left', { of: 'ann', where: ({ data }) => codeOf(data[1]) === 1010 });
  expect(bob.events.filter(({ name }) => name.startsWith('participant-'), from)).toHaveLength(1);
  await stage.receiver.waitFor('participant-left', ({ data }) => data.meetingId === room);
  expect(stage.receiver.ofRoom(room).map(({ type, data }) => [type, data.participantId])).toEqual([
    ['session-started', undefined],
    ['participant-joined', 'bob'],
    ['participant-joined', 'ann'],
    ['participant-left', 'ann'],
  ]);
});

test('a guest who was let in once need not ask again after a lost connection', async () => {
  const room = await stage.room();
  await using host = await stage.enter(room, 'host');
  const claims = { permissions: ['ask_join'] };
  await using guest = await stage.open(room, 'guest', { camera: false, mic: false, claims });
  await guest.meeting('join');
  await host.answer(await host.event('entry-requested'), 'allow');
  await guest.event('meeting-joined');
  const marks = { host: host.events.mark(), guest: guest.events.mark() };
  await losesConnection(guest);
  await guest.context.setOffline(false);
  await guest.event('meeting-joined', { from: marks.guest });
  await guest.sees('host');
  expect(host.events.filter(({ name }) => name === 'entry-requested', marks.host)).toEqual([]);
});

function codeOf(reason: unknown): unknown {
  return (reason as { code?: unknown } | undefined)?.code;
}

async function losesConnection(tab: SdkTab): Promise<void> {
  await tab.context.setOffline(true);
  await tab.event('socket-state-changed');
}

async function lostAt(tab: SdkTab): Promise<number> {
  return (await tab.event('socket-state-changed')).at;
}
