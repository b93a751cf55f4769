// What a composition costs its node, in slots.
import type { CompositionConfig } from '../protocol/composition.ts';
import type { EgressNeeds } from './ports.ts';

/** Measured: 720p is one, its encoder being nearly all of the cost, and pixels are what an encoder costs by. */
const COST = { low: 0.5, med: 1, high: 2 } as const;
const SOUND_ALONE = 0.25;
/** A browser draws the page and hands over each picture; that costs by pixels too. */
const CAPTURED = { low: 1, med: 1.5, high: 3 } as const;

export function costOf({ mode, quality, templateUrl }: CompositionConfig): number {
  const composed = mode === 'audio' ? SOUND_ALONE : COST[quality];
  return templateUrl === null ? composed : composed + CAPTURED[quality];
}

/** What a node must have to run it. */
export function needsOf(config: CompositionConfig): EgressNeeds {
  return { slots: costOf(config), browser: config.templateUrl !== null };
}
