/** The smallest of the values of the last while, forgetting in two steps: what followed the least delay. */
export class RecentMinimum {
  readonly #windowMs: number;
  #current = Infinity;
  #previous = Infinity;
  #turnedAtMs: number | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(value: number, nowMs: number): number {
    this.#turnedAtMs ??= nowMs;
    if (nowMs - this.#turnedAtMs > this.#windowMs) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#turnedAtMs = nowMs;
    }
    this.#current = Math.min(this.#current, value);
    return this.value;
  }

  get value(): number {
    return Math.min(this.#current, this.#previous);
  }

  clear(): void {
    this.#current = Infinity;
    this.#previous = Infinity;
  }
}
