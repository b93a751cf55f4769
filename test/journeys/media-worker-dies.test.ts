import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SdkTab } from '../harness/sdk-tab.ts';
import { Stage } from '../harness/stage.ts';

/** The SDK itself waits 2.5 to 5 s before it reconnects; what the server needs comes on top. */
const SDK_DELAY_MS = 5_000;
const SERVER_SHARE_MS = 1_500;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ env: { ROOMFUL_MEDIA_WORKERS: '2' } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('when a media worker dies its rooms are back soon in the same session, and other rooms notice nothing', async () => {
  const [room, elsewhere] = [await stage.room(), await stage.room()];
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await using cat = await stage.enter(elsewhere, 'cat');
  await using dan = await stage.enter(elsewhere, 'dan', { camera: false, mic: false });
  await Promise.all([ann.sees('bob'), bob.sees('ann'), dan.sees('cat')]);
  const tabs = [ann, bob, cat, dan];
  const marks = new Map<SdkTab, number>(tabs.map((tab) => [tab, tab.events.mark()]));
  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;

  // The first room is on the first worker: each new room goes where there is least to do.
  const pid = Number(stage.server.mediaWorkers().get(0));
  const killedAt = Date.now();
  process.kill(pid, 'SIGKILL');
  await stage.server.waitForLog(
    'another worker runs',
    (line) => line.msg === 'media worker started' && line.worker === 0 && line.pid !== pid,
  );
  for (const tab of [ann, bob]) {
    const { at } = await tab.event('meeting-joined', { from: Number(marks.get(tab)) });
    console.log(`media worker killed to ${tab.id} back in the meeting: ${at - killedAt} ms`);
    expect(at - killedAt).toBeLessThan(SDK_DELAY_MS + SERVER_SHARE_MS);
  }
  await Promise.all([ann.sees('bob', { frames: 1 }), bob.sees('ann', { frames: 1 })]);
  console.log(`media worker killed to pictures both ways: ${Date.now() - killedAt} ms`);
  await Promise.all([ann.hears('bob'), bob.hears('ann')]);

  for (const tab of [cat, dan]) {
    const noticed = tab.events.entries
      .slice(marks.get(tab))
      .filter(({ name }) => /stream|socket|participant/.test(name));
    expect(noticed).toEqual([]);
  }
  await dan.sees('cat');

  const { data } = await stage.backend.sessions.list({ roomId: room });
  expect(data.map(({ id, status }) => [id, status])).toEqual([[session?.id, 'ongoing']]);
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
