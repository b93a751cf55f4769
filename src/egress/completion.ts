// Makes complete what an egress has written, and tells how it ended.
import type { Logger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import type { Failure, OutputEnd } from './composition.ts';
import type { Finisher } from './finisher.ts';
import type { Moves } from './moves.ts';
import type { MoveFacts } from './ports.ts';

export interface Written {
  /** Files, in order. */
  parts: readonly string[];
  /** Facts of the last of them, when its writer finished it. */
  file: OutputEnd['file'];
  failure: Failure | undefined;
}

export class Completion {
  readonly #finisher: Finisher;
  readonly #moves: Moves;
  readonly #log: Logger;

  constructor(deps: { finisher: Finisher; moves: Moves; log: Logger }) {
    this.#finisher = deps.finisher;
    this.#moves = deps.moves;
    this.#log = deps.log;
  }

  async complete(egress: Egress, { parts, file, failure }: Written): Promise<void> {
    const finished = await this.#finisher
      .finish(egress, parts, file)
      .catch((error: Error) => ({ failure: error.message, file: undefined, uploads: undefined }));
    const reason = failure?.reason ?? finished.failure;
    const facts: Partial<MoveFacts> = {
      ...(finished.file && { file: finished.file }),
      ...(finished.uploads && { uploads: finished.uploads }),
    };
    // What ended by itself was never asked to stop.
    if (reason === undefined) await this.#moves.move(egress, 'stopping', {});
    const done =
      reason === undefined
        ? await this.#moves.move(egress, 'completed', facts)
        : await this.#moves.move(egress, 'failed', { ...facts, reason });
    await this.#finisher.settled(egress, done !== undefined && finished.failure === undefined);
    const level = reason === undefined ? 'info' : 'warn';
    this.#log[level]({ egressId: egress.id, kind: egress.kind, reason, file: done?.file?.key }, 'egress.ended');
  }
}
