// Ends what no longer moves. A transfer may take as long as it needs, as long as something happens.

export class StallTimer implements Disposable {
  readonly #patience = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;

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
    this[Symbol.dispose]();
    if (this.#patience.signal.aborted) return;
    // A process that was busy has not read yet what has come meanwhile: it does so before the verdict.
    this.#timer = setTimeout(() => {
      this.#verdict = setImmediate(() => this.#abort());
    }, this.#timeoutMs + moreMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#verdict);
  }

  #abort(): void {
    this.#patience.abort(new Error(`nothing moved for ${this.#timeoutMs / 1000} s`));
  }
}
