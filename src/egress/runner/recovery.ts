// What this node has to run, but does not: what an earlier life of it left unfinished, and what it missed while the
// database was away. It is started again where nothing had come of it, else finished with what is on the disk.
import { inBackground } from '../../kit/in-background.ts';
import type { Logger } from '../../log.ts';
import type { Egress } from '../../protocol/egress.ts';
import type { Moves } from '../moves.ts';
import type { EgressStore } from '../ports.ts';
import type { Finisher } from '../storage/finisher.ts';
import type { Completion } from './completion.ts';
import type { CompositorProcesses } from './compositor-processes.ts';

export interface RecoveryDeps {
  nodeId: string;
  store: EgressStore;
  finisher: Finisher;
  processes: CompositorProcesses;
  completion: Completion;
  moves: Moves;
  /** Whether an egress runs here, or is about to. */
  has(id: string): boolean;
  launch(egress: Egress): Promise<void>;
  log: Logger;
}

const LOST_SWEEP_MS = 10 * 60_000;
/** A node that is repaired within a day finishes what it has by itself. */
const GIVE_UP_AFTER_MS = 24 * 3600_000;
/** What is unknown here in two looks although it is for this node has been missed. */
const MISSED_SWEEP_MS = 15_000;

export class Recovery {
  readonly #deps: RecoveryDeps;
  #timers: NodeJS.Timeout[] = [];
  #finishing: Promise<void> = Promise.resolve();
  #unknown: ReadonlySet<string> = new Set();
  #isSweeping = false;
  #isStopped = false;

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** Resolves when it is known what was left unfinished; finishing it goes on. */
  async start(): Promise<void> {
    const every = (ms: number, what: string, work: () => Promise<void>) =>
      setInterval(() => inBackground(this.#deps.log, what, work), ms);
    this.#timers = [
      every(LOST_SWEEP_MS, 'look for lost egresses', () => this.#giveUpLost()),
      every(MISSED_SWEEP_MS, 'look for missed egresses', () => this.#takeUpMissed()),
    ];
    const left = await this.#unknownHere();
    this.#finishing = this.#finishAll(left).catch((error) =>
      this.#deps.log.error({ err: error }, 'what was left unfinished could not be finished'),
    );
  }

  /** Nothing more is taken up. Resolves when what was left by an earlier life is finished. */
  stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    return this.#finishing;
  }

  async #finishAll(egresses: readonly Egress[]): Promise<void> {
    if (egresses.length === 0) return;
    const { processes, log } = this.#deps;
    log.warn({ egresses: egresses.length }, 'finishing what this node left unfinished when it went down');
    await this.#haveOthersContinue(egresses);
    await processes.endOrphans();
    for (const egress of egresses) await this.#takeUp(egress);
  }

  /** A session that lives on another node goes on, so that node is asked to have it continued. */
  async #haveOthersContinue(egresses: readonly Egress[]): Promise<void> {
    for (const { id, status, sessionNodeId } of egresses) {
      if (sessionNodeId === this.#deps.nodeId || status === 'queued' || status === 'stopping') continue;
      await this.#deps.store.sendTo(sessionNodeId, { command: 'continue-egress', egressId: id });
    }
  }

  /** What was created, or ended, while the database was away: neither a job nor a reply has come for it. */
  async #takeUpMissed(): Promise<void> {
    if (this.#isSweeping || this.#isStopped) return;
    this.#isSweeping = true;
    try {
      await this.#finishing;
      const unknown = await this.#unknownHere();
      const missed = unknown.filter(({ id }) => this.#unknown.has(id));
      this.#unknown = new Set(unknown.map(({ id }) => id));
      for (const egress of missed) await this.#takeUp(egress);
    } finally {
      this.#isSweeping = false;
    }
  }

  async #unknownHere(): Promise<Egress[]> {
    const unfinished = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
    return unfinished.filter(({ id }) => !this.#deps.has(id));
  }

  /** Begins or finishes one that nothing runs of here. Never rejects. */
  async #takeUp(egress: Egress): Promise<void> {
    if (this.#isStopped) return;
    try {
      // Its session would have taken it along, if that had gone down too.
      if (egress.status === 'queued') await this.#deps.launch(egress);
      else await this.#finish(egress);
    } catch (error) {
      this.#deps.log.error({ err: error, egressId: egress.id }, 'egress could not be finished');
    }
  }

  async #finish(egress: Egress): Promise<void> {
    const { finisher, completion } = this.#deps;
    const hasNothing = egress.kind === 'livestream' && !egress.startedAt;
    await completion.complete(egress, {
      parts: await finisher.partsOf(egress),
      file: undefined,
      failure: hasNothing ? { reason: 'The server went down before it began.', blame: 'us' } : undefined,
    });
  }

  /** What is on the disk of a node that does not come back is lost, and reported as failed in the end. */
  async #giveUpLost(): Promise<void> {
    const { store, moves, log } = this.#deps;
    try {
      const lost = await store.unfinishedOnLost(new Date(Date.now() - GIVE_UP_AFTER_MS));
      for (const egress of lost) await moves.move(egress, 'failed', { reason: 'The server that it ran on is gone.' });
    } catch (error) {
      log.warn({ err: error }, 'egresses of lost nodes could not be looked for');
    }
  }
}
