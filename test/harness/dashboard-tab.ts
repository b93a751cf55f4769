// A tab with the dashboard in it, driven as the operator does: by roles, labels and visible words.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { accessibilityOf, type Finding } from './accessibility.ts';
import { complaintsOf } from './complaints.ts';
import type { TestServer } from './server.ts';

const PATIENCE_MS = 15_000;

export class DashboardTab implements AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
  readonly #server: TestServer;

  private constructor(server: TestServer, context: BrowserContext, page: Page) {
    this.#server = server;
    this.context = context;
    this.page = page;
    this.complaints = complaintsOf(page);
    page.setDefaultTimeout(PATIENCE_MS);
  }

  static async open(browser: Browser, server: TestServer): Promise<DashboardTab> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ignoreHTTPSErrors: true,
      reducedMotion: 'reduce',
    });
    const tab = new DashboardTab(server, context, await context.newPage());
    await tab.go('/');
    return tab;
  }

  /** Opens a page by its address, as a link that somebody was sent. */
  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#server.httpsUrl}${path}`);
  }

  async signIn(apiKey = this.#server.apiKey, secret = this.#server.secret): Promise<void> {
    await this.page.getByLabel('API key').fill(apiKey);
    await this.page.getByLabel('Secret', { exact: true }).fill(secret);
    await this.button('Sign in').click();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  heading(name: string): Locator {
    return this.page.getByRole('heading', { name, exact: true });
  }

  /** Rows of the table with this name, without the one of headers. */
  rows(table: string): Locator {
    return this.page.getByRole('table', { name: table }).locator('tbody tr');
  }

  accessibility(): Promise<Finding[]> {
    return accessibilityOf(this.page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
