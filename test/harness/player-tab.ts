// Somebody who watches a stream in a tab, with hls.js.
import type { Browser, Page } from 'playwright-core';
import type { PlayerPageApi } from './player-page-api.ts';

export class PlayerTab implements AsyncDisposable {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(browser: Browser, url: string): Promise<PlayerTab> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    return new PlayerTab(page);
  }

  ask<N extends keyof PlayerPageApi>(
    name: N,
    ...args: Parameters<PlayerPageApi[N]>
  ): Promise<Awaited<ReturnType<PlayerPageApi[N]>>> {
    const call = ([method, values]: [string, unknown[]]): unknown =>
      // biome-ignore lint/suspicious/noExplicitAny: runs in the page, where this global is
      (globalThis as any).playerPage[method](...values);
    return this.#page.evaluate(call, [name, args] as [string, unknown[]]) as Promise<
      Awaited<ReturnType<PlayerPageApi[N]>>
    >;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.context().close();
  }
}
