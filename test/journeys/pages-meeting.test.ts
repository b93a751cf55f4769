// Our own meeting page, from the link to the leave page, in real browsers against the real program.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { SMALL_CAMERA, SPEAKING } from '../harness/devices.ts';
import { MeetingTab, type TabOptions } from '../harness/meeting-tab.ts';
import { callRest } from '../harness/rest.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';

const PAGES = resolve(import.meta.dirname, '../../dist/web');
const MEETING_BUDGET_BYTES = 250_000;

const cleanUp = new AsyncDisposableStack();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  const database = cleanUp.use(await createTestDatabase());
  server = cleanUp.use(await TestServer.start({ env: { DATABASE_URL: database.url, ROOMFUL_MEDIA_WORKERS: '1' } }));
  browser = cleanUp.adopt(await launchBrowser(), (it) => it.close());
});
afterAll(() => cleanUp.disposeAsync());

async function newRoom(): Promise<string> {
  const { roomId } = await callRest(server, '/v2/rooms', {});
  return String(roomId);
}

async function open(roomId: string, permissions: string[], options: Partial<TabOptions> = {}): Promise<MeetingTab> {
  const fragment = `token=${await mintToken(server, { permissions })}`;
  return MeetingTab.open(browser, server, roomId, { fragment, before: SMALL_CAMERA, ...options });
}

const HOST = ['allow_join', 'allow_mod'];
const GUEST = ['allow_join'];

test('two people meet by an invite link, see and hear each other, and one comes back after leaving', async () => {
  const room = await newRoom();
  await using ann = await open(room, HOST, { before: SPEAKING });
  await ann.join('Ann');
  const { url } = await callRest(server, `/v2/rooms/${room}/invite`, { name: 'Bob' });
  const fragment = new URL(String(url)).hash.slice(1);
  await using bob = await MeetingTab.open(browser, server, room, { fragment, scheme: 'dark' });
  expect(await bob.page.getByLabel('Your name').inputValue()).toBe('Bob');
  const began = performance.now();
  await bob.join('Bob');
  const joined = performance.now() - began;
  await bob.sees('Ann');
  console.log(
    `click to controls: ${joined.toFixed(0)} ms, to remote frames: ${(performance.now() - began).toFixed(0)} ms`,
  );
  await Promise.all([ann.sees('Bob'), ann.hears(), bob.hears()]);
  await bob.page.locator('[data-speaking][aria-label^="Ann"]').waitFor();

  // What is off is off for the others, by key as by button.
  await bob.page.keyboard.press('v');
  await ann.tile('Bob').locator('video').waitFor({ state: 'detached' });
  await bob.page.keyboard.press('m');
  await ann.tile('Bob, microphone off').waitFor();
  await bob.button('Turn camera on').click();
  await ann.sees('Bob');

  await bob.button('Leave the meeting').click();
  await bob.page.getByRole('heading', { name: 'You left the meeting' }).waitFor();
  await ann.tile('Bob').waitFor({ state: 'detached' });
  await bob.button('Rejoin').click();
  await bob.sees('Ann');
  await ann.sees('Bob');
  expect([...ann.complaints, ...bob.complaints]).toEqual([]);
});

test('a connection that is lost is told of and comes back with everything', async () => {
  const room = await newRoom();
  await using ann = await open(room, GUEST);
  await ann.join('Ann');
  await using bob = await open(room, GUEST);
  await bob.join('Bob');
  await ann.sees('Bob');
  await bob.context.setOffline(true);
  await bob.page.getByText('Reconnecting…').waitFor({ timeout: 40_000 });
  await bob.context.setOffline(false);
  await bob.page.getByText('Reconnecting…').waitFor({ state: 'detached' });
  await Promise.all([bob.sees('Ann'), ann.sees('Bob'), bob.hears()]);
});

test('a device that is blocked, missing or busy is named, and one can join without it', async () => {
  const room = await newRoom();
  const failing = (mic: string, camera: string) => `
    navigator.mediaDevices.getUserMedia = async ({ audio }) => {
      throw new DOMException('no', audio ? '${mic}' : '${camera}');
    };`;
  await using ann = await open(room, GUEST, { before: failing('NotAllowedError', 'NotFoundError') });
  await ann.page.getByText('Your microphone is blocked').waitFor();
  await ann.page.getByText('No camera was found').waitFor();
  await using bob = await open(room, GUEST, { before: failing('NotReadableError', 'NotReadableError') });
  await bob.page.getByText('Your camera is in use').waitFor();
  await ann.join('Ann');
  await bob.join('Bob');
  await ann.tile('Bob, microphone off').waitFor();
  expect(ann.complaints).toEqual([]);
});

