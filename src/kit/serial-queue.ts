// Runs asynchronous work one piece at a time, in the order it was handed in.

export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after all earlier work has settled; its failure reaches only its own caller. */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Settles when everything handed in so far has settled. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
