// How often something may happen: a token bucket, refilled continuously.

/** A rate is averaged over this long: a burst of so many seconds' worth passes at once. */
const BURST_SECONDS = 10;

export class RateLimit {
  readonly #perSecond: number;
  readonly #capacity: number;
  #left: number;
  #at: number;

  /** Allows `perSecond` on average over ten seconds. */
  constructor(perSecond: number, now = performance.now()) {
    this.#perSecond = perSecond;
    this.#capacity = perSecond * BURST_SECONDS;
    this.#left = this.#capacity;
    this.#at = now;
  }

  /** Takes `count` out of the allowance; returns false, taking nothing, when less is left. */
  take(count = 1, now = performance.now()): boolean {
    const refill = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#capacity, this.#left + refill);
    this.#at = now;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
