// A room with more people than a machine has browsers for: twelve who send clips, and a meeting page among them.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { Crowd } from '../harness/crowd.ts';
import { SMALL_CAMERA } from '../harness/devices.ts';
import { MeetingTab } from '../harness/meeting-tab.ts';
import { callRest } from '../harness/rest.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';
import { WebhookReceiver } from '../harness/webhook-receiver.ts';

const PEOPLE = 12;

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let receiver: WebhookReceiver;
let browser: Browser;

beforeAll(async () => {
  const database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  receiver = cleanUp.use(await WebhookReceiver.start(server));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
});
afterAll(() => cleanUp.disposeAsync());

test('everybody is seen by who comes last, and every coming and going is told once', async () => {
  const webhook = { endPoint: receiver.url, events: ['participant-*'] };
  const { roomId } = await callRest(server, '/v2/rooms', { webhook });
  const crowd = await Crowd.gather(server, roomId, { people: PEOPLE, voices: 1 });
  const fragment = `token=${await mintToken(server)}`;
  await using ann = await MeetingTab.open(browser, server, roomId, { fragment, before: SMALL_CAMERA });
  await ann.join('Ann');
  const widths = await Promise.all(crowd.people.map(({ name }) => ann.sees(name)));
  expect(widths).toEqual(crowd.people.map(() => 320));
  await ann.page.locator(`[data-speaking][aria-label^="${crowd.people[0]?.name}"]`).waitFor();

  await crowd[Symbol.asyncDispose]();
  const ids = crowd.people.map(({ id }) => id).sort();
  for (const id of ids) await receiver.waitFor('participant-left', ({ data }) => data.participantId === id);
  const told = (type: string) =>
    receiver.events.filter((it) => it.type === type).map(({ data }) => String(data.participantId));
  expect(told('participant-left').sort()).toEqual(ids);
  expect(told('participant-joined').slice(0, PEOPLE).sort()).toEqual(ids);
  await ann.tile(String(crowd.people[0]?.name)).waitFor({ state: 'detached' });
  expect(ann.complaints).toEqual([]);
});
