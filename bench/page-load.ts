// What a visitor waits for: when a page that was never seen before is painted, and when one is in a meeting.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { SMALL_CAMERA } from '../test/harness/devices.ts';
import { MeetingTab } from '../test/harness/meeting-tab.ts';
import type { TestServer } from '../test/harness/server.ts';

/** Enough for the last large thing to be painted. */
const SETTLE_MS = 3_000;

export interface PageLoad {
  /** Milliseconds from the beginning of the navigation. */
  firstPaint: number;
  firstContentfulPaint: number;
  largestContentfulPaint: number;
  /** What tasks took beyond 50 ms each, after the first contentful paint. */
  blocked: number;
  /** Of the document, scripts, styles and fonts, as they were transferred. */
  bytes: number;
}

const OBSERVE = `
  window.entries = [];
  for (const type of ['paint', 'largest-contentful-paint', 'longtask']) {
    new PerformanceObserver((list) => window.entries.push(...list.getEntries())).observe({ type, buffered: true });
  }`;

/** Opens a page as somebody who has never been here. */
export async function loadPage(browser: Browser, url: string): Promise<PageLoad> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    await page.addInitScript(`${OBSERVE}${SMALL_CAMERA}`);
    await page.goto(url);
    await sleep(SETTLE_MS);
    return await page.evaluate<PageLoad>(`(() => {
      const named = (name) => window.entries.find((it) => it.name === name)?.startTime;
      const firstContentfulPaint = named('first-contentful-paint');
      const largest = window.entries.findLast((it) => it.entryType === 'largest-contentful-paint');
      const long = window.entries.filter((it) => it.entryType === 'longtask' && it.startTime >= firstContentfulPaint);
      const files = performance.getEntriesByType('resource').filter((it) => it.name.includes('/assets/'));
      return {
        firstPaint: named('first-paint'),
        firstContentfulPaint,
        largestContentfulPaint: largest.startTime,
        blocked: long.reduce((sum, it) => sum + it.duration - 50, 0),
        bytes: [...performance.getEntriesByType('navigation'), ...files].reduce((sum, it) => sum + it.transferSize, 0),
      };
    })()`);
  } finally {
    await context.close();
  }
}

export interface Entry {
  /** Milliseconds from the click on "Join the meeting". */
  controls: number;
  firstPicture: number;
}

/** Remembers when the button was clicked, when the controls were there, and when a picture of somebody else was shown. */
const WATCH_ENTRY = `
  window.entry = new Promise((resolve) => {
    let clicked, controls;
    document.addEventListener('submit', () => { clicked = performance.now(); }, true);
    const pictured = (now) => resolve({ controls: controls - clicked, firstPicture: now - clicked });
    new MutationObserver(() => {
      if (clicked === undefined) return;
      if (controls === undefined && document.querySelector('[role=toolbar]')) controls = performance.now();
      for (const video of document.querySelectorAll('figure[data-participant^=crowd] video:not([data-watched])')) {
        video.dataset.watched = '';
        video.requestVideoFrameCallback(pictured);
      }
    }).observe(document, { childList: true, subtree: true });
  });`;

/** Comes into a meeting where others are. */
export async function enterMeeting(
  browser: Browser,
  server: TestServer,
  roomId: string,
  token: string,
): Promise<Entry> {
  const before = `${SMALL_CAMERA}${WATCH_ENTRY}`;
  await using tab = await MeetingTab.open(browser, server, roomId, { fragment: `token=${token}`, before });
  // Most people look at themselves before they join: the camera is on by then.
  await tab.page.getByLabel('Your camera', { exact: true }).waitFor();
  await tab.join('Ann');
  return await tab.page.evaluate<Entry>('window.entry');
}
