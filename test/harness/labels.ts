// Reads which of several names stands in a tile, by comparing it with how the painter writes them.
import type { CompositionConfig } from '../../src/protocol/composition.ts';
import type { Tile } from '../../src/protocol/layout.ts';
import type { Shot } from './film.ts';
import { paintStill } from './still.ts';

export interface Labels {
  /** Whether the name in this tile is the one that belongs there, and resembles no other more. */
  reads(shot: Shot, index: number): boolean;
}

const MARGIN = 8;
const WIDTH = 56;
const HEIGHT = 16;
/** Of a name with itself, after encoding; other names are below a half. */
const ALIKE = 0.6;

type Luma = (x: number, y: number) => number;

/** Names written by the painter where `tiles` has them; people there are not muted. */
export async function labelsOf(config: CompositionConfig, names: string[], tiles: readonly Tile[]): Promise<Labels> {
  const people = names.map((name) => ({ name }));
  const written = await paintStill(config, people, undefined, ({ planes, strides }) => {
    const luma: Luma = (x, y) => planes[0]?.[y * (strides[0] ?? 0) + x] ?? 0;
    return tiles.map((tile) => patchOf(luma, tile));
  });
  return {
    reads: (shot, index) => {
      const seen = patchOf((x, y) => shot.luma(x, y), tiles[index] as Tile);
      const alike = written.map((patch) => correlation(seen, patch));
      const own = alike[index] ?? 0;
      return own > ALIKE && alike.every((other, at) => names[at] === names[index] || other < own);
    },
  };
}

/** The beginning of the name, at the bottom on the left. */
function patchOf(luma: Luma, { x, y, height }: Tile): number[] {
  const values: number[] = [];
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      values.push(luma(x + MARGIN + column, y + height - MARGIN - HEIGHT + row));
    }
  }
  return values;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  a.forEach((value, index) => {
    const [x, y] = [value - meanA, (b[index] ?? 0) - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  });
  return both / Math.sqrt(ofA * ofB || 1);
}
