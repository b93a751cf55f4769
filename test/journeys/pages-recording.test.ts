// Recordings and livestreams on our own pages: started in the meeting and by the operator, played by whoever may.
import { stat } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { SMALL_CAMERA } from '../harness/devices.ts';
import { freePort } from '../harness/free-port.ts';
import { MeetingTab } from '../harness/meeting-tab.ts';
import { PlayerPart } from '../harness/playing.ts';
import { callRest } from '../harness/rest.ts';
import { receiveRtmp } from '../harness/rtmp-server.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';
import { ViewerTab } from '../harness/viewer-tab.ts';

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  const database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
});
afterAll(() => cleanUp.disposeAsync());

/** A server that does not answer is given up after twenty seconds. */
const LONG_MS = 120_000;

async function newRoom(customRoomId: string): Promise<string> {
  return (await callRest(server, '/v2/rooms', { customRoomId })).roomId;
}

async function enter(roomId: string, name: string, permissions = ['allow_join', 'allow_mod']): Promise<MeetingTab> {
  const fragment = `token=${await mintToken(server, { permissions })}`;
  const tab = await MeetingTab.open(browser, server, roomId, { fragment, before: SMALL_CAMERA });
  await tab.join(name);
  return tab;
}

async function operator(path: string): Promise<DashboardTab> {
  const tab = await DashboardTab.open(browser, server);
  await tab.signIn();
  await tab.heading('Overview').waitFor();
  await tab.go(path);
  return tab;
}

const HOSTILE_ROOM = `"><script>alert('room')</script>`;
const HOSTILE_PERSON = '<img src=x onerror=alert(1)>';

