// How the benches print: one table for each, with what it was measured on.
import { cpus, totalmem } from 'node:os';

export interface Row {
  what: string;
  value: string;
  target: string;
}

/** A markdown table of results, as `docs/performance.md` holds it. */
export function table(title: string, rows: Row[]): string {
  const lines = rows.map(({ what, value, target }) => `| ${what} | ${value} | ${target} |`);
  return [`### ${title}`, '', '| what | measured | target |', '|---|---|---|', ...lines, ''].join('\n');
}

/** The machine, in a line. */
export function hardware(): string {
  const [first] = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${first?.model.trim()}), ${memoryGiB} GiB, ${process.platform}, Node.js ${process.version}`;
}

/** CPU, of cores. */
export function cores(value: number): string {
  return `${value.toFixed(2)} core`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
