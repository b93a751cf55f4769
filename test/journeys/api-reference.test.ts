// An operator without internet access opens the API reference: it shows every call and asks no other host for anything.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi;
let browser: Browser;
beforeAll(async () => {
  [api, browser] = await Promise.all([startTestApi(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await api.close();
});

test('the API reference works with our own server alone', async () => {
  const url = await api.listen();
  const page = await browser.newPage();
  const foreign: string[] = [];
  const failed: string[] = [];
  await page.route('**/*', (route) => {
    const asked = route.request().url();
    if (asked.startsWith(url)) return route.continue();
    foreign.push(asked);
    return route.abort();
  });
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(response.url());
  });
  await page.goto(`${url}/docs`);
  await page.getByText('Create a room').first().waitFor();
  await page.goto(`${url}/docs/#tag/rooms/POST/v2/rooms`);
  await page.getByText('autoStartConfig').first().waitFor();
  expect(foreign).toEqual([]);
  expect(failed).toEqual([]);
});
