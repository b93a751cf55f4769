// What happened, in the order it arrived, and waiting for it: the only way in which journeys wait.

/** Every wait has a bound; a test that needs another one names it. */
export const WAIT_MS = 20_000;

/** How many of the latest entries a failure shows. */
const SHOWN = 25;

export interface JournalOptions<T> {
  /** Whose journal it is, for failures: `events of ann`. */
  name: string;
  show: (entry: T) => string;
  /** What else belongs in a failure, such as the server's last log lines. */
  context?: () => string;
}

export class Journal<T> {
  readonly entries: T[] = [];
  readonly #options: JournalOptions<T>;
  readonly #waiting = new Set<() => void>();
  #closedBecause: string | undefined;

  constructor(options: JournalOptions<T>) {
    this.#options = options;
  }

  add(entry: T): void {
    this.entries.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  /** Nothing will be added any more: whoever still waits fails at once, with the reason. */
  close(because: string): void {
    this.#closedBecause = because;
    for (const look of [...this.#waiting]) look();
  }

  /** The next entry will have this position; as `from` it makes a wait ignore everything before. */
  mark(): number {
    return this.entries.length;
  }

  filter(matches: (entry: T) => boolean, from = 0): T[] {
    return this.entries.slice(from).filter(matches);
  }

  /** The first matching entry, which may have been there already. */
  async waitFor(
    what: string,
    matches: (entry: T) => boolean,
    { from = 0, timeoutMs = WAIT_MS }: { from?: number; timeoutMs?: number } = {},
  ): Promise<T> {
    let next = from;
    const find = () => {
      for (; next < this.entries.length; next += 1) {
        const entry = this.entries[next] as T;
        if (matches(entry)) return { entry };
      }
      return undefined;
    };
    return new Promise<T>((resolve, reject) => {
      const settle = (result: { entry: T } | { error: string }) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        if ('entry' in result) resolve(result.entry);
        else reject(this.failure(what, result.error));
      };
      const look = () => {
        const found = find();
        if (found) settle(found);
        else if (this.#closedBecause !== undefined) settle({ error: this.#closedBecause });
      };
      const timer = setTimeout(() => settle({ error: `not within ${timeoutMs} ms` }), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  /** The latest entries, one line each. */
  tail(): string {
    return this.entries
      .slice(-SHOWN)
      .map((entry) => `  ${this.#options.show(entry)}`)
      .join('\n');
  }

  /** An error that shows what was going on. */
  failure(what: string, why: string): Error {
    const { name, context } = this.#options;
    const lines = [`${what}: ${why}.`, `Last ${name}:`, this.tail() || '  none', context?.()];
    return new Error(lines.filter(Boolean).join('\n'));
  }
}
