// How many compositions run at once: what one costs, and how much there is.
import type { CompositionConfig } from '../protocol/composition.ts';
import type { EgressNeeds } from './ports.ts';

/** In slots, measured: 720p is one, its encoder being nearly all of the cost, and pixels are what an encoder costs by. */
const COST = { low: 0.5, med: 1, high: 2 } as const;
const SOUND_ALONE = 0.25;
/** A browser draws the page and hands over each picture; that costs by pixels too. */
const FILMED = { low: 1, med: 1.5, high: 3 } as const;

export function costOf({ mode, quality, templateUrl }: CompositionConfig): number {
  const composed = mode === 'audio' ? SOUND_ALONE : COST[quality];
  return templateUrl === null ? composed : composed + FILMED[quality];
}

/** What a node must have to run it. */
export function needsOf(config: CompositionConfig): EgressNeeds {
  return { slots: costOf(config), browser: config.templateUrl !== null };
}

export class Slots {
  readonly #total: number;
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get free(): number {
    return this.#total - this.#taken;
  }

  /** One alone always has room, however large. */
  fits(cost: number): boolean {
    return this.#taken === 0 || this.#taken + cost <= this.#total;
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
