import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SdkTab } from '../harness/sdk-tab.ts';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const WATCHES = { camera: false, mic: false } as const;

/** 960x540 is the smallest picture that the SDK sends in three layers. */
const LAYERED = { encoderConfig: 'h540p_w960p', multiStream: true, maxLayer: 3 };

test('whoever watches gets the lowest layer first, then the quality that was asked for', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { camera: LAYERED, mic: false });
  await using bob = await stage.enter(room, 'bob', WATCHES);
  expect(await bob.sees('ann', { frames: 5 })).toMatchObject({ width: 320, height: 180 });
  await bob.participant('ann', 'setQuality', 'high');
  const highest = await bob.sees('ann', { width: 960, timeoutMs: 30_000 });
  expect(highest.height).toBe(540);
  await bob.event('video-quality-changed', { of: 'ann', where: ({ data }) => quality(data) === 'HIGH' });
  await bob.participant('ann', 'setQuality', 'low');
  await bob.sees('ann', { width: 320 });
  expect(ann.eventsSoFar('error')).toEqual([]);
});

test('a stream can be paused and resumed, by itself and with all others', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob', WATCHES);
  await Promise.all([bob.sees('ann'), bob.hears('ann')]);

  await bob.stream('ann', 'video', 'pause');
  await stops(bob, 'ann');
  await bob.stream('ann', 'video', 'resume');
  await bob.sees('ann');

  await bob.meeting('pauseAllStreams', 'video');
  await bob.event('paused-all-streams');
  await stops(bob, 'ann');
  await bob.meeting('resumeAllStreams', 'video');
  await bob.event('resumed-all-streams');
  await bob.sees('ann');
  expect(ann.eventsSoFar('stream-disabled')).toEqual([]);
});

test('who consumes by hand gets a camera or microphone when asking for it', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob', { ...WATCHES, options: { autoConsume: false } });
  await bob.event('media-status-changed', { of: 'ann', where: ({ data }) => kind(data) === 'video' });
  await bob.event('media-status-changed', { of: 'ann', where: ({ data }) => kind(data) === 'audio' });

  await bob.participant('ann', 'consumeWebcamStreams');
  await bob.sees('ann');
  expect(bob.eventsSoFar('stream-enabled').map(({ data }) => kind(data))).toEqual(['video']);
  await bob.participant('ann', 'consumeMicStreams');
  await bob.hears('ann');
  await bob.participant('ann', 'stopConsumingWebcamStreams');
  await bob.event('stream-disabled', { of: 'ann', where: ({ data }) => kind(data) === 'video' });

  // A camera that is turned on later is not consumed either, until asked for.
  const from = bob.events.mark();
  await ann.meeting('disableWebcam');
  await ann.meeting('enableWebcam');
  await bob.event('media-status-changed', {
    of: 'ann',
    where: ({ data }) => kind(data) === 'video' && isOn(data),
    from,
  });
  await bob.participant('ann', 'consumeWebcamStreams');
  await bob.event('stream-enabled', { of: 'ann', where: ({ data }) => kind(data) === 'video', from });
  await bob.sees('ann');
});

test('media flows over TCP alone where an app asks for it', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann', { options: { preferredProtocol: 'TCP_ONLY' } });
  await using bob = await stage.enter(room, 'bob', { options: { preferredProtocol: 'TCP_ONLY' } });
  await Promise.all([ann.sees('bob'), bob.sees('ann'), ann.hears('bob'), bob.hears('ann')]);
  expect((await bob.connections()).map(({ protocol }) => protocol)).toEqual(['tcp', 'tcp']);
});

test('a connection that is refreshed keeps its media', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  await using bob = await stage.enter(room, 'bob');
  await Promise.all([ann.sees('bob'), bob.sees('ann')]);
  const before = await bob.connections();
  expect(before.map(({ protocol }) => protocol)).toEqual(['udp', 'udp']);
  const marks = { ann: ann.events.mark(), bob: bob.events.mark() };

  await bob.meeting('refreshConnection');
  const energy = await bob.hears('ann');
  await Promise.all([ann.sees('bob'), bob.sees('ann'), bob.hears('ann', { above: energy })]);
  const after = await bob.connections();
  expect(after).toHaveLength(2);
  for (const { iceUsername } of before) expect(after.map((it) => it.iceUsername)).not.toContain(iceUsername);
  const disturbed = [...ann.events.entries.slice(marks.ann), ...bob.events.entries.slice(marks.bob)];
  expect(disturbed.filter(({ name }) => /stream|participant-(joined|left)/.test(name))).toEqual([]);
});

/** No picture moves any more while sound goes on: the sound is the clock here. */
/** How many seconds a picture may take to stand still. */
const MAX_BEEPS = 5;

async function stops(tab: SdkTab, id: string): Promise<void> {
  const shown: number[] = [];
  // Frames under way when the server stopped may still be shown, on a busy machine for a while.
  for (let beeps = 0; beeps < MAX_BEEPS && (beeps < 2 || shown.at(-1) !== shown.at(-2)); beeps++) {
    await hearsABeep(tab, id);
    shown.push((await tab.picture(id)).frames);
  }
  expect(shown.at(-1)).toBe(shown.at(-2));
}

/** The fake microphone beeps about once a second. */
async function hearsABeep(tab: SdkTab, id: string): Promise<void> {
  const energy = await tab.hears(id);
  await tab.hears(id, { above: energy });
}

function kind(data: unknown[]): string | undefined {
  return (data[0] as { kind?: string }).kind;
}

function isOn(data: unknown[]): boolean {
  return (data[0] as { newStatus?: boolean }).newStatus === true;
}

function quality(data: unknown[]): string | undefined {
  return (data[0] as { currentQuality?: string }).currentQuality;
}
