// The operator's pages, in a real browser against the real program.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { insertEgress } from '../harness/egresses.ts';
import { RawClient } from '../harness/raw-client.ts';
import { callRest } from '../harness/rest.ts';
import { ScriptedReceiver } from '../harness/scripted-receiver.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../harness/test-database.ts';

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let database: TestDatabase;
let browser: Browser;
let receiver: ScriptedReceiver;

beforeAll(async () => {
  database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
  receiver = cleanUp.use(await ScriptedReceiver.start());
});
afterAll(() => cleanUp.disposeAsync());

/** Twenty pages take half a minute, and longer where others work beside. */
const LONG_MS = 120_000;

/** Ids must not hold spaces, which markup does not need. */
const HOSTILE_PERSON = '<img/src=x/onerror=alert(1)>';
const HOSTILE_ROOM = `"><script>alert('room')</script>`;

async function join(roomId: string, peerId: string): Promise<RawClient> {
  return RawClient.join(server.httpUrl, { roomId, peerId, secret: await mintToken(server) });
}

async function createRoom(body: Record<string, unknown>): Promise<string> {
  return (await callRest(server, '/v2/rooms', body)).roomId;
}

/** The live session of a room, for rows that belong to it. */
async function sessionIn(roomId: string): Promise<{ sessionId: string; roomId: string; ownerId: string }> {
  const { id, owner_id } = await database.db
    .selectFrom('sessions')
    .where('room_id', '=', roomId)
    .where('ended_at', 'is', null)
    .select(['id', 'owner_id'])
    .executeTakeFirstOrThrow();
  return { sessionId: id, roomId, ownerId: owner_id };
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

test('lists of what was recorded and streamed are what their address says, and tell why something failed', async () => {
  const roomId = await createRoom({ customRoomId: 'recorded' });
  const person = await join(roomId, 'ann');
  const session = await sessionIn(roomId);
  const at = (minute: number) => new Date(Date.now() - 3_600_000 + minute * 60_000);
  const { db } = database;
  for (let nth = 1; nth <= 22; nth++) {
    const times = { created: at(nth), started: at(nth), ended: at(nth + 1) };
    await insertEgress(db, session, { ...times, file: { seconds: 60, bytes: nth * 1_000_000, token: `t${nth}` } });
  }
  const reason = `${HOSTILE_PERSON}: no such server`;
  await insertEgress(db, session, { status: 'failed', reason, created: at(30), ended: at(31) });
  const outputs = [{ url: 'rtmps://live.example.com/app/inline-key', streamKey: '' }];
  await insertEgress(db, session, { kind: 'livestream', status: 'active', created: at(40), started: at(40), outputs });

  await using tab = await DashboardTab.open(browser, server);
  const { page } = tab;
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  await page.getByRole('link', { name: /^Recordings and streams/ }).click();
  await page.getByText('No recording matches').waitFor();
  expect(new URL(page.url()).search).toBe('?status=running');
  await tab.go('/recordings?status=completed&sort=size&order=asc&page=2');
  const rows = tab.rows('Recordings');
  await expect.poll(() => rows.count()).toBe(2);
  expect(await rows.first().textContent()).toContain('21.0 MB');
  await tab.button('Size').click();
  await expect.poll(() => rows.first().textContent()).toContain('22.0 MB');
  expect(new URL(page.url()).search).toBe('?status=completed&sort=size&order=desc');
  await page.getByRole('combobox', { name: 'State' }).click();
  await page.getByRole('option', { name: 'Failed or called off' }).click();
  await rows.getByText(reason).waitFor();
  expect(new URL(page.url()).searchParams.get('status')).toBe('failed');
  await rows.first().getByRole('link').first().click();
  await tab.heading('Recording of recorded').waitFor();
  await page.getByRole('alert').getByText(reason).waitFor();
  await page.getByText('There is nothing to play').waitFor();

  // Somebody waits for a slot: the open page is told, and the list too.
  await tab.go('/hls');
  await page.getByText('No HLS streams yet').waitFor();
  await insertEgress(db, session, { kind: 'hls', status: 'queued', created: at(50), folder: crypto.randomUUID() });
  await tab
    .rows('HLS streams')
    .getByText(/^Waiting · place\s1$/)
    .waitFor();
  await tab.rows('HLS streams').first().getByRole('link').first().click();
  await page.getByText('It is the next one.').waitFor();

  await tab.go('/livestreams');
  await tab.rows('Livestreams').getByText('live.example.com').waitFor();
  expect(await page.content()).not.toContain('inline-key');
  await tab.rows('Livestreams').first().getByRole('link').first().click();
  await page.getByText('rtmps://live.example.com/app', { exact: true }).waitFor();
  expect(await page.content()).not.toContain('inline-key');
  await tab.button('Show stream keys').click();
  await page.getByText('inline-key').waitFor();
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(tab.complaints).toEqual([]);
  person.close();
});

test(
  'axe finds nothing serious on any page, light or dark',
  async () => {
    const roomId = await createRoom({
      customRoomId: 'axe',
      webhook: { endPoint: receiver.url, events: ['*'] },
    });
    const person = await join(roomId, 'ann');
    const session = await sessionIn(roomId);
    const now = new Date();
    const ran = { created: now, started: now };
    const recording = await insertEgress(database.db, session, {
      ...{ ...ran, ended: now, gaps: [{ at: now.toISOString(), ms: 2_000 }] },
      file: { seconds: 60, bytes: 1_000_000, token: 'axe' },
    });
    const hls = await insertEgress(database.db, session, {
      kind: 'hls',
      status: 'queued',
      folder: crypto.randomUUID(),
    });
    const livestream = await insertEgress(database.db, session, {
      ...{ ...ran, kind: 'livestream', status: 'failed', reason: 'the server refused the stream', ended: now },
      outputs: [{ url: 'rtmp://live.example.com/app', streamKey: 'key' }],
    });
    await using tab = await DashboardTab.open(browser, server);
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
      [`/rooms/${roomId}`, 'axe'],
      ['/sessions', 'Sessions'],
      [`/sessions/${sessions.data[0]?.sessionId}`, 'axe'],
      ['/recordings', 'Recordings and streams'],
      [`/recordings/${recording}`, `Recording of axe`],
      ['/hls', 'Recordings and streams'],
      [`/hls/${hls}`, `HLS stream of axe`],
      ['/livestreams', 'Recordings and streams'],
      [`/livestreams/${livestream}`, `Livestream of axe`],
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
    await tab.go(`/rooms/${roomId}`);
    await tab.button('Record or stream').click();
    await page.getByRole('form', { name: 'Record or stream' }).getByText('Livestream', { exact: true }).click();
    found.start = await tab.accessibility();
    expect(found).toEqual({ start: [] });
    expect(tab.complaints).toEqual([]);
    person.close();
  },
  LONG_MS,
);
