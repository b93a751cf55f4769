// How the meeting page does in a full room, and what that costs: a real page among people who send clips.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../test/harness/browser.ts';
import { Crowd } from '../test/harness/crowd.ts';
import { SMALL_CAMERA } from '../test/harness/devices.ts';
import { MeetingTab } from '../test/harness/meeting-tab.ts';
import { callRest } from '../test/harness/rest.ts';
import { TestServer } from '../test/harness/server.ts';
import { mintToken } from '../test/harness/test-api.ts';
import { cpuOfMachine, cpuOfTree } from './process-tree.ts';
import { KEEP_CONNECTIONS, type Smoothness, watchSmoothness } from './smoothness.ts';
import { cores, median, quantile, type Row } from './table.ts';

/** With the one who looks. */
const SIZES = [9, 25, 49];
const VOICES = 3;
const SCREEN = { width: 1440, height: 900 };
const SETTLE_MS = 8_000;
const WATCH_MS = 20_000;

interface Cost {
  browser: number;
  renderer: number;
  server: number;
  worker: number;
  crowd: number;
  machine: number;
}

export async function benchCrowd(): Promise<Row[]> {
  await using server = await TestServer.start({ env: { ROOMFUL_MEDIA_WORKERS: '1' } });
  const browser = await launchBrowser();
  try {
    const rows: Row[] = [];
    for (const size of SIZES) rows.push(...(await look(server, browser, size)));
    return rows;
  } finally {
    await browser.close();
  }
}

async function look(server: TestServer, browser: Browser, size: number): Promise<Row[]> {
  const { roomId } = await callRest(server, '/v2/rooms', {});
  await using crowd = await Crowd.gather(server, roomId, { people: size - 1, voices: VOICES });
  const fragment = `token=${await mintToken(server, { permissions: ['allow_join'] })}`;
  const before = `${SMALL_CAMERA}${KEEP_CONNECTIONS}`;
  await using tab = await MeetingTab.open(browser, server, roomId, { fragment, before, size: SCREEN });
  await tab.join('Ann');
  await sleep(SETTLE_MS);
  const earlier = await usedSoFar(server, browser, crowd);
  const smoothness = await watchSmoothness(tab.page, WATCH_MS);
  const later = await usedSoFar(server, browser, crowd);
  const share = (of: keyof Cost) => (later[of] - earlier[of]) / smoothness.seconds;
  return rowsOf(size, smoothness, share);
}

function rowsOf(size: number, seen: Smoothness, share: (of: keyof Cost) => number): Row[] {
  const { intervals, longTasks, tiles, received, decoded, seconds } = seen;
  const blocked = longTasks.reduce((sum, it) => sum + it, 0) / seconds;
  // A page that has to wait for a core is not smooth either: this tells whether it had to.
  const others = Math.max(0, share('machine') - share('browser') - share('server') - share('crowd'));
  const row = (what: string, value: string, target = '') => ({ what: `${size} people: ${what}`, value, target });
  return [
    row('frame to frame of the page, p50', `${quantile(intervals, 0.5).toFixed(1)} ms`),
    row('the same, p95', `${quantile(intervals, 0.95).toFixed(1)} ms`, '≤ 34 ms'),
    row('long tasks', `${blocked.toFixed(1)} ms/s`, '0 ms/s'),
    row('tiles, videos received', `${tiles}, ${received}`),
    row('pictures a second in a tile, median, lowest', `${median(decoded).toFixed(1)}, ${lowest(decoded)}`),
    row('browser', `${cores(share('browser'))}, of these the page ${cores(share('renderer'))}`),
    row('server with database', `${cores(share('server'))}, of these the media worker ${cores(share('worker'))}`),
    row('beside all this, those who send', `${cores(share('crowd'))}, anything else ${cores(others)}`),
  ];
}

/** Seconds of CPU. */
async function usedSoFar(server: TestServer, browser: Browser, crowd: Crowd): Promise<Cost> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const used = (of: typeof processInfo) => of.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  const [worker = 0] = server.mediaWorkers().values();
  return {
    browser: used(processInfo),
    renderer: used(processInfo.filter(({ type }) => type === 'renderer')),
    server: cpuOfTree(server.pid),
    worker: cpuOfTree(worker),
    crowd: cpuOfTree(crowd.pid),
    machine: cpuOfMachine(),
  };
}

function lowest(values: readonly number[]): string {
  return Math.min(...values).toFixed(1);
}
