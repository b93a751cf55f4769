// Whether our player plays, as the video element in it tells.
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const PATIENCE_MS = 25_000;

export interface Seen {
  /** Seconds in the time of the element. */
  at: number;
  width: number;
  height: number;
  paused: boolean;
  ended: boolean;
}

export class PlayerPart {
  readonly #page: Page;
  readonly box: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.box = page.getByRole('region', { name: /^Player: / });
  }

  async seen(): Promise<Seen> {
    // One script in words: functions would bring the types of a browser here.
    return this.#page.evaluate<Seen>(`(() => {
      const { currentTime: at, videoWidth: width, videoHeight: height, paused, ended } = document.querySelector('video');
      return { at, width, height, paused, ended };
    })()`);
  }

  /** Waits until it goes on by this many seconds, with a picture unless there is none, and returns what is seen then. */
  async plays(seconds = 1, { picture = true } = {}): Promise<Seen> {
    await this.box.locator('video').waitFor({ state: 'attached' });
    const first = await this.seen();
    const options = { timeout: PATIENCE_MS, interval: 100, message: 'the player goes on' };
    await expect
      .poll(async () => {
        const { at, width, paused } = await this.seen();
        return !paused && (!picture || width > 0) && Math.abs(at - first.at) >= seconds;
      }, options)
      .toBe(true);
    return this.seen();
  }

  button(name: string | RegExp): Locator {
    return this.box.getByRole('button', { name, exact: typeof name === 'string' });
  }

  get position(): Locator {
    return this.box.getByRole('slider', { name: 'Position' });
  }

  /** What the bar says: seconds behind live, or position and length. */
  async told(): Promise<string> {
    return (await this.position.getAttribute('aria-valuetext')) ?? '';
  }
}
