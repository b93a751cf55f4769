// A tab of somebody who has a link and nothing else.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accessibilityOf, type Finding } from './accessibility.ts';
import { complaintsOf } from './complaints.ts';
import { PlayerPart } from './playing.ts';
import type { TestServer } from './server.ts';

const PATIENCE_MS = 20_000;

export interface ViewerOptions {
  scheme?: 'light' | 'dark';
  size?: { width: number; height: number };
  /** Runs in the page before anything else. */
  before?: string;
}

export class ViewerTab implements AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly player: PlayerPart;
  readonly complaints: string[];

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    this.player = new PlayerPart(page);
    this.complaints = complaintsOf(page);
    page.setDefaultTimeout(PATIENCE_MS);
  }

  static async open(
    browser: Browser,
    server: TestServer,
    path: string,
    { scheme = 'light', size = { width: 1280, height: 800 }, before }: ViewerOptions = {},
  ): Promise<ViewerTab> {
    const context = await browser.newContext({ viewport: size, colorScheme: scheme, ignoreHTTPSErrors: true });
    const tab = new ViewerTab(context, await context.newPage());
    if (before) await tab.page.addInitScript(before);
    await tab.page.goto(`${server.httpsUrl}${path}`);
    return tab;
  }

  accessibility(): Promise<Finding[]> {
    return accessibilityOf(this.page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
