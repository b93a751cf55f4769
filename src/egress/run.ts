// One egress while it runs: its outputs, how they ended, and its moves one after another.
import { SerialQueue } from '../kit/serial-queue.ts';
import type { Logger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import type { Composition, Failure, OutputEnd } from './composition.ts';

export class Run {
  egress: Egress;
  readonly composition: Composition;
  readonly log: Logger;
  /** Moves follow the order in which things happened. */
  readonly queue = new SerialQueue();
  /** Resolves when its end has been written. */
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** It has been told to end. */
  released = false;
  readonly #open = new Set<string>();
  readonly #ends: OutputEnd[] = [];

  constructor(egress: Egress, composition: Composition, log: Logger) {
    this.egress = egress;
    this.composition = composition;
    this.log = log;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.settle = resolve;
  }

  /** Outputs that have not ended. */
  get open(): string[] {
    return [...this.#open];
  }

  expect(outputId: string): void {
    this.#open.add(outputId);
  }

  /** Notes the end of an output; true for the last one. */
  ended(outputId: string, end: OutputEnd): boolean {
    if (!this.#open.delete(outputId)) return false;
    this.#ends.push(end);
    return this.#open.size === 0;
  }

  get parts(): string[] {
    return this.#ends.flatMap(({ parts }) => parts);
  }

  get file(): OutputEnd['file'] {
    return this.#ends.find(({ file }) => file)?.file;
  }

  /** It has failed when none of its outputs ended well. */
  get failure(): Failure | undefined {
    if (this.#ends.some(({ failure }) => !failure)) return undefined;
    return this.#ends.at(-1)?.failure;
  }
}
