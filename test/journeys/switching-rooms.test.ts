import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('somebody goes to another room with camera and microphone running', async () => {
  const [here, there] = [await stage.room(), await stage.room()];
  await using ann = await stage.enter(here, 'ann');
  await using bob = await stage.enter(here, 'bob');
  await using cat = await stage.enter(there, 'cat');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);

  const from = ann.events.mark();
  await ann.meeting('switchTo', { meetingId: there, token: await stage.token() });
  await ann.event('meeting-joined', { from });
  await Promise.all([ann.sees('cat'), ann.hears('cat'), cat.sees('ann'), cat.hears('ann')]);
  expect((await bob.event('participant-left', { of: 'ann' })).data[1]).toMatchObject({ code: 1005 });
  expect((await bob.view()).others).toEqual([]);
  expect((await ann.view()).others.map(({ id }) => id)).toEqual(['cat']);

  await ann.subscribe('CHAT');
  await cat.publish('CHAT', 'welcome');
  await ann.event('message', { of: 'CHAT' });
  const marks = { ann: ann.events.mark(), bob: bob.events.mark(), cat: cat.events.mark() };
  await ann.meeting('muteMic');
  await cat.event('stream-disabled', { of: 'ann', from: marks.cat });
  for (const tab of [ann, cat]) {
    const { data } = await tab.event('media-status-changed', { of: 'ann', from: marks[tab.id as 'ann' | 'cat'] });
    expect(data[0]).toEqual({ peerId: 'ann', kind: 'audio', newStatus: false });
  }
  const [session] = (await stage.backend.sessions.list({ roomId: there })).data;
  const { events } = await stage.backend.api.get<{ events: Record<string, { end: string | null }[]> }>(
    `/v2/sessions/${session?.id}/participants/ann`,
  );
  expect(events.mic?.map(({ end }) => end === null)).toEqual([false]);
  expect(events.webcam?.map(({ end }) => end === null)).toEqual([true]);

  // Those who stayed hear nothing more of it.
  expect(bob.events.filter(({ of }) => of === 'ann', marks.bob)).toEqual([]);

  await ann.leave();
  await cat.event('participant-left', { of: 'ann' });
  await bob.leave();
  await cat.leave();
  for (const [room, story] of [
    [here, ['session-started', 'joined ann', 'joined bob', 'left ann', 'left bob', 'session-ended']],
    [there, ['session-started', 'joined cat', 'joined ann', 'left ann', 'left cat', 'session-ended']],
  ] as const) {
    await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
    const told = stage.receiver.ofRoom(room).map(({ type, data }) => {
      return data.participantId ? `${type.replace('participant-', '')} ${data.participantId}` : type;
    });
    expect(told).toEqual(story);
  }
});
