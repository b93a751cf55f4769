// Sequence numbers and timestamps wrap around; these count on, so that later is always larger.

export class Unwrapper {
  readonly #half: number;
  readonly #full: number;
  #highest: number | undefined;

  constructor(bits: 16 | 32) {
    this.#full = 2 ** bits;
    this.#half = this.#full / 2;
  }

  /** The value nearest to the highest seen so far. */
  unwrap(value: number): number {
    if (this.#highest === undefined) {
      // One cycle up, so that what was sent before the first packet to arrive does not become negative.
      this.#highest = value + this.#full;
      return this.#highest;
    }
    const distance = (value - this.#highest) % this.#full;
    let step = distance < 0 ? distance + this.#full : distance;
    if (step >= this.#half) step -= this.#full;
    const unwrapped = this.#highest + step;
    if (step > 0) this.#highest = unwrapped;
    return unwrapped;
  }
}
