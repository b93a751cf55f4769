// Gathers what arrives while a piece of work runs, and hands it to the next run together.

interface Entry<T> {
  item: T;
  settle: PromiseWithResolvers<void>;
}

export class Batcher<T> {
  readonly #work: (items: T[]) => Promise<void>;
  readonly #maxItems: number;
  #waiting: Entry<T>[] = [];
  #running: Promise<void> | undefined;

  constructor(work: (items: T[]) => Promise<void>, maxItems: number) {
    this.#work = work;
    this.#maxItems = maxItems;
  }

  /** Settles as the run that contained `item` settles; runs follow one another. */
  add(item: T): Promise<void> {
    const settle = Promise.withResolvers<void>();
    this.#waiting.push({ item, settle });
    // Never rejects: a run that fails rejects the entries that it contained.
    this.#running ??= this.#runAll();
    return settle.promise;
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, this.#maxItems);
      try {
        await this.#work(entries.map(({ item }) => item));
        for (const { settle } of entries) settle.resolve();
      } catch (error) {
        for (const { settle } of entries) settle.reject(error);
      }
    }
    this.#running = undefined;
  }
}
