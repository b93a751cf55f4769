// Goes on with what broke off on another node while its session here did not end: a new egress with the same plan, on
// whichever node has room. What the first one wrote is finished when its node comes back.
import { AppError } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import type { Logger } from '../log.ts';
import type { Egress, EgressPlan } from '../protocol/egress.ts';
import { LOST_AFTER_MS } from '../protocol/node.ts';
import { needsOf } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Moves } from './moves.ts';
import type { EgressStore } from './ports.ts';

export interface SuccessorsDeps {
  nodeId: string;
  store: EgressStore;
  dispatcher: Dispatcher;
  moves: Moves;
  /** Whether a session lives here now. */
  isLive(sessionId: string): boolean;
  log: Logger;
}

const LOOK_EVERY_MS = 5_000;

export class Successors {
  readonly #deps: SuccessorsDeps;
  #looking: NodeJS.Timeout | undefined;

  constructor(deps: SuccessorsDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { log } = this.#deps;
    this.#looking = setInterval(() => inBackground(log, 'look for broken egresses', () => this.#look()), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#looking);
  }

  /** What runs on its node no longer is continued, once. */
  async continue(egress: Egress): Promise<void> {
    const { store, dispatcher, moves, log } = this.#deps;
    const { id, sessionId, kind, nodeId } = egress;
    if (!this.#deps.isLive(sessionId)) return;
    if (egress.status === 'queued') {
      await store.handOver(id, needsOf(egress.config), new Date());
      return;
    }
    log.warn({ egressId: id, kind, node: nodeId }, 'egress broke off with its node, going on with a new one');
    await moves.move(egress, 'stopping');
    try {
      await dispatcher.begin({ sessionId, plan: planOf(egress), beside: true, continues: id });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.warn({ err: error, egressId: id }, 'egress not continued');
    }
  }

  async #look(): Promise<void> {
    const { store, nodeId, log } = this.#deps;
    try {
      const broken = await store.brokenOff(nodeId, new Date(Date.now() - LOST_AFTER_MS));
      await Promise.all(broken.map((egress) => this.continue(egress)));
    } catch (error) {
      log.warn({ err: error }, 'egresses of lost nodes could not be looked for');
    }
  }
}

/** A pre-signed address takes one file, and that is the first one's. */
function planOf({ kind, config, webhookUrl, outputs, fileFormat, dirPath, onFailure }: Egress): EgressPlan {
  return { kind, config, webhookUrl, outputs, fileFormat, dirPath, onFailure, preSignedUrl: null };
}
