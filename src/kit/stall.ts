// Ends what no longer moves. A transfer may take as long as it needs, as long as something happens.

export class StallTimer implements Disposable {
  readonly #patience = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.moved();
  }

  /** Aborted once nothing has moved for the whole time. */
  get signal(): AbortSignal {
    return this.#patience.signal;
  }

  /** Something has moved: the time begins again, longer by `moreMs` where the next move may take longer. */
  moved(moreMs = 0): void {
    clearTimeout(this.#timer);
    if (this.#patience.signal.aborted) return;
    this.#timer = setTimeout(() => this.#abort(), this.#timeoutMs + moreMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #abort(): void {
    this.#patience.abort(new Error(`nothing moved for ${this.#timeoutMs / 1000} s`));
  }
}
