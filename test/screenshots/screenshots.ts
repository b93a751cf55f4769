// Pictures of every page: `npm run screenshots`. The real program with a month of made-up history; the best ones are
// written to docs/images, with `--all <folder>` every page at every width, light and dark.
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { mintToken } from '../../src/access/mint.ts';
import { App } from '../../src/app/app.ts';
import { readConfig, settingsInForce } from '../../src/config.ts';
import { type Db, openDatabase } from '../../src/store/database.ts';
import { EmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { NodeStore } from '../../src/store/node-store.ts';
import { launchBrowser } from '../harness/browser.ts';
import { insertEgress } from '../harness/egresses.ts';
import { insertParticipant, insertRoomSession } from '../harness/participants.ts';
import { RawClient } from '../harness/raw-client.ts';
import { insertDemo } from './demo-data.ts';
import { openLiveRoom } from './live-room.ts';

const WIDTHS = [1440, 768, 360];
const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 900;

/** What the README shows: page, width and colours. */
const BEST = [
  ['overview', 1440, 'light'],
  ['session', 1440, 'dark'],
  ['quality', 1440, 'light'],
  ['new-room', 1440, 'light'],
  ['webhooks', 1440, 'light'],
  ['overview', 360, 'dark'],
  ['session', 360, 'light'],
  ['recording', 1440, 'light'],
  ['watch', 1440, 'dark'],
  ['meeting', 1440, 'dark'],
] as const;

/** Where the pictures say that they were taken; the browser finds this machine there. */
const PUBLIC_HOST = 'rooms.example.com';

interface Stage extends AsyncDisposable {
  url: string;
  key: { apiKey: string; secret: string };
  browser: Browser;
  /** Somebody's meeting, which goes on. */
  meeting: Page;
  /** Address of each page by its name. */
  pages: Record<string, string>;
}

async function setStage(): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'roomful-screenshots-'));
  const log = pino({ level: 'error' });
  const postgres = await EmbeddedPostgres.start({ dataDir: join(dataDir, 'pictures'), log });
  const env = {
    ...(process.env.MEDIASOUP_WORKER_BIN && { MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN }),
    ROOMFUL_DATA_DIR: dataDir,
    ROOMFUL_HTTP_PORT: '0',
    ROOMFUL_HTTPS_PORT: '0',
    ROOMFUL_EGRESS_SLOTS: '4',
    ROOMFUL_RTC_PORT: '0',
    ROOMFUL_MEDIA_WORKERS: '2',
    ROOMFUL_LOG_LEVEL: 'error',
    ROOMFUL_PUBLIC_URL: `https://${PUBLIC_HOST}`,
    DATABASE_URL: postgres.url,
  };
  const { config, secrets } = readConfig(env);
  const app = await App.start(config, secrets, log, { settings: settingsInForce(env) });
  const { db } = await openDatabase(postgres.url);
  const { storyId, deadId, livestreamId } = await insertDemo(db, app.firstKey);
  const room = await db
    .selectFrom('rooms')
    .selectAll()
    .where('custom_room_id', '=', 'weekly-standup')
    .executeTakeFirstOrThrow();
  const busy = await db
    .selectFrom('rooms')
    .selectAll()
    .where('custom_room_id', '=', 'support-desk')
    .executeTakeFirstOrThrow();
  const other = await db
    .selectFrom('rooms')
    .selectAll()
    .where('custom_room_id', '=', 'maths-101')
    .executeTakeFirstOrThrow();
  // Nobody listens at the addresses of the history, so what is live tells nobody.
  await db
    .updateTable('rooms')
    .set({ webhook: null })
    .where('custom_room_id', 'in', ['support-desk', 'maths-101'])
    .execute();
  const clients: RawClient[] = [];
  for (const [roomId, peerId] of [
    [other.room_id, 'ada'],
    [other.room_id, 'grace'],
    [other.room_id, 'alan'],
    [busy.room_id, 'radia'],
    [busy.room_id, 'zoe'],
  ] as const) {
    const token = await mintToken(app.firstKey, { expiresInSeconds: 600 });
    clients.push(await RawClient.join(app.httpUrl ?? '', { roomId, peerId, secret: token }, 'RECV_ONLY'));
  }
  const since = new Date(Date.now() - 23 * 60_000);
  await db.updateTable('sessions').set({ started_at: since }).where('ended_at', 'is', null).execute();
  await db.updateTable('participant_stays').set({ joined_at: since }).where('left_at', 'is', null).execute();
  await insertOtherNode(db, other);
  const port = new URL(app.httpsUrl ?? '').port;
  const browser = await launchBrowser([`--host-resolver-rules=MAP ${PUBLIC_HOST}:443 127.0.0.1:${port}`]);
  const url = `https://${PUBLIC_HOST}`;
  const live = await openLiveRoom(browser, { url, apiUrl: app.httpUrl ?? '', key: app.firstKey });
  const ofLive = { sessionId: live.sessionId, roomId: live.roomId, ownerId: app.firstKey.ownerId };
  const waitingId = await insertEgress(db, ofLive, { kind: 'hls', status: 'queued', folder: 'waiting' });
  const failedId = await insertEgress(db, ofLive, {
    ...{ kind: 'hls', status: 'failed', folder: 'failed', reason: 'the disk is too slow to stream from' },
    ended: new Date(),
  });
  await db.destroy();
  return {
    url,
    key: app.firstKey,
    browser,
    meeting: live.meeting,
    pages: {
      overview: '/',
      rooms: '/rooms',
      'new-room': '/rooms/new',
      room: `/rooms/${room.room_id}`,
      'live-room': `/rooms/${live.roomId}`,
      'start-egress': `/rooms/${live.roomId}`,
      sessions: '/sessions',
      session: `/sessions/${storyId}`,
      quality: `/sessions/${storyId}`,
      'live-session': `/sessions/${live.sessionId}`,
      recordings: '/recordings',
      recording: `/recordings/${live.recording.id}`,
      'hls-streams': '/hls',
      'hls-stream': `/hls/${live.hlsId}`,
      livestreams: '/livestreams',
      livestream: `/livestreams/${livestreamId}`,
      webhooks: '/webhooks',
      delivery: `/webhooks/deliveries/${deadId}`,
      receivers: '/webhooks/endpoints',
      'webhook-tools': '/webhooks/tools',
      keys: '/keys',
      tokens: '/tokens',
      system: '/system',
      watch: `/watch/${live.hlsId}`,
      'watch-waiting': `/watch/${waitingId}`,
      'watch-failed': `/watch/${failedId}`,
      'watch-unknown': '/watch/none',
      'shared-recording': live.recording.link,
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await live[Symbol.asyncDispose]();
      await browser.close();
      await app.stop();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A second server that is being taken out of service, with a session left on it. */
async function insertOtherNode(db: Db, { owner_id, api_key }: { owner_id: string; api_key: string }): Promise<void> {
  const id = 'demo-2';
  const publicUrl = 'https://rooms-2.example.com';
  const nodes = new NodeStore(db);
  // Nobody sends heartbeats for it.
  const at = new Date(Date.now() + 3_600_000);
  await nodes.register({ id, publicUrl, roles: ['api', 'media', 'egress'], at });
  await nodes.heartbeat(id, { people: 3, freeSlots: 0 }, at);
  await nodes.drain(id, new Date());
  const started = new Date(Date.now() - 9 * 60_000);
  await db
    .updateTable('nodes')
    .set({ started_at: new Date(Date.now() - 6 * 86_400_000) })
    .where('id', '=', id)
    .execute();
  const room = await db
    .selectFrom('rooms')
    .select('room_id')
    .where('custom_room_id', '=', 'yoga-at-seven')
    .executeTakeFirstOrThrow();
  const sessionId = await insertRoomSession(
    db,
    { roomId: room.room_id, ownerId: owner_id, apiKey: api_key },
    { started },
  );
  await db.updateTable('sessions').set({ node_id: id }).where('id', '=', sessionId).execute();
  for (const who of ['zoe', 'ada', 'alan'])
    await insertParticipant(db, sessionId, who, { stays: [{ joined: started }] });
}

async function openPage(stage: Stage, width: number, scheme: 'light' | 'dark'): Promise<Page> {
  const context = await stage.browser.newContext({
    ignoreHTTPSErrors: true,
    colorScheme: scheme,
    viewport: { width, height: HEIGHT },
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.on('console', (line) => line.type() === 'error' && console.error(`[${width} ${scheme}] ${line.text()}`));
  page.on('pageerror', (error) => console.error(`[${width} ${scheme}] ${error}`));
  await page.goto(stage.url);
  return page;
}

async function signIn(page: Page, { key }: Stage): Promise<void> {
  await page.getByLabel('API key').fill(key.apiKey);
  await page.getByLabel('Secret', { exact: true }).fill(key.secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** Live pages hold a connection for ever, so quiet is when nothing loads any more on the screen. */
async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.locator('[aria-busy="true"], .mantine-Skeleton-root').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(400);
}

async function fillForm(page: Page): Promise<void> {
  await page.getByLabel('Custom room id').fill('weekly-standup');
  await page.getByLabel('Receiver').fill('https://hooks.example.com/roomful');
  await page.getByLabel('Record every session').click();
  await page.waitForTimeout(300);
}

async function examine(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Examine' }).click();
  await page.getByText(/^(Nothing is wrong|\d+ (failure|warning))/).waitFor();
}

async function openQuality(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /poor for/ })
    .first()
    .click();
  await page
    .getByRole('img', { name: /^Score of/ })
    .locator('path.recharts-line-curve')
    .first()
    .waitFor();
  await page.evaluate(
    `[...document.querySelectorAll('h2')].find((it) => it.textContent === 'Quality').scrollIntoView()`,
  );
  await page.evaluate('window.scrollBy(0, -90)');
  await page.waitForTimeout(300);
}

/** What has to be done on a page before its picture is taken. */
const BEFORE: Record<string, (page: Page) => Promise<unknown>> = {
  'new-room': fillForm,
  quality: openQuality,
  system: examine,
  'start-egress': async (page) => {
    await page.getByRole('button', { name: 'Record or stream' }).first().click();
    await page.getByRole('form', { name: 'Record or stream' }).getByText('Livestream', { exact: true }).click();
    await page.waitForTimeout(400);
  },
  watch: (page) => moving(page),
  'hls-stream': (page) => press(page).then(() => moving(page)),
  recording: (page) => press(page).then(() => moving(page)),
  'shared-recording': (page) => press(page).then(() => moving(page)),
};

function press(page: Page): Promise<void> {
  return page.getByRole('button', { name: 'Play', exact: true }).first().click();
}

/** Plays until there is something to see, with the controls in the picture. */
async function moving(page: Page): Promise<void> {
  const still = 'document.querySelector("video").currentTime < 3 && !document.querySelector("video").seeking';
  for (let tries = 0; tries < 100 && (await page.evaluate<boolean>(still)); tries++) await page.waitForTimeout(100);
  await page.getByRole('region', { name: /^Player: / }).hover();
  await page.waitForTimeout(300);
}

async function takeAll(
  folder: string,
  stage: Stage,
  wanted: (name: string, width: number, scheme: string) => boolean,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) {
      const shots = ['sign-in', 'meeting', ...Object.keys(stage.pages)].filter((name) => wanted(name, width, scheme));
      if (shots.length === 0) continue;
      if (shots.includes('meeting')) await shootMeeting(stage, folder, width, scheme);
      const page = await openPage(stage, width, scheme);
      const shoot = async (name: string) => {
        const path = join(folder, `${name}-${width}-${scheme}.png`);
        await page.screenshot({ path, fullPage: folder !== IMAGES });
        const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
        if (Number(wide) > 0) console.error(`${name} is ${wide} px too wide at ${width}`);
      };
      await page.getByRole('heading', { name: 'Sign in to Roomful' }).waitFor();
      if (shots.includes('sign-in')) await shoot('sign-in');
      await signIn(page, stage);
      for (const name of shots.filter((shot) => shot in stage.pages)) {
        await page.goto(`${stage.url}${stage.pages[name]}`);
        await settle(page);
        await BEFORE[name]?.(page);
        await shoot(name);
      }
      await page.context().close();
    }
  }
}

/** The meeting that goes on, with what it offers those who moderate. */
async function shootMeeting(
  { meeting }: Stage,
  folder: string,
  width: number,
  scheme: 'light' | 'dark',
): Promise<void> {
  await meeting.bringToFront();
  await meeting.setViewportSize({ width, height: HEIGHT });
  await meeting.emulateMedia({ colorScheme: scheme });
  const panel = meeting.getByRole('complementary', { name: 'Recording and streaming' });
  if (!(await panel.isVisible())) await meeting.keyboard.press('r');
  await panel.waitFor();
  await meeting.waitForTimeout(1_500);
  await meeting.screenshot({ path: join(folder, `meeting-${width}-${scheme}.png`) });
}

const IMAGES = 'docs/images';
const all = process.argv[process.argv.indexOf('--all') + 1];
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1]?.split(',') : undefined;

await using stage = await setStage();
if (process.argv.includes('--all') && all) {
  await takeAll(all, stage, (name) => !only || only.includes(name));
} else {
  await takeAll(IMAGES, stage, (...shot) => BEST.some((best) => best.every((part, index) => part === shot[index])));
}
