// Lets at most so many items through in each window of time; what is too much waits, up to a bound, or is dropped.

export interface ThrottleOptions<T> {
  /** Items per window; 0 or less means no limit. */
  limit: number;
  windowMs: number;
  /** Items that may wait; further ones are dropped, the oldest first. */
  queueSize: number;
  out: (items: T[]) => void;
}

export class Throttle<T> {
  readonly #options: ThrottleOptions<T>;
  readonly #waiting: T[] = [];
  #left: number;
  #window: NodeJS.Timeout | undefined;

  constructor(options: ThrottleOptions<T>) {
    this.#options = options;
    this.#left = options.limit;
  }

  push(item: T): void {
    const { limit, queueSize, out } = this.#options;
    if (limit > 0) this.#openWindow();
    if (limit <= 0 || this.#left > 0) {
      this.#left -= 1;
      out([item]);
      return;
    }
    this.#waiting.push(item);
    while (this.#waiting.length > queueSize) this.#waiting.shift();
  }

  close(): void {
    clearTimeout(this.#window);
    this.#waiting.length = 0;
  }

  #openWindow(): void {
    if (this.#window) return;
    this.#window = setTimeout(() => {
      this.#window = undefined;
      this.#left = this.#options.limit;
      const due = this.#waiting.splice(0, this.#left);
      if (due.length === 0) return;
      this.#left -= due.length;
      this.#options.out(due);
      this.#openWindow();
    }, this.#options.windowMs);
  }
}
