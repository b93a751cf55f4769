// The operator's pages, in a real browser against the real program.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { RawClient } from '../harness/raw-client.ts';
import { ScriptedReceiver } from '../harness/scripted-receiver.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let browser: Browser;
let receiver: ScriptedReceiver;

beforeAll(async () => {
  const database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
  receiver = cleanUp.use(await ScriptedReceiver.start());
});
afterAll(() => cleanUp.disposeAsync());

/** Ids must not hold spaces, which markup does not need. */
const HOSTILE_PERSON = '<img/src=x/onerror=alert(1)>';
const HOSTILE_ROOM = `"><script>alert('room')</script>`;

async function join(roomId: string, peerId: string): Promise<RawClient> {
  return RawClient.join(server.httpUrl, { roomId, peerId, secret: await mintToken(server) });
}

async function createRoom(body: object): Promise<string> {
  const answer = await fetch(`${server.httpUrl}/v2/rooms`, {
    method: 'POST',
    headers: { authorization: await mintToken(server), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return ((await answer.json()) as { roomId: string }).roomId;
}

test('an operator creates a room by the form, watches its session live, and replays one of its webhooks', async () => {
  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  await tab.signIn(server.apiKey, 'wrong');
  await page.getByRole('alert').getByText('There is no such API key').waitFor();
  await tab.signIn();
  await tab.heading('Your server is ready').waitFor();

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Rooms' }).click();
  await page.getByRole('link', { name: 'New room' }).first().click();
  await page.getByLabel('Custom room id').fill('weekly standup');
  await page.getByLabel('Receiver').fill('not an address');
  await tab.button('Create room').click();
  await page.getByText('An http or https address').waitFor();
  await page.getByLabel('Receiver').fill(receiver.url);
  const code = page.getByRole('region', { name: 'curl' });
  await code.getByText('"weekly standup"').waitFor();
  await code.getByText(receiver.url).waitFor();
  await tab.button('Create room').click();
  await tab.heading('weekly standup').waitFor();

  // From here on nothing is loaded again: what changes on the page came by itself.
  const roomId = page.url().split('/').at(-1) ?? '';
  await page.getByText('Nobody has been here yet').waitFor();
  const ann = await join(roomId, 'ann');
  const bob = await join(roomId, 'bob');
  await page
    .getByText(/^Live · 2\s*people$/)
    .first()
    .waitFor();
  await tab.rows('Sessions of this room').getByRole('link').first().click();
  await page.getByRole('img', { name: /^ann: there for .* in 1 stay$/ }).waitFor();
  bob.close();
  await page.getByRole('button', { name: /^ann/ }).click();
  await page.getByText('SIGNALLING_ONLY').first().waitFor();

  await tab.button('End session').click();
  await tab.button('End for everybody').click();
  await page.getByText('Ended by the API').waitFor();
  await receiver.until((arrivals) => arrivals.some(({ body }) => body.includes('session-ended')));
  await tab.rows('Events of this session').filter({ hasText: 'session-ended' }).getByText('Delivered').waitFor();
  ann.close();

  await tab.rows('Events of this session').filter({ hasText: 'session-started' }).getByRole('link').click();
  await tab.heading('session-started').waitFor();
  await page.getByText('Answered 200').waitFor();
  await tab.button('Replay').click();
  await expect.poll(() => page.getByText('Answered 200').count(), { timeout: 10_000 }).toBe(2);
  const started = receiver.arrivals.filter(({ body }) => body.includes('"session-started"'));
  expect(new Set(started.map(({ id }) => id)).size).toBe(1);
  expect(started).toHaveLength(2);

  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await tab.heading('Sign in to Roomful').waitFor();
  await tab.go('/system');
  await tab.heading('Sign in to Roomful').waitFor();
  expect(tab.complaints).toEqual([]);
});

test('a link shows what its sender saw, and names of strangers are never markup', async () => {
  const roomId = await createRoom({ customRoomId: HOSTILE_ROOM, webhook: { endPoint: receiver.url } });
  for (let nth = 0; nth < 22; nth++) await createRoom({ customRoomId: `list-${String(nth).padStart(2, '0')}` });
  const person = await join(roomId, HOSTILE_PERSON);
  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  await tab.go('/rooms?search=list-&sort=id&order=asc&page=2');
  await expect.poll(() => tab.rows('Rooms').count()).toBe(2);
  expect(await tab.rows('Rooms').first().textContent()).toContain('list-20');
  await tab
    .button('1')
    .or(page.getByRole('button', { name: 'Page 1' }))
    .first()
    .click();
  await expect.poll(() => tab.rows('Rooms').count()).toBe(20);
  expect(new URL(page.url()).search).toBe('?search=list-&sort=id&order=asc');

  for (const path of ['/', '/rooms?search=script', `/rooms/${roomId}`, '/sessions']) {
    await tab.go(path);
    await page.getByText(HOSTILE_ROOM).first().waitFor();
  }
  await page
    .getByRole('link', { name: /^\w+ \w+, \d\d:\d\d/ })
    .first()
    .click();
  await page.getByText(HOSTILE_PERSON).first().waitFor();
  await page.getByRole('button', { name: HOSTILE_PERSON }).click();
  await tab.rows('Events of this session').filter({ hasText: 'participant-joined' }).getByRole('link').click();
  await page.getByRole('region', { name: 'body' }).getByText(HOSTILE_PERSON).first().waitFor();
  await tab.go('/rooms/new');
  await page.getByLabel('Custom room id').fill(HOSTILE_ROOM);
  await page.getByRole('region', { name: 'curl' }).getByText('alert').waitFor();
  expect(await page.locator('img[src="x"], #root script').count()).toBe(0);
  expect(tab.complaints).toEqual([]);
  person.close();
});

test.each(['light', 'dark'] as const)('axe finds nothing serious on any page (%s)', async (scheme) => {
  const roomId = await createRoom({
    customRoomId: `axe-${scheme}`,
    webhook: { endPoint: receiver.url, events: ['*'] },
  });
  const person = await join(roomId, 'ann');
  await using tab = await DashboardTab.open(browser, server, scheme);
  const { page } = tab;
  await tab.heading('Sign in to Roomful').waitFor();
  expect(await tab.accessibility()).toEqual([]);
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  const sessions = (await (await page.request.get(`${server.httpsUrl}/dashboard-api/sessions`)).json()) as {
    data: { sessionId: string }[];
  };
  const deliveries = (await (
    await page.request.get(`${server.httpsUrl}/dashboard-api/v2/webhooks/deliveries`)
  ).json()) as { data: { id: string; type: string }[] };
  const pages = [
    ['/', 'Overview'],
    ['/rooms', 'Rooms'],
    ['/rooms/new', 'New room'],
    [`/rooms/${roomId}`, `axe-${scheme}`],
    ['/sessions', 'Sessions'],
    [`/sessions/${sessions.data[0]?.sessionId}`, `axe-${scheme}`],
    ['/webhooks', 'Webhooks'],
    [`/webhooks/deliveries/${deliveries.data[0]?.id}`, deliveries.data[0]?.type ?? ''],
    ['/webhooks/endpoints', 'Webhooks'],
    ['/webhooks/tools', 'Webhooks'],
    ['/keys', 'API keys'],
    ['/tokens', 'Token builder'],
    ['/system', 'System'],
  ] as const;
  const found: Record<string, unknown> = {};
  for (const [path, heading] of pages) {
    await tab.go(path);
    await tab.heading(heading).waitFor();
    await page.locator('[aria-busy="true"], .mantine-Skeleton-root').first().waitFor({ state: 'detached' });
    const findings = await tab.accessibility();
    if (findings.length > 0) found[path] = findings;
  }
  expect(found).toEqual({});
  expect(tab.complaints).toEqual([]);
  person.close();
});