test('who has to ask waits until somebody decides', async () => {
  const room = await newRoom();
  await using ann = await open(room, HOST);
  await ann.join('Ann');
  await using bob = await open(room, ['ask_join']);
  await bob.ask('Bob');
  await bob.page.getByRole('heading', { name: 'Waiting to be let in' }).waitFor();
  await ann.button('Let in Bob').click();
  await bob.controls.waitFor();
  await Promise.all([ann.sees('Bob'), bob.sees('Ann')]);

  await using eve = await open(room, ['ask_join']);
  await eve.ask('Eve');
  await ann.button('Decline Eve').click();
  await eve.page.getByRole('heading', { name: 'You were not let in' }).waitFor();
});

test('chat is read by who comes later too, and hostile names and words are never markup', async () => {
  const room = await newRoom();
  const hostile = '<img src=x onerror=alert(1)>';
  await using ann = await open(room, HOST);
  await ann.join(hostile);
  await ann.page.keyboard.press('c');
  await ann.page.getByLabel('Message to everybody').fill(`<script>alert(2)</script>${hostile}`);
  await ann.page.keyboard.press('Enter');
  await ann.page.keyboard.press('Escape');
  await ann.page.keyboard.press('h');

  await using bob = await open(room, GUEST);
  await bob.join('javascript:alert(3)');
  await bob.page.keyboard.press('c');
  const messages = bob.page.getByRole('list', { name: 'Messages' });
  await messages.getByText('<script>alert(2)</script>').waitFor();
  await messages.getByText(hostile, { exact: true }).waitFor();
  await bob.page.locator('figure[aria-label*="hand raised"]').waitFor();
  await bob.page.getByLabel('Message to everybody').fill('"><svg onload=alert(4)>');
  await bob.button('Send').click();
  await ann.button('Chat, 1 unread').waitFor();
  await ann.page.keyboard.press('p');
  for (const { page, complaints } of [ann, bob]) {
    expect(await page.locator('img[src="x"], svg[onload], figure script, li script').count()).toBe(0);
    expect(complaints).toEqual([]);
  }
});

test('a shared screen is the main picture, until it is stopped', async () => {
  const room = await newRoom();
  await using ann = await open(room, GUEST);
  await ann.join('Ann');
  await using bob = await open(room, GUEST);
  await bob.join('Bob');
  await bob.page.keyboard.press('s');
  await ann.sees('Bob', 'share');
  expect(await ann.tile('Bob', 'share').getAttribute('data-large')).toBe('true');
  await ann.sees('Bob');
  await bob.button('Stop sharing your screen').click();
  await ann.tile('Bob', 'share').waitFor({ state: 'detached' });
});

test('a moderator turns devices off, asks for them, removes, and ends the meeting; others are not offered it', async () => {
  const room = await newRoom();
  await using ann = await open(room, HOST);
  await ann.join('Ann');
  await using bob = await open(room, GUEST);
  await bob.join('Bob');
  await using cem = await open(room, GUEST);
  await cem.join('Cem');
  await bob.page.keyboard.press('p');
  expect(await bob.button('Remove Cem').count()).toBe(0);
  await ann.page.keyboard.press('p');
  await ann.button('Turn Bob’s microphone off').click();
  await bob.button('Turn microphone on').waitFor();
  await ann.button('Ask Bob to turn the microphone on').click();
  await bob.button('Turn it on').click();
  await ann.button('Turn Bob’s microphone off').waitFor();
  await ann.button('Remove Bob').click();
  await ann.button('Remove').click();
  await bob.page.getByRole('heading', { name: 'You were removed' }).waitFor();
  expect(await bob.button('Rejoin').count()).toBe(0);
  await ann.button('Leave the meeting').click();
  await ann.button('End it for everybody').click();
  for (const { page } of [ann, cem]) await page.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
});

