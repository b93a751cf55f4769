// From a server that nobody has used yet to a meeting of three, by clicks alone; and what a sign-in is good for.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { SMALL_CAMERA } from '../harness/devices.ts';
import { MeetingTab } from '../harness/meeting-tab.ts';
import { callRest } from '../harness/rest.ts';
import { TestServer } from '../harness/server.ts';
import { createTestDatabase, type TestDatabase } from '../harness/test-database.ts';

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let database: TestDatabase;
let browser: Browser;

beforeAll(async () => {
  database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
});
afterAll(() => cleanUp.disposeAsync());

/** Fields filled and buttons pressed; at four seconds each, as many fit into a minute. */
const ACTS_OF_A_MINUTE = 15;

test('a newcomer has three people in a meeting within a minute of clicks', async () => {
  const startedAt = performance.now();
  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  let acts = 0;
  const click = async (button: Locator) => {
    acts += 1;
    await button.click();
  };
  const fill = async (field: Locator, text: string) => {
    acts += 1;
    await field.fill(text);
  };
  await fill(page.getByLabel('API key'), server.apiKey);
  await fill(page.getByLabel('Secret', { exact: true }), server.secret);
  await click(tab.button('Sign in'));
  await click(page.getByRole('link', { name: 'Create a room' }));
  await click(tab.button('Create room'));
  await click(tab.button('Invite'));
  await click(tab.button('Make the link'));
  const link = await page.getByRole('link', { name: 'Open the meeting' }).getAttribute('href');
  const { pathname, hash, origin } = new URL(link ?? '');
  expect(origin).toBe(server.httpsUrl);

  await using people = new AsyncDisposableStack();
  const tabs: MeetingTab[] = [];
  for (const name of ['Ann', 'Bob', 'Cem']) {
    const options = { fragment: hash.slice(1), before: SMALL_CAMERA };
    const person = people.use(await MeetingTab.open(browser, server, pathname.split('/').at(-1) ?? '', options));
    await fill(person.page.getByLabel('Your name'), name);
    await click(person.button('Join the meeting'));
    tabs.push(person);
  }
  const [ann, bob, cem] = tabs;
  await Promise.all([ann?.sees('Bob'), ann?.sees('Cem'), bob?.sees('Ann'), bob?.sees('Cem'), cem?.sees('Ann')]);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`three people meet after ${acts} clicks and fields, ${seconds.toFixed(1)} s without a person's own pace`);
  expect(acts).toBeLessThanOrEqual(ACTS_OF_A_MINUTE);

  await page.keyboard.press('Escape');
  await page
    .getByText(/^Live · 3\s*people$/)
    .first()
    .waitFor();
  expect([tab, ...tabs].flatMap(({ complaints }) => complaints)).toEqual([]);
});

test('a sign-in that has expired is asked for again, and leads on to where one wanted to go', async () => {
  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  // The last that the page asks for: later it would hear of the end by itself.
  const answered = page.waitForResponse((it) => it.url().endsWith('/dashboard-api/system'));
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  await answered;
  const long = new Date(Date.now() - 13 * 3_600_000);
  await database.db.updateTable('dashboard_sign_ins').set({ used_at: long }).execute();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).click();
  await tab.heading('Sign in to Roomful').waitFor();
  await tab.signIn();
  await tab.heading('API keys').waitFor();
  expect(tab.complaints).toEqual([]);
});

test('a page of somebody else cannot act for the operator who is signed in', async () => {
  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  // Another port of the same host counts as the same site, to which browsers do send the cookie.
  await page.goto(String(server.httpUrl));
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  const rooms = async () => (await callRest(server, '/v2/rooms')).pageInfo.total;
  const before = await rooms();
  const target = `${server.httpUrl}/dashboard-api/v2/rooms`;
  await using trap = await serve(`<form method="post" enctype="text/plain" action="${target}">
    <input name='{"customRoomId":"trap","x":"' value='"}'></form><button onclick="document.forms[0].submit()">Win</button>`);
  await page.goto(trap.url);
  const answered = page.waitForResponse(target);
  await page.getByRole('button', { name: 'Win' }).click();
  const answer = await answered;
  expect(answer.status()).toBe(403);
  expect((await answer.request().allHeaders()).cookie).toMatch(/^roomful=/);
  expect(await rooms()).toBe(before);
});

/** A page of another origin. */
async function serve(body: string): Promise<{ url: string } & AsyncDisposable> {
  const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  return {
    url: `http://127.0.0.1:${(other.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      other.close();
      other.closeAllConnections();
      await once(other, 'close');
    },
  };
}
