import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';
import type { ReceivedEvent } from '../harness/webhook-receiver.ts';

/** How far the end of a session that died with its server may be from the moment of death. */
const TRUTHFUL_MS = 2_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ database: 'embedded' });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a server that is killed in the middle of a meeting comes back, and so do the people, and no event is lost', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  await stage.receiver.waitFor('participant-joined', isOf(room, 'bob'));
  // The receiver is away when the last event before the death happens.
  stage.receiver.status = 503;
  await using cat = await stage.enter(room, 'cat', { camera: false, mic: false });
  await stage.receiver.refused.waitFor('the receiver refuses an event', isOf(room, 'cat'));
  const marks = { ann: ann.events.mark(), bob: bob.events.mark(), cat: cat.events.mark() };

  const killedAt = Date.now();
  await stage.server.kill('SIGKILL');
  stage.receiver.status = 200;
  await stage.server.restart();
  console.log(`server killed to ready again: ${Date.now() - killedAt} ms`);
  for (const tab of [ann, bob, cat]) {
    const { at } = await tab.event('meeting-joined', { from: marks[tab.id as 'ann'], timeoutMs: 30_000 });
    console.log(`server killed to ${tab.id} back in the meeting: ${at - killedAt} ms`);
  }
  await Promise.all([ann.sees('bob'), bob.sees('ann'), cat.sees('ann'), ann.hears('bob'), bob.hears('ann')]);
  expect((await ann.view()).others.map(({ id }) => id)).toEqual(['bob', 'cat']);

  const { data: sessions } = await stage.backend.sessions.list({ roomId: room });
  expect(sessions.map(({ status }) => status)).toEqual(['ongoing', 'ended']);
  const [live, old] = sessions;
  const diedAt = Date.parse(String(old?.end));
  expect(diedAt).toBeGreaterThan(killedAt - TRUTHFUL_MS);
  expect(diedAt).toBeLessThanOrEqual(killedAt);
  for (const id of ['ann', 'bob', 'cat']) {
    const { timelog } = await stage.backend.sessions.getParticipant(String(old?.id), id);
    expect(timelog?.map(({ end }) => Date.parse(String(end)))).toEqual([diedAt]);
  }

  for (const tab of [ann, bob, cat]) await tab.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.sessionId === live?.id);
  await stage.receiver.waitFor('session-ended', ({ data }) => data.sessionId === old?.id);
  const story = (sessionId: string | undefined) => firstArrivals(stage.receiver.ofRoom(room), sessionId);
  expect(story(old?.id).map(({ type }) => type)).toEqual([
    'session-started',
    ...Array(3).fill('participant-joined'),
    ...Array(3).fill('participant-left'),
    'session-ended',
  ]);
  expect(story(live?.id).map(({ type }) => type)).toEqual([
    'session-started',
    ...Array(3).fill('participant-joined'),
    ...Array(3).fill('participant-left'),
    'session-ended',
  ]);
  for (const session of [old, live]) {
    expect(story(session?.id).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  }
  expect(stage.receiver.ofRoom(room).filter(({ problem }) => problem !== '')).toEqual([]);
});

test('a server that is told to stop says goodbye to nobody: people are back when it is, with a truthful story', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false });
  const from = ann.events.mark();
  const stoppedAt = Date.now();
  await stage.server.restart();
  await ann.event('meeting-joined', { from, timeoutMs: 30_000 });
  const { data } = await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  expect(Math.abs(Date.parse(String(data.end)) - stoppedAt)).toBeLessThan(TRUTHFUL_MS);
  await stage.receiver.waitFor(
    'session-started',
    (event) => event.data.meetingId === room && event.data.sessionId !== data.sessionId,
  );
});

function isOf(room: string, participantId: string) {
  return ({ data }: ReceivedEvent) => data.meetingId === room && data.participantId === participantId;
}

/** The events of a session in order of arrival; one whose answer died with the server comes again, with the same id. */
function firstArrivals(events: ReceivedEvent[], sessionId: string | undefined): ReceivedEvent[] {
  const seen = new Set<string>();
  return events.filter(({ id, data }) => data.sessionId === sessionId && !seen.has(id) && seen.add(id));
}