test('axe holds nothing serious against any state of the page, light or dark', async () => {
  const room = await newRoom();
  await using ann = await open(room, HOST);
  await ann.page.getByRole('img', { name: 'Your microphone is heard' }).waitFor();
  const findings = { preview: await ann.accessibility() } as Record<string, unknown>;
  await ann.join('Ann');
  await using asker = await open(room, ['ask_join']);
  await asker.ask('Zoe');
  await ann.button('Let in Zoe').waitFor();
  findings.alert = await ann.accessibility();
  findings.waiting = await asker.accessibility();
  await ann.button('Let in Zoe').click();
  await asker.controls.waitFor();
  await ann.page.keyboard.press('m');
  await ann.page.keyboard.press('p');
  findings.people = await ann.accessibility();
  await ann.page.keyboard.press('c');
  await ann.page.getByLabel('Message to everybody').fill('Hello');
  await ann.page.keyboard.press('Enter');
  await ann.page.getByRole('listitem').getByText('Hello').waitFor();
  findings.chat = await ann.accessibility();
  await ann.page.keyboard.press('Escape');
  await ann.page.keyboard.press('r');
  await ann.button('Another server').click();
  findings.outputs = await ann.accessibility();
  await ann.button('More').click();
  await ann.button('Devices').click();
  findings.devices = await ann.accessibility();
  await ann.page.keyboard.press('Escape');
  await ann.page.setViewportSize({ width: 360, height: 740 });
  findings.narrow = await ann.accessibility();
  const overflow = await ann.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  expect(overflow).toBeLessThanOrEqual(0);
  await ann.page.keyboard.press('Escape');
  await ann.button('Leave the meeting').click();
  await ann.button('Leave the meeting').last().click();
  await ann.button('Rejoin').waitFor();
  findings.left = await ann.accessibility();
  expect(findings).toEqual(Object.fromEntries(Object.keys(findings).map((state) => [state, []])));
  expect(ann.complaints).toEqual([]);
});

test('a link that is not good says so, and the page allows nothing inline and nothing foreign', async () => {
  const room = await newRoom();
  await using lost = await MeetingTab.open(browser, server, room, { fragment: '' });
  await lost.page.getByText('It holds neither an invitation nor a token').waitFor();
  await using forged = await MeetingTab.open(browser, server, room, { fragment: 'invite=a.b.c' });
  await forged.page.getByText('This invitation is not valid').waitFor();
  await using closed = await open('none-such-room', GUEST);
  await closed.ask('Ann');
  await closed.page.getByRole('heading', { name: 'There is no such meeting' }).waitFor();

  const answer = await fetch(`${server.httpUrl}/meet/${room}`);
  const policy = String(answer.headers.get('content-security-policy'));
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const html = await answer.text();
  expect(html).not.toMatch(/<script(?![^>]*src=)|__ROOMFUL_NONCE__/);
  const [asset] = /\/assets\/index-[\w-]+\.js/.exec(html) ?? [];
  const script = await fetch(`${server.httpUrl}${asset}`);
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(script.headers.get('content-encoding')).toBeTruthy();
  for (const path of ['/assets/..%2findex.html', '/assets/none.js', '/meet', '/meet/a/b']) {
    expect((await fetch(`${server.httpUrl}${path}`)).status).toBe(404);
  }
});

test('what the meeting loads stays within its budget', () => {
  type Chunk = { file: string; isDynamicEntry?: boolean; imports?: string[]; css?: string[]; assets?: string[] };
  const manifest = JSON.parse(readFileSync(join(PAGES, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
  const files = new Set<string>();
  const take = (name: string) => {
    const chunk = manifest[name];
    if (!chunk || files.has(chunk.file)) return;
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
    for (const imported of chunk.imports ?? []) take(imported);
  };
  take('index.html');
  take('meeting/meeting-page.tsx');
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(PAGES, file))).length, 0);
  console.log(`meeting page: ${(bytes / 1000).toFixed(0)} kB gzip in ${files.size} files`);
  // hls.js is for whoever plays a stream, and loaded by that.
  expect([...files].filter((file) => file.includes('hls.light'))).toEqual([]);
  expect(Object.values(manifest).filter(({ file }) => file.includes('hls.light'))).toMatchObject([
    { isDynamicEntry: true },
  ]);
  expect(readdirSync(PAGES)).toContain('index.html');
  expect(bytes).toBeLessThanOrEqual(MEETING_BUDGET_BYTES);
});
