import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

const QUIET = { camera: false, mic: false } as const;
const MINUTES = 0.06;
const TOLERANCE_MS = 2_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('a session is over when its time is, and its room can be used again', async () => {
  const room = await stage.room({ autoCloseConfig: { type: 'session-ends', afterInactiveSeconds: MINUTES } });
  await using ann = await stage.enter(room, 'ann', QUIET);
  const left = await ann.event('meeting-left');
  expect(left.data[0]).toMatchObject({ code: 1006 });
  const { data } = await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  const lastedMs = Date.parse(String(data.end)) - Date.parse(String(data.start));
  expect(lastedMs).toBeGreaterThanOrEqual(MINUTES * 60_000);
  expect(lastedMs).toBeLessThan(MINUTES * 60_000 + TOLERANCE_MS);
  await ann.join();
});

test('a room that is deactivated with its session refuses whoever comes later', async () => {
  const room = await stage.room({
    autoCloseConfig: { type: 'session-end-and-deactivate', afterInactiveSeconds: MINUTES },
  });
  await using ann = await stage.enter(room, 'ann', QUIET);
  await ann.event('meeting-left');
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  expect(await stage.backend.rooms.get(room)).toMatchObject({ disabled: true });
  await using bob = await stage.open(room, 'bob', QUIET);
  await expect(bob.meeting('join')).rejects.toMatchObject({ code: 4052 });
});

test('such a room is deactivated however its session ends', async () => {
  const room = await stage.room({ autoCloseConfig: { type: 'session-end-and-deactivate' } });
  const ann = await stage.enter(room, 'ann', QUIET);
  await ann.leave();
  await stage.receiver.waitFor('session-ended', ({ data }) => data.meetingId === room);
  await expect(ann.meeting('join')).rejects.toMatchObject({ code: 4052 });
});
