// A tab with our own meeting page in it, driven as a person does: by roles, labels and keys.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { accessibilityOf, type Finding } from './accessibility.ts';
import { complaintsOf } from './complaints.ts';
import type { TestServer } from './server.ts';

const PATIENCE_MS = 20_000;
const POLL_MS = 100;
const ENOUGH_FRAMES = 5;

export interface TabOptions {
  /** What follows `#` in the address. */
  fragment: string;
  scheme?: 'light' | 'dark';
  size?: { width: number; height: number };
  /** Runs in the page before anything else. */
  before?: string;
}

export class MeetingTab implements AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    this.complaints = complaintsOf(page);
    page.setDefaultTimeout(PATIENCE_MS);
  }

  static async open(browser: Browser, server: TestServer, roomId: string, options: TabOptions): Promise<MeetingTab> {
    const { fragment, scheme = 'light', size = { width: 1280, height: 800 }, before } = options;
    const context = await browser.newContext({ viewport: size, colorScheme: scheme, ignoreHTTPSErrors: true });
    const tab = new MeetingTab(context, await context.newPage());
    if (before) await tab.page.addInitScript(before);
    await tab.page.goto(`${server.httpsUrl}/meet/${roomId}#${fragment}`);
    return tab;
  }

  /** Gives a name and presses the button; whether it leads into the meeting is for the caller to see. */
  async ask(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.button('Join the meeting').click();
  }

  async join(name: string): Promise<void> {
    await this.ask(name);
    await this.controls.waitFor();
  }

  get controls(): Locator {
    return this.page.getByRole('toolbar', { name: 'Meeting controls' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Somebody's camera, by the beginning of its label, or their screen. */
  tile(name: string, kind: 'video' | 'share' = 'video'): Locator {
    return this.page.locator(`figure[data-kind="${kind}"][aria-label^="${name}"]`);
  }

  /** Waits until frames of the picture have been decoded, and returns its width. */
  async sees(name: string, kind: 'video' | 'share' = 'video'): Promise<number> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const video = this.tile(name, kind).locator('video');
      await video.waitFor();
      const width = await video.evaluate(widthOfPictures, { wanted: ENOUGH_FRAMES, forMs: deadline - Date.now() });
      if (width > 0) return width;
      // Who comes back is shown by another element.
      if (Date.now() > deadline) throw new Error(`no pictures of ${name} arrive`);
    }
  }

  /** Waits until sound of others is being played. */
  async hears(voices = 1): Promise<void> {
    // Waiting inside the page would take `eval`, which its policy forbids.
    const playing = `[...document.querySelectorAll('audio')].filter((it) => !it.paused && it.currentTime > 0.2).length`;
    const deadline = Date.now() + PATIENCE_MS;
    while ((await this.page.evaluate<number>(playing)) < voices) {
      if (Date.now() > deadline) throw new Error(`fewer than ${voices} voices are played`);
      await sleep(POLL_MS);
    }
  }

  accessibility(): Promise<Finding[]> {
    return accessibilityOf(this.page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}

/** Runs in the page: the width of what is shown once so many pictures were, or 0 when the element shows nothing more. */
function widthOfPictures(element: unknown, { wanted, forMs }: { wanted: number; forMs: number }): Promise<number> {
  const video = element as {
    isConnected: boolean;
    requestVideoFrameCallback(then: (now: number, frame: { width: number }) => void): void;
  };
  return new Promise((resolve) => {
    const until = performance.now() + forMs;
    const looking = setInterval(() => {
      if (!video.isConnected || performance.now() > until) end(0);
    }, 100);
    const end = (width: number) => {
      clearInterval(looking);
      resolve(width);
    };
    let frames = 0;
    const count = (_: number, { width }: { width: number }) => {
      frames += 1;
      if (frames >= wanted) end(width);
      else video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
  });
}
