// A stream as its viewers see it, from before its beginning to after its end, played by a real browser.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { compositorPids } from '../harness/compositor-pids.ts';
import { SMALL_CAMERA } from '../harness/devices.ts';
import { MeetingTab } from '../harness/meeting-tab.ts';
import { RawClient } from '../harness/raw-client.ts';
import { callRest } from '../harness/rest.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';
import { ViewerTab } from '../harness/viewer-tab.ts';

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  const database = cleanUp.use(await createTestDatabase());
  const env = { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1', ROOMFUL_EGRESS_SLOTS: '1' };
  server = cleanUp.use(await TestServer.start({ env }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
});
afterAll(() => cleanUp.disposeAsync());

async function meeting(): Promise<{ roomId: string; ann: MeetingTab }> {
  const { roomId } = await callRest(server, '/v2/rooms', {});
  const fragment = `token=${await mintToken(server)}`;
  const ann = await MeetingTab.open(browser, server, roomId, { fragment, before: SMALL_CAMERA });
  await ann.join('Ann');
  return { roomId, ann };
}

/** A stream has to go on for a while before there is something to go back to. */
const LONG_MS = 120_000;
/** A node is missed after a quarter of a minute. */
const MISSED_MS = 60_000;

const LOW = { quality: 'low', layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 4 } };

/** A browser that has never been touched on this page plays it in silence only. */
const NO_SOUND_YET = `
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    return this.muted ? play.call(this) : Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
  };`;

test(
  'a stream begins by itself on the page that waits for it, can be rewound, and plays back when it has ended',
  async () => {
    const { roomId, ann } = await meeting();
    await using _ = ann;
    // The only slot is taken, so that the stream has to wait.
    await callRest(server, '/v2/recordings/start', { roomId });
    const hls = await callRest(server, '/v2/hls/start', { roomId, config: LOW });
    expect(hls.status).toBe('queued');
    await using eve = await ViewerTab.open(browser, server, `/watch/${hls.id}`);
    const { page, player } = eve;
    await page.getByRole('heading', { name: 'The stream has not started yet' }).waitFor();
    expect(await eve.accessibility()).toEqual([]);
    await callRest(server, '/v2/recordings/end', { roomId });
    const first = await player.plays();
    expect([first.width, first.height]).toEqual([854, 480]);
    await player.button('Live').waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor();
    expect(await eve.accessibility()).toEqual([]);

    await using quiet = await ViewerTab.open(browser, server, `/watch/${hls.id}`, {
      scheme: 'dark',
      before: NO_SOUND_YET,
    });
    await quiet.player.plays();
    expect(await quiet.accessibility()).toEqual([]);
    await quiet.player.button('Turn the sound on').click();
    await quiet.player.button('Sound off').waitFor();

    // Far enough that the beginning is not at the edge any more.
    await player.plays(12);
    await page.keyboard.press('0');
    await expect.poll(() => player.told()).toMatch(/^0:(0[89]|[1-5]\d) behind live$/);
    const rewound = await player.plays();
    expect(rewound.at).toBeLessThan(6);
    await player.button(/^Go to live, 0:\d\d behind$/).click();
    await player.button('Live').waitFor();
    await player.plays();

    await callRest(server, '/v2/hls/end', { roomId });
    await player.button('Play from the beginning').click();
    await page.getByText('Ended', { exact: true }).waitFor();
    const again = await player.plays();
    expect(again.at).toBeLessThan(6);
    expect(await player.told()).toMatch(/^0:0\d of [01]:\d\d$/);
    expect([...eve.complaints, ...quiet.complaints]).toEqual([]);

    await using late = await ViewerTab.open(browser, server, `/watch/${hls.id}`);
    await late.player.button('Play').first().click();
    expect((await late.player.plays()).at).toBeLessThan(6);
    await late.page.keyboard.press('9');
    await expect.poll(async () => (await late.player.seen()).at).toBeGreaterThan(10);
  },
  LONG_MS,
);

