// Looks for work that is due: now when asked, once more when asked meanwhile, and again after a rest.

export class Rounds {
  readonly #round: () => Promise<number>;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;
  #isStopped = false;

  /** `round` answers after how many milliseconds the next one comes unasked. It may not reject. */
  constructor(round: () => Promise<number>) {
    this.#round = round;
  }

  /** Settles with the round under way and those that were asked for meanwhile; nothing when none is. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Begins a round now, or right after the one that is under way. */
  ask(): void {
    if (this.#isStopped) return;
    this.#isAsked = true;
    this.#running ??= this.#run();
  }

  /** Begins none any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let restMs = 0;
    while (this.#isAsked && !this.#isStopped) {
      this.#isAsked = false;
      restMs = await this.#round();
    }
    this.#running = undefined;
    if (!this.#isStopped) this.#timer = setTimeout(() => this.ask(), restMs);
  }
}
