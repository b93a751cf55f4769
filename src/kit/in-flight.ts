// How much is under way at once: counted for each key and in all, so that one who asks for much keeps nobody else out.

export class InFlight {
  readonly #perKey: number;
  readonly #total: number;
  /** Only keys that have something under way. */
  readonly #counts = new Map<string, number>();
  #count = 0;

  /** Without `total` only each key has a bound. */
  constructor({ perKey, total = Number.POSITIVE_INFINITY }: { perKey: number; total?: number }) {
    this.#perKey = perKey;
    this.#total = total;
  }

  /** Takes a place, to be given back by `leave`; else returns which bound is reached, and takes none. */
  enter(key: string): 'key' | 'total' | undefined {
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#perKey) return 'key';
    if (this.#count >= this.#total) return 'total';
    this.#counts.set(key, count + 1);
    this.#count++;
    return undefined;
  }

  leave(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count === 0) return;
    if (count === 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
    this.#count--;
  }
}
