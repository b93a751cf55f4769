import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SdkTab } from '../harness/sdk-tab.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a participant goes from stage to audience, to bystander and back, and media follows each time', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann'), bob.hears('ann')]);

  let from = bob.events.mark();
  await changeMode(ann, bob, 'RECV_ONLY');
  await Promise.all(['video', 'audio'].map((kind) => streamGoes(bob, kind, from)));
  await Promise.all([ann.sees('bob'), ann.hears('bob')]);
  expect((await bob.view()).others[0]).toMatchObject({ mode: 'RECV_ONLY', micOn: false, webcamOn: false });

  await changeMode(ann, bob, 'SIGNALLING_ONLY');
  from = bob.events.mark();
  await bob.publish('CHAT', 'still there?');
  await ann.subscribe('CHAT');
  await bob.publish('CHAT', 'hello');
  await ann.event('message', { of: 'CHAT' });

  await changeMode(ann, bob, 'SEND_AND_RECV');
  await Promise.all([ann.sees('bob'), ann.hears('bob')]);
  if (!(await ann.view()).local.webcamOn) await ann.meeting('enableWebcam');
  if (!(await ann.view()).local.micOn) await ann.meeting('unmuteMic');
  await Promise.all([bob.sees('ann'), bob.hears('ann')]);

  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  const { mode, changeModeHistory } = await stage.backend.api.get<{
    mode: string;
    changeModeHistory: { mode: string; timelog: string }[];
  }>(`/v2/sessions/${session?.id}/participants/ann`);
  expect(mode).toBe('SEND_AND_RECV');
  expect(changeModeHistory.map((entry) => entry.mode)).toEqual([
    'SEND_AND_RECV',
    'RECV_ONLY',
    'SIGNALLING_ONLY',
    'SEND_AND_RECV',
  ]);
  const times = changeModeHistory.map(({ timelog }) => timelog);
  expect(times).toEqual([...times].sort());
});

test('a bystander becomes audience, then comes on stage', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob', { options: { mode: 'SIGNALLING_ONLY' }, camera: false, mic: false });
  await ann.event('participant-joined', { of: 'bob' });
  expect(bob.eventsSoFar('stream-enabled')).toEqual([]);

  await changeMode(bob, ann, 'RECV_ONLY');
  await Promise.all([bob.sees('ann'), bob.hears('ann')]);
  await changeMode(bob, ann, 'SEND_AND_RECV');
  await bob.meeting('unmuteMic');
  await ann.hears('bob');
  await bob.sees('ann');
});

async function changeMode(tab: SdkTab, other: SdkTab, mode: string): Promise<void> {
  const marks = [tab, other].map((it) => ({ it, from: it.events.mark() }));
  await tab.meeting('changeMode', mode);
  for (const { it, from } of marks) {
    const { data } = await it.event('participant-mode-changed', { from });
    expect(data[0]).toMatchObject({ participantId: tab.id, mode });
  }
}

async function streamGoes(tab: SdkTab, kind: string, from: number): Promise<void> {
  await tab.event('stream-disabled', { where: ({ data }) => (data[0] as { kind: string }).kind === kind, from });
}
