import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test('an app made with the React SDK meets one made with the JavaScript SDK', async () => {
  const room = await stage.room();
  await using ann = await stage.enter(room, 'ann');
  const app = await stage.openReactApp(room, 'rea');
  await app.getByText('Name of ann: camera on, microphone on').waitFor();
  await app.getByText('Name of rea: camera on, microphone on').waitFor();
  await app.waitForFunction('document.querySelector("#ann video")?.currentTime > 0.5');
  await Promise.all([ann.sees('rea'), ann.hears('rea')]);

  // The SDK's toggle follows what the server says of the microphone, not what it did itself.
  await app.getByRole('button', { name: 'Microphone' }).click();
  await app.getByText('Name of rea: camera on, microphone off').waitFor();
  await ann.event('stream-disabled', { of: 'rea' });
  await app.getByRole('button', { name: 'Microphone' }).click();
  await app.getByText('Name of rea: camera on, microphone on').waitFor();
  await ann.hears('rea');

  await app.getByRole('button', { name: 'Leave' }).click();
  const { data } = await ann.event('participant-left', { of: 'rea' });
  expect(data[1]).toMatchObject({ code: 1101 });
});