test(
  'a recording started in the meeting is followed by everybody, and played by its owner and by whoever has the link',
  async () => {
    const roomId = await newRoom(HOSTILE_ROOM);
    await using ann = await enter(roomId, HOSTILE_PERSON);
    await ann.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await using bob = await enter(roomId, 'Bob', ['allow_join']);
    await using desk = await operator('/recordings');
    await desk.page.getByText('No recordings yet').waitFor();

    await ann.page.keyboard.press('r');
    await ann.page.getByLabel('Quality').selectOption('480p');
    await ann.button('Start recording').click();
    await ann.page.getByText(/^Recording 0:0\d$/).waitFor();
    await bob.page.getByText(/^REC 0:\d\d$/).waitFor();
    await bob.button('More').click();
    await bob.button('Recording and streaming').click();
    const panel = bob.page.getByRole('complementary', { name: 'Recording and streaming' });
    await panel.getByText(/^Recording 0:\d\d$/).waitFor();
    expect(await panel.getByRole('button', { name: /start|stop/i }).count()).toBe(0);

    // Nothing is loaded again: what changes on the operator's page came by itself.
    const row = desk.rows('Recordings').first();
    await row.getByText('Recording', { exact: true }).waitFor();
    await row.getByRole('link').first().click();
    await desk.heading(`Recording of ${HOSTILE_ROOM}`).waitFor();
    await desk.page.getByText(/^Recording for \d/).waitFor();
    const id = desk.page.url().split('/').at(-1);
    await ann.button('Stop the recording').click();
    const player = new PlayerPart(desk.page);
    await player.button('Play').first().click();
    const played = await player.plays();
    expect([played.width, played.height]).toEqual([854, 480]);
    expect(await desk.accessibility()).toEqual([]);
    const downloading = desk.page.waitForEvent('download');
    await desk.page.getByRole('link', { name: 'Download' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^script-alert-room-script \d{4}-\d\d-\d\d \d\d\.\d\d\.mp4$/);
    expect((await stat(await download.path())).size).toBeGreaterThan(10_000);

    await ann.page.getByText('Ready', { exact: true }).waitFor();
    await ann.button('Copy link to the recording').click();
    await ann.page.getByText('The link to the recording was copied').waitFor();
    const link = new URL(await ann.page.evaluate<string>('navigator.clipboard.readText()'));
    expect(link.pathname).toBe(`/recordings/${id}`);
    await using eve = await ViewerTab.open(browser, server, link.pathname + link.hash, { scheme: 'dark' });
    await eve.page.getByRole('heading', { name: HOSTILE_ROOM }).waitFor();
    await eve.player.button('Play').first().click();
    expect((await eve.player.plays()).width).toBe(854);
    await eve.page.keyboard.press('k');
    expect((await eve.player.seen()).paused).toBe(true);
    expect(await eve.accessibility()).toEqual([]);

    // The id alone, which everybody in the meeting has seen, opens nothing.
    await using mallory = await ViewerTab.open(browser, server, link.pathname);
    await mallory.page.getByRole('heading', { name: 'Sign in to Roomful' }).waitFor();
    await mallory.page.getByText('Did somebody send you this link?').waitFor();
    await using guessing = await ViewerTab.open(browser, server, `${link.pathname}#guessed`);
    await guessing.page.getByRole('heading', { name: 'This link does not work' }).waitFor();

    await desk.button('Delete').click();
    await desk.button('Delete for ever').click();
    await desk.page.getByText('No recordings yet').waitFor();
    await eve.page.reload();
    await eve.page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    for (const { page, complaints } of [ann, bob, desk, eve, mallory, guessing]) {
      expect(await page.locator('img[src="x"], #root script').count()).toBe(0);
      expect(complaints).toEqual([]);
    }
  },
  LONG_MS,
);

test(
  'an operator streams a room to RTMP servers, sees which way it went, and shows keys only when asked to',
  async () => {
    const roomId = await newRoom('town-hall');
    await using ann = await enter(roomId, 'Ann');
    await using desk = await operator(`/rooms/${roomId}`);
    const { page } = desk;
    const port = await freePort();
    const reception = receiveRtmp(port, 'live/very-secret');
    await desk.button('Record or stream').click();
    const form = page.getByRole('form', { name: 'Record or stream' });
    await form.getByText('Livestream', { exact: true }).click();
    await form.getByLabel('RTMP address').fill('https://live.example.com');
    await desk.button('Start').click();
    await form.getByText('An rtmp or rtmps address').waitFor();
    await form.getByLabel('RTMP address').fill(`rtmp://127.0.0.1:${port}/live`);
    await form.getByLabel('Stream key', { exact: true }).fill('very-secret');
    await form.getByRole('combobox', { name: 'Quality' }).click();
    await page.getByRole('option', { name: 'Low, 480p' }).click();
    await desk.button('Start').click();
    const rows = desk.rows('Recordings and streams');
    await rows.filter({ hasText: 'Livestream' }).getByText('Live', { exact: true }).waitFor();
    await ann.page.getByText(/^STREAM 0:\d\d$/).waitFor();
    await expect.poll(() => reception.pictures.length, { timeout: 20_000 }).toBeGreaterThan(10);

    await rows.first().getByRole('link').first().click();
    await desk.heading('Livestream of town-hall').waitFor();
    expect(await page.content()).not.toContain('very-secret');
    await desk.button('Show stream keys').click();
    await page.getByText('very-secret').waitFor();
    await desk.button('Stop').click();
    await desk.button('Stop it').click();
    await page.getByText('Finished', { exact: true }).first().waitFor();
    await reception.done;
    expect([reception.width, reception.height]).toEqual([854, 480]);

    // A server that nobody runs: the meeting is told, and so is the operator, with the reason.
    await ann.page.keyboard.press('r');
    await ann.page.getByLabel('RTMP address').fill(`rtmp://127.0.0.1:${await freePort()}/live`);
    await ann.button('Another server').click();
    await ann.page.getByLabel('RTMP address').nth(1).fill('rtmp://10.0.0.1/live');
    await ann.button('Start livestream').click();
    await ann.page.getByRole('alert').getByText('outputs.1.url').waitFor();
    await ann.button('Remove server 2').click();
    await ann.button('Start livestream').click();
    await desk.go('/livestreams?status=failed');
    const failed = desk.rows('Livestreams').first();
    await failed.getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 });
    await ann.page.getByText('Failed', { exact: true }).waitFor();
    expect(await failed.textContent()).toMatch(/town-hall.*Failed.{10,}127\.0\.0\.1/s);
    await failed.getByRole('link').first().click();
    await page.getByRole('alert').or(page.getByText('It failed')).first().waitFor();
    await page.getByRole('link', { name: /^[0-9a-f]{24}$/ }).click();
    await page.getByRole('img', { name: /^Livestream, finished: / }).waitFor();
    await page.getByRole('img', { name: /^Livestream, failed: did not begin/ }).waitFor();

    // From the list of all rooms: whoever somebody is in can be chosen, played beside its facts, and stopped.
    await desk.go('/hls');
    await desk.button('Record or stream').first().click();
    await form.getByRole('combobox', { name: 'Room' }).click();
    await page.getByRole('option', { name: 'town-hall' }).click();
    await form.getByRole('combobox', { name: 'Quality' }).click();
    await page.getByRole('option', { name: 'Low, 480p' }).click();
    await desk.button('Start').click();
    const streams = desk.rows('HLS streams');
    await streams.getByText('Live', { exact: true }).waitFor();
    await streams.first().getByRole('link').first().click();
    const player = new PlayerPart(page);
    await player.button('Play').first().click();
    await player.plays();
    await desk.go('/hls');
    await desk.button('Actions for the HLS stream of town-hall').click();
    await page.getByRole('menuitem', { name: 'Stop …' }).click();
    await desk.button('Stop it').click();
    await streams.getByText('Finished', { exact: true }).waitFor();
    expect([...desk.complaints, ...ann.complaints]).toEqual([]);
  },
  LONG_MS,
);
