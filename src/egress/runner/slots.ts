// How much this node composes at once. `../plan.ts` says what one composition takes.
export class Slots {
  readonly total: number;
  #taken = 0;

  constructor(total: number) {
    this.total = total;
  }

  get free(): number {
    return this.total - this.#taken;
  }

  /** One alone always has room, however large. */
  fits(cost: number): boolean {
    return this.#taken === 0 || this.#taken + cost <= this.total;
  }

  /** Takes what a composition costs, if there is room. */
  take(cost: number): boolean {
    if (!this.fits(cost)) return false;
    this.#taken += cost;
    return true;
  }

  giveBack(cost: number): void {
    this.#taken -= cost;
  }
}
