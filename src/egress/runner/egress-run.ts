// One egress while it runs: adds its outputs to a composition, moves with what becomes of them, and is completed when
// the last of them has ended.
import { egressCalledOff, egressNotStarted } from '../../errors.ts';
import { inBackground } from '../../kit/in-background.ts';
import { withoutPaths } from '../../kit/reason.ts';
import { SerialQueue } from '../../kit/serial-queue.ts';
import type { Logger } from '../../log.ts';
import type { Egress, EgressStatus } from '../../protocol/egress.ts';
import type { Moves } from '../moves.ts';
import type { Completion } from './completion.ts';
import type { Composition, NotStarted } from './composition.ts';
import type { Failure, OutputEnd, OutputListener } from './composition-output.ts';
import { createFolders, outputSpecsOf } from './output-specs.ts';

export interface EgressRunDeps {
  moves: Moves;
  completion: Completion;
  /** Of this node's data. */
  folder: string;
  /** Called once, when its end has been written, or is left to be taken up again. */
  onSettled(): void;
  log: Logger;
}

export class EgressRun {
  readonly composition: Composition;
  /** Resolves when its end has been written. */
  readonly settled: Promise<void>;
  readonly #deps: EgressRunDeps;
  readonly #log: Logger;
  /** Moves follow the order in which things happened. */
  readonly #queue = new SerialQueue();
  readonly #settle: () => void;
  readonly #openOutputs = new Set<string>();
  readonly #ends: OutputEnd[] = [];
  #egress: Egress;
  #isReleased = false;

  constructor(deps: EgressRunDeps, egress: Egress, composition: Composition) {
    this.#deps = deps;
    this.#egress = egress;
    this.composition = composition;
    this.#log = deps.log.child({ egressId: egress.id, kind: egress.kind, sessionId: egress.sessionId });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#settle = resolve;
  }

  /** As it stands. */
  get egress(): Egress {
    return this.#egress;
  }

  /** It has been asked to end. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Adds its outputs to the composition. Rejects when there is no place for their files. */
  async begin(): Promise<void> {
    const specs = outputSpecsOf(this.#egress, this.#deps.folder);
    try {
      await createFolders(specs);
    } catch (error) {
      this.#settled();
      throw error;
    }
    for (const { id } of specs) this.#openOutputs.add(id);
    for (const spec of specs) this.composition.add(spec, this.#listenerOf(spec.id));
  }

  /** Resolves when the compositor runs. Rejects with the error for the caller. */
  async ready(): Promise<void> {
    const { kind } = this.#egress;
    try {
      await this.composition.ready;
    } catch (error) {
      if (this.#isReleased) throw egressCalledOff(kind, 'it was stopped before it had begun.');
      throw egressNotStarted(kind, withoutPaths((error as Error).message), (error as NotStarted).blame);
    }
  }

  /** Ends it as asked; what it wrote is finished in the background. */
  async stop(): Promise<void> {
    await this.#queue.run(() => this.#advance('stopping'));
    this.release();
  }

  /** Ends its outputs; that it stops is written already, or will be. */
  release(): void {
    this.#isReleased = true;
    for (const id of this.#openOutputs) this.composition.remove(id);
  }

  #listenerOf(outputId: string): OutputListener {
    return {
      started: () => this.#inTurn(() => this.#advance('active')),
      playable: () => this.#inTurn(() => this.#playable()),
      interrupted: (gap) => {
        this.#log.warn({ gap }, 'egress interrupted');
        inBackground(this.#log, 'record of a gap', () => this.#deps.moves.addGap(this.#egress, gap));
      },
      ended: (end) => this.#outputEnded(outputId, end),
    };
  }

  async #playable(): Promise<void> {
    // A player must not see it before it counts as started.
    await this.#advance('active');
    const egress = await this.#deps.moves.playable(this.#egress);
    if (egress) this.#egress = egress;
  }

  #outputEnded(outputId: string, end: OutputEnd): void {
    if (end.failure) this.#log.warn({ outputId, ...end.failure }, 'egress output failed');
    if (!this.#openOutputs.delete(outputId)) return;
    this.#ends.push(end);
    if (this.#openOutputs.size === 0) this.#inTurn(() => this.#complete());
  }

  async #complete(): Promise<void> {
    const parts = this.#ends.flatMap((end) => end.parts);
    const file = this.#ends.find((end) => end.file)?.file;
    try {
      await this.#deps.completion.complete(this.#egress, { parts, file, failure: this.#failure });
    } finally {
      // What could not be written now is taken up again.
      this.#settled();
    }
  }

  /** It has failed when none of its outputs ended well. */
  get #failure(): Failure | undefined {
    if (this.#ends.some(({ failure }) => !failure)) return undefined;
    return this.#ends.at(-1)?.failure;
  }

  async #advance(to: EgressStatus): Promise<void> {
    const moved = await this.#deps.moves.move(this.#egress, to);
    if (!moved) return;
    this.#egress = moved;
    if (to === 'active') this.#log.info({ compositionId: moved.compositionId }, 'egress started');
  }

  #inTurn(work: () => Promise<void>): void {
    this.#queue.run(work).catch((error) => this.#log.error({ err: error }, 'egress could not be moved'));
  }

  #settled(): void {
    this.#deps.onSettled();
    this.#settle();
  }
}
