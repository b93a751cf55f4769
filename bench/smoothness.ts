// How smooth a meeting page is, as the page itself can tell.
import type { Page } from 'playwright-core';

export interface Smoothness {
  /** Milliseconds from one frame of the page to the next. */
  intervals: number[];
  /** Milliseconds of each task that kept the page for 50 ms or more. */
  longTasks: number[];
  tiles: number;
  /** Pictures of others that arrived while it was watched. */
  received: number;
  /** Of each of these, how many were decoded in a second. */
  decoded: number[];
  seconds: number;
}

/** Runs in the page before anything else, so that its connections can be asked. */
export const KEEP_CONNECTIONS = `
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      window.connections.push(this);
    }
  };`;

/** Watches a page that has `KEEP_CONNECTIONS` in it. */
export function watchSmoothness(page: Page, forMs: number): Promise<Smoothness> {
  return page.evaluate<Smoothness>(`(async () => {
    const decoded = async () => {
      const counts = new Map();
      for (const connection of window.connections) {
        for (const it of (await connection.getStats()).values()) {
          if (it.type === 'inbound-rtp' && it.kind === 'video') counts.set(it.id, it.framesDecoded ?? 0);
        }
      }
      return counts;
    };
    const longTasks = [];
    const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((it) => it.duration)));
    const before = await decoded();
    observer.observe({ type: 'longtask' });
    const intervals = [];
    const began = performance.now();
    await new Promise((resolve) => {
      let last;
      const step = (now) => {
        if (last !== undefined) intervals.push(now - last);
        last = now;
        if (now - began < ${forMs}) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
    const seconds = (performance.now() - began) / 1000;
    observer.disconnect();
    const rates = [...(await decoded())].map(([id, count]) => (count - (before.get(id) ?? 0)) / seconds);
    const arriving = rates.filter((it) => it > 0);
    const tiles = document.querySelectorAll('figure[data-participant]').length;
    return { intervals, longTasks, tiles, received: arriving.length, decoded: arriving, seconds };
  })()`);
}
