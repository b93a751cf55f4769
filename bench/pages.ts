// How soon the pages are there: the first visit to each, and the way from "Join the meeting" into a meeting.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../test/harness/browser.ts';
import { Crowd } from '../test/harness/crowd.ts';
import { callRest } from '../test/harness/rest.ts';
import { TestServer } from '../test/harness/server.ts';
import { mintToken } from '../test/harness/test-api.ts';
import { enterMeeting, loadPage, type PageLoad } from './page-load.ts';
import { median, quantile, type Row } from './table.ts';

const LOADS = 5;
const ENTRIES = 9;
const RECORDED_MS = 5_000;
const POLL_MS = 500;

export async function benchPages(): Promise<Row[]> {
  await using server = await TestServer.start({ env: { ROOMFUL_MEDIA_WORKERS: '1' } });
  const { roomId } = await callRest(server, '/v2/rooms', {});
  await using _others = await Crowd.gather(server, roomId, { people: 3, voices: 1 });
  const browser = await launchBrowser();
  try {
    const fragment = `token=${await mintToken(server, { permissions: ['allow_join'] })}`;
    const rows = await visits(browser, 'sign-in', `${server.httpsUrl}/`);
    rows.push(...(await visits(browser, 'before a meeting', `${server.httpsUrl}/meet/${roomId}#${fragment}`)));
    rows.push(...(await entries(browser, server, roomId)));
    rows.push(...(await visits(browser, 'a recording', await record(server, roomId))));
    rows.push(...(await visits(browser, 'a stream, live', await stream(server, roomId))));
    return rows;
  } finally {
    await browser.close();
  }
}

async function visits(browser: Browser, name: string, url: string): Promise<Row[]> {
  const loads: PageLoad[] = [];
  for (let i = 0; i < LOADS; i++) loads.push(await loadPage(browser, url));
  const of = (what: keyof PageLoad) => Math.round(median(loads.map((it) => it[what])));
  const paints = `${of('firstPaint')}, ${of('firstContentfulPaint')}, ${of('largestContentfulPaint')} ms`;
  return [
    { what: `${name}: first, first contentful, largest contentful paint`, value: paints, target: '' },
    {
      what: `${name}: blocked, transferred`,
      value: `${of('blocked')} ms, ${Math.round(of('bytes') / 1000)} kB`,
      target: '',
    },
  ];
}

async function entries(browser: Browser, server: TestServer, roomId: string): Promise<Row[]> {
  const token = await mintToken(server, { permissions: ['allow_join'] });
  const seen = [];
  for (let i = 0; i < ENTRIES; i++) seen.push(await enterMeeting(browser, server, roomId, token));
  const row = (what: string, times: readonly number[]) => ({
    what: `from “Join the meeting” to ${what}, median, slowest of ${ENTRIES}`,
    value: `${Math.round(median(times))}, ${Math.round(quantile(times, 1))} ms`,
    target: '',
  });
  return [
    row(
      'the controls',
      seen.map((it) => it.controls),
    ),
    row(
      'the first picture of another',
      seen.map((it) => it.firstPicture),
    ),
  ];
}

/** The address of the page that plays a recording, which is finished. */
async function record(server: TestServer, roomId: string): Promise<string> {
  await callRest(server, '/v2/recordings/start', { roomId });
  await sleep(RECORDED_MS);
  await callRest(server, '/v2/recordings/end', { roomId });
  return firstLink(server, `/v2/recordings?roomId=${roomId}`, 'recording_page');
}

/** The address of the page that plays a stream, which has begun. */
async function stream(server: TestServer, roomId: string): Promise<string> {
  await callRest(server, '/v2/hls/start', { roomId });
  const link = await firstLink(server, `/v2/hls?roomId=${roomId}`, 'watch_page');
  await sleep(RECORDED_MS);
  return link;
}

async function firstLink(server: TestServer, path: string, name: string): Promise<string> {
  for (;;) {
    const { data } = await callRest(server, path);
    const link = data[0]?.links?.[name];
    if (link) return link;
    await sleep(POLL_MS);
  }
}
