// What every long-lived part has in common: one start, one stop, whoever asks and however often.

/**
 * A part that runs for the life of the process. Both calls are idempotent, concurrent callers share one promise, stop
 * before start is legal, and a failed start can still be stopped.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Gives a class the contract of `Service` from two plain functions. */
export class Lifecycle implements Service {
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  readonly #onStart: () => Promise<void>;
  readonly #onStop: () => Promise<void>;

  constructor(onStart: () => Promise<void>, onStop: () => Promise<void>) {
    this.#onStart = onStart;
    this.#onStop = onStop;
  }

  get stopped(): boolean {
    return this.#stopping !== undefined;
  }

  start(): Promise<void> {
    if (this.#stopping) return Promise.reject(new Error('start after stop'));
    this.#starting ??= this.#onStart();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#settleStart().then(this.#onStop);
    return this.#stopping;
  }

  /** A stop waits for the start it interrupts, whose failure has been told to whoever started. */
  async #settleStart(): Promise<void> {
    await this.#starting?.catch(() => undefined);
  }
}
