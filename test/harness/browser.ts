// One headless Chromium with a fake camera and microphone; each participant gets a tab with storage of its own.
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import type { PageSpec } from '../../src/egress/ipc.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen',
  '--autoplay-policy=no-user-gesture-required',
  // Roomful's own certificate is self-signed.
  '--ignore-certificate-errors',
  // All tabs are one machine here, and loopback candidates are all there is.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: findBrowser(), headless: true, args: [...FLAGS, ...more] });
}

/** A page to be filmed, as a server with default settings asks for it. */
export function pageSpec(url: string, more: Partial<PageSpec> = {}): PageSpec {
  const { pageMemoryBytes, pageDiskBytes, pageThreads } = DEFAULT_LIMITS;
  return {
    url,
    browser: findBrowser(),
    ownHosts: [],
    certificates: [],
    sandboxed: process.env.ROOMFUL_BROWSER_SANDBOX !== 'off',
    bounds: { memoryBytes: pageMemoryBytes, diskBytes: pageDiskBytes, threads: pageThreads },
    ...more,
  };
}

export interface BrowserProcess {
  pid: number;
  args: string;
}

/** Processes of the browser that a compositor has started, without such as have ended. */
export function browserProcesses(compositor: number | undefined): BrowserProcess[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,stat=,args=', '-ww'], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, state = 'Z', args = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)/.exec(line) ?? [];
    const isOurs = args.includes(`roomful-page-${compositor}-`) && !state.startsWith('Z');
    return isOurs ? [{ pid: Number(pid), args }] : [];
  });
}

/** The browser that set-up found, else one on PATH. */
export function findBrowser(): string {
  const given = process.env.ROOMFUL_TEST_BROWSER;
  if (given) return given;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (!found) throw new Error('No Chromium or Chrome was found: run the tests with `npm test`, which provides one.');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
