// A full disk is waited for: what was recorded until then is worth more than an end at once. How long is bounded by what
// a sink may hold meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SinkEvents } from './sink.ts';

const LOOK_EVERY_MS = 500;

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export class RoomOnDisk {
  readonly #events: SinkEvents;
  readonly #mayWait: () => boolean;
  /** The disk is full now; writes wait for room. */
  isMissing = false;

  /** `mayWait` is asked before each wait. */
  constructor(events: SinkEvents, mayWait: () => boolean) {
    this.#events = events;
    this.#mayWait = mayWait;
  }

  /** Does a write until the disk has room for it. Throws any other error, and this one when nobody may wait for it. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const done = await work();
        this.isMissing = false;
        return done;
      } catch (error) {
        if (!isFull(error) || !this.#mayWait()) throw error;
      }
      if (!this.isMissing) this.#events.log('warn', 'disk is full, waiting for room', {});
      this.isMissing = true;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