test(
  'viewers see a stream go on when its compositor is killed, and go on where they paused',
  async () => {
    const { roomId, ann } = await meeting();
    await using _ = ann;
    const hls = await callRest(server, '/v2/hls/start', { roomId, config: LOW });
    await using eve = await ViewerTab.open(browser, server, `/watch/${hls.id}`);
    const { page, player } = eve;
    await player.plays(3);
    for (const pid of await compositorPids(server.dataDir)) process.kill(pid, 'SIGKILL');
    await player.plays(6);
    await player.button('Live').waitFor();

    await player.button('Pause').click();
    await expect.poll(() => player.told(), { timeout: 30_000 }).toMatch(/^0:1[2-9] behind live$/);
    await player.button('Play').first().click();
    await player.plays();
    // As far behind as it was: nothing was left out.
    expect(await player.told()).toMatch(/^0:(1[2-9]|2\d) behind live$/);
    await callRest(server, '/v2/hls/end', { roomId });
    await page.getByText('Ended', { exact: true }).waitFor();
    await player.plays();
    expect(await player.told()).toMatch(/^0:\d\d of 0:\d\d$/);
    expect(eve.complaints).toEqual([]);
  },
  LONG_MS,
);

test('sound alone has a picture of its own, and a link that leads nowhere says so', async () => {
  const { roomId, ann } = await meeting();
  await using _ = ann;
  const hls = await callRest(server, '/v2/hls/start', { roomId, config: { mode: 'audio' } });
  await using eve = await ViewerTab.open(browser, server, `/watch/${hls.id}`, { scheme: 'dark' });
  await eve.player.plays(1, { picture: false });
  await eve.page.getByText('Sound only').waitFor();
  expect(await eve.accessibility()).toEqual([]);
  await eve.page.keyboard.press('m');
  await eve.player.button('Sound on').waitFor();

  await using lost = await ViewerTab.open(browser, server, '/watch/none');
  await lost.page.getByRole('heading', { name: 'There is no such stream' }).waitFor();
  expect(await lost.accessibility()).toEqual([]);
  expect([...eve.complaints, ...lost.complaints]).toEqual([]);
});

test(
  'a page of one node plays what another node streams, and goes on with a third when that one dies',
  async () => {
    await using building = new AsyncDisposableStack();
    const database = building.use(await createTestDatabase());
    const key = { ROOMFUL_API_KEY: 'shared-key', ROOMFUL_API_SECRET: 'shared-secret-of-all' };
    const env = { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1', ...key };
    const node = async (roles: string) =>
      building.use(await TestServer.start({ env: { ...env, ROOMFUL_ROLES: roles, ROOMFUL_EGRESS_SLOTS: '2' } }));
    const media = await node('media');
    const runners = [await node('egress'), await node('egress')];
    const front = await node('api');
    const { roomId } = await callRest(front, '/v2/rooms', {});
    const ada = await RawClient.join(media.httpUrl, { roomId, peerId: 'ada', secret: await mintToken(front) });
    const hls = await callRest(front, '/v2/hls/start', { roomId, config: LOW });
    const runner = runners.find(({ httpsUrl }) => httpsUrl === new URL(hls.playbackHlsUrl).origin);
    const page = new URL(hls.links.watch_page);
    expect(page.origin).toBe(front.httpsUrl);
    await using eve = await ViewerTab.open(browser, front, page.pathname);
    expect((await eve.player.plays()).width).toBe(854);
    expect(eve.complaints).toEqual([]);

    await runner?.kill('SIGKILL');
    await eve.page.waitForURL((url) => url.pathname !== page.pathname, { timeout: MISSED_MS });
    expect((await eve.player.plays()).width).toBe(854);
    // Whoever comes by the old link is led there, too.
    await using kim = await ViewerTab.open(browser, front, page.pathname);
    await kim.page.waitForURL(eve.page.url());
    await kim.player.plays();
    await runner?.restart();
    await callRest(front, '/v2/hls/end', { roomId });
    await eve.page.getByRole('link', { name: 'Watch what came before' }).click();
    await eve.page.getByText('Ended', { exact: true }).waitFor();
    await eve.player.button('Play').click();
    await eve.player.plays();
    await eve.page.getByRole('link', { name: 'Watch what followed' }).waitFor();
    expect(kim.complaints).toEqual([]);
    ada.close();
  },
  LONG_MS,
);
