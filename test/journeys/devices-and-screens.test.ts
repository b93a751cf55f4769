import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const INVALID_PERMISSIONS = 4008;

test('microphone and camera go off and on, seen by the others and by oneself', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), ann.hears('bob')]);

  for (const [off, on, kind] of [
    ['muteMic', 'unmuteMic', 'audio'],
    ['disableWebcam', 'enableWebcam', 'video'],
  ] as const) {
    const status = (newStatus: boolean) => ({ peerId: 'bob', kind, newStatus });
    const marks = { ann: ann.events.mark(), bob: bob.events.mark() };
    await bob.meeting(off);
    await ann.event('stream-disabled', { of: 'bob', where: ofKind(kind), from: marks.ann });
    for (const [tab, from] of [
      [ann, marks.ann],
      [bob, marks.bob],
    ] as const) {
      const changed = await tab.event('media-status-changed', { of: 'bob', from });
      expect(changed.data[0]).toEqual(status(false));
    }
    await bob.meeting(on);
    await ann.event('stream-enabled', { of: 'bob', where: ofKind(kind), from: marks.ann });
    for (const [tab, from] of [
      [ann, marks.ann],
      [bob, marks.bob],
    ] as const) {
      await tab.event('media-status-changed', { of: 'bob', where: ({ data }) => same(data[0], status(true)), from });
    }
  }
  await Promise.all([ann.sees('bob'), ann.hears('bob')]);
  const { local } = await bob.view();
  expect(local).toMatchObject({ micOn: true, webcamOn: true, screenShareOn: false });

  const [session] = (await stage.backend.sessions.list({ roomId: room })).data;
  const { events } = await stage.backend.api.get<{ events: Record<string, { end: string | null }[]> }>(
    `/v2/sessions/${session?.id}/participants/bob`,
  );
  for (const kind of ['mic', 'webcam']) {
    expect(events[kind]?.map(({ end }) => end === null)).toEqual([false, true]);
  }
});

test('a shared screen is seen by the others while it is shared', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false, mic: false });
  await using bob = await stage.enter(room, 'bob', { camera: false, mic: false });
  await ann.meeting('enableScreenShare');
  await bob.event('stream-enabled', { of: 'ann', where: ofKind('share') });
  await bob.sees('ann', { kind: 'share', frames: 3 });
  expect((await bob.event('presenter-changed')).data).toEqual(['ann']);
  expect((await ann.view()).local.screenShareOn).toBe(true);

  await using late = await stage.enter(room, 'late', { camera: false, mic: false });
  await late.sees('ann', { kind: 'share', frames: 1 });

  const from = bob.events.mark();
  await ann.meeting('disableScreenShare');
  await bob.event('stream-disabled', { of: 'ann', where: ofKind('share') });
  expect((await bob.event('presenter-changed', { from })).data).toEqual([null]);
});

test('a moderator turns things off at once, and asks for them to be turned on', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false, mic: false });
  await using bob = await stage.enter(room, 'bob', { claims: { permissions: ['allow_join'] } });
  await ann.event('stream-enabled', { of: 'bob', where: ofKind('audio') });
  await ann.event('stream-enabled', { of: 'bob', where: ofKind('video') });

  await ann.participant('bob', 'disableMic');
  await ann.event('stream-disabled', { of: 'bob', where: ofKind('audio') });
  const from = ann.events.mark();
  await ann.participant('bob', 'enableMic');
  const micRequest = await bob.event('mic-requested');
  expect(micRequest.data[0]).toMatchObject({ participantId: 'ann' });
  await bob.answer(micRequest, 'accept');
  await ann.event('stream-enabled', { of: 'bob', where: ofKind('audio'), from });

  await ann.participant('bob', 'disableWebcam');
  await ann.event('stream-disabled', { of: 'bob', where: ofKind('video') });
  await ann.participant('bob', 'enableWebcam');
  await bob.answer(await bob.event('webcam-requested'), 'reject');
  expect((await bob.view()).local).toMatchObject({ micOn: true, webcamOn: false });
});

test('who is no moderator may neither touch the devices of others nor remove them nor end the meeting', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: false });
  await using bob = await stage.enter(room, 'bob', {
    camera: false,
    mic: false,
    claims: { permissions: ['allow_join'] },
  });
  for (const method of ['enableMic', 'disableMic', 'enableWebcam', 'disableWebcam', 'remove']) {
    await expect(bob.participant('ann', method), method).rejects.toMatchObject({ code: INVALID_PERMISSIONS });
  }
  await expect(bob.meeting('end')).rejects.toMatchObject({ code: INVALID_PERMISSIONS });
  expect(ann.eventsSoFar('mic-requested', 'webcam-requested', 'meeting-left')).toEqual([]);
  expect((await ann.view()).local.micOn).toBe(true);
});

function ofKind(kind: string) {
  return ({ data }: { data: unknown[] }) => (data[0] as { kind?: string }).kind === kind;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
