import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('two people see and hear each other, a third one who only receives gets both, and the backend hears it all', async () => {
  const room = await stage.room();
  const ann = await stage.enter(room, 'ann', { camera: 'own' });
  const bob = await stage.enter(room, 'bob', { camera: 'own' });
  console.log(`join() to first remote frame: ${await bob.joinToFirstFrameMs('ann')} ms`);
  await Promise.all([ann.sees('bob'), bob.sees('ann'), ann.hears('bob'), bob.hears('ann')]);

  const cat = await stage.enter(room, 'cat', { camera: false, mic: false, options: { mode: 'RECV_ONLY' } });
  await Promise.all([cat.sees('ann'), cat.sees('bob'), cat.hears('ann'), cat.hears('bob')]);
  const { others } = await ann.view();
  expect(others.map(({ id, displayName, mode }) => ({ id, displayName, mode }))).toEqual([
    { id: 'bob', displayName: 'Name of bob', mode: 'SEND_AND_RECV' },
    { id: 'cat', displayName: 'Name of cat', mode: 'RECV_ONLY' },
  ]);

  const live = await onlySession(room);
  expect(live).toMatchObject({ status: 'ongoing', end: null });
  const present = await stage.backend.sessions.listActiveParticipants(live.id);
  expect(present.data.map(({ participantId }) => participantId).sort()).toEqual(['ann', 'bob', 'cat']);

  await bob.leave();
  const left = await ann.event('participant-left', { of: 'bob' });
  expect(left.data[1]).toMatchObject({ code: 1101 });
  await cat.leave();
  await ann.event('participant-left', { of: 'cat' });
  await ann.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);

  const story = stage.receiver.ofRoom(room);
  expect(story.map(({ type, data }) => [type, data.participantId])).toEqual([
    ['session-started', undefined],
    ['participant-joined', 'ann'],
    ['participant-joined', 'bob'],
    ['participant-joined', 'cat'],
    ['participant-left', 'bob'],
    ['participant-left', 'cat'],
    ['participant-left', 'ann'],
    ['session-ended', undefined],
  ]);
  expect(story.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(new Set(story.map(({ id }) => id)).size).toBe(8);
  expect(story.map(({ problem }) => problem)).toEqual(Array(8).fill(''));
  expect(new Set(story.map(({ data }) => data.sessionId))).toEqual(new Set([live.id]));

  const over = await onlySession(room);
  expect(over).toMatchObject({ id: live.id, status: 'ended' });
  const ended = story.at(-1)?.data;
  expect(Date.parse(String(ended?.end))).toBe(Date.parse(String(over.end)));
  for (const id of ['ann', 'bob']) {
    const { mode, timelog, events } = await participant(live.id, id);
    expect(mode).toBe('SEND_AND_RECV');
    const [stay] = timelog;
    expect(timelog).toHaveLength(1);
    for (const spans of [events.mic, events.webcam]) {
      expect(spans).toHaveLength(1);
      expect(isWithin(spans[0], stay)).toBe(true);
    }
    expect(events.screenShare).toEqual([]);
  }
  const catsStay = await participant(live.id, 'cat');
  expect(catsStay).toMatchObject({ mode: 'RECV_ONLY', events: { mic: [], webcam: [] } });
});

interface Span {
  start: string;
  end: string | null;
}

interface ParticipantBody {
  mode: string;
  timelog: Span[];
  events: { mic: Span[]; webcam: Span[]; screenShare: Span[] };
}

function participant(sessionId: string, id: string): Promise<ParticipantBody> {
  return stage.backend.api.get(`/v2/sessions/${sessionId}/participants/${id}`);
}

async function onlySession(roomId: string) {
  const { data } = await stage.backend.sessions.list({ roomId });
  const [session] = data;
  expect(data).toHaveLength(1);
  if (!session) throw new Error('no session');
  return session;
}

/** Closed, and begun and ended while the other one lasted. */
function isWithin(inner: Span | undefined, outer: Span | undefined): boolean {
  if (!inner?.end || !outer?.end) return false;
  return outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end;
}
