// What an earlier life of this node left unfinished: begun anew where nothing had come of it, else finished with what is
// on the disk. Its session goes on when it lives on another node, which then has somebody else continue.
import type { Logger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import type { Children } from './children.ts';
import type { Completion } from './completion.ts';
import type { Finisher } from './finisher.ts';
import type { Moves } from './moves.ts';
import type { EgressStore } from './ports.ts';

export interface SalvageDeps {
  nodeId: string;
  store: EgressStore;
  finisher: Finisher;
  children: Children;
  completion: Completion;
  moves: Moves;
  launch(egress: Egress): Promise<void>;
  log: Logger;
}

/** A node that is repaired within a day finishes what it has by itself. */
const GIVE_UP_AFTER_MS = 24 * 3600_000;

export class Salvage {
  readonly #deps: SalvageDeps;
  #isStopped = false;

  constructor(deps: SalvageDeps) {
    this.#deps = deps;
  }

  async finishAll(egresses: readonly Egress[]): Promise<void> {
    if (egresses.length === 0) return;
    const { children, log } = this.#deps;
    log.warn({ egresses: egresses.length }, 'finishing what this node left unfinished when it went down');
    await this.#haveOthersContinue(egresses);
    await children.endOrphans();
    for (const egress of egresses) await this.takeUp(egress);
  }

  /** Begins or finishes one that nothing runs of here. Never rejects. */
  async takeUp(egress: Egress): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.#finish(egress);
    } catch (error) {
      this.#deps.log.error({ err: error, egressId: egress.id }, 'egress could not be finished');
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** What is on the disk of a node that does not come back is lost, and that is told in the end. */
  async giveUpLost(): Promise<void> {
    const { store, moves, log } = this.#deps;
    try {
      const lost = await store.unfinishedOnLost(new Date(Date.now() - GIVE_UP_AFTER_MS));
      for (const egress of lost) await moves.move(egress, 'failed', { reason: 'The server that it ran on is gone.' });
    } catch (error) {
      log.warn({ err: error }, 'egresses of lost nodes could not be looked for');
    }
  }

  async #haveOthersContinue(egresses: readonly Egress[]): Promise<void> {
    for (const { id, status, sessionNodeId } of egresses) {
      if (sessionNodeId === this.#deps.nodeId || status === 'queued' || status === 'stopping') continue;
      await this.#deps.store.sendTo(sessionNodeId, { command: 'continue-egress', egressId: id });
    }
  }

  async #finish(egress: Egress): Promise<void> {
    const { launch, finisher, completion } = this.#deps;
    // Its session would have taken it along, if that had gone down too.
    if (egress.status === 'queued') return launch(egress);
    const hasNothing = egress.kind === 'livestream' && !egress.startedAt;
    await completion.complete(egress, {
      parts: await finisher.partsOf(egress),
      file: undefined,
      failure: hasNothing ? { reason: 'The server went down before it began.', blame: 'us' } : undefined,
    });
  }
}
