// Lets a few at a time do something, for each key apart; the others wait in the order in which they came. How many may
// wait is for the caller to bound.

interface Line {
  active: number;
  waiting: (() => void)[];
}

export class Turns {
  readonly #atOnce: number;
  readonly #lines = new Map<string, Line>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves when it is this one's turn, which ends with `done`. */
  async take(key: string): Promise<void> {
    const line = this.#lines.get(key) ?? { active: 0, waiting: [] };
    this.#lines.set(key, line);
    if (line.active < this.#atOnce) {
      line.active++;
      return;
    }
    await new Promise<void>((resolve) => line.waiting.push(resolve));
  }

  done(key: string): void {
    const line = this.#lines.get(key);
    if (!line) return;
    const next = line.waiting.shift();
    // The place is handed on: nobody who comes in between may take it.
    if (next) next();
    else if (--line.active === 0) this.#lines.delete(key);
  }
}
