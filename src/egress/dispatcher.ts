// Begins an egress on the node that has room for it, and ends it wherever it runs.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { egressCalledOff, egressNotStarted } from '../errors.ts';
import type { Egress, EgressPlan, EgressStatus } from '../protocol/egress.ts';
import { needsOf } from './admission.ts';
import type { EgressStore } from './ports.ts';
import type { Studio } from './studio.ts';

export interface DispatcherDeps {
  nodeId: string;
  store: EgressStore;
  studio: Studio;
}

export interface EgressWish {
  sessionId: string;
  plan: EgressPlan;
  /** Whether others of its kind may run beside it. */
  beside: boolean;
  /** The auto-start request it comes from. */
  requestId?: string | undefined;
  /** The one that broke off and that it goes on for. */
  continues?: string | undefined;
}

/** Another node is asked this often how far it is. */
const LOOK_EVERY_MS = 200;
/** Whoever asked waits for half a minute at most. */
const START_TIMEOUT_MS = 25_000;
/** What another node has not begun by then, waits for a slot there. */
const QUEUE_TIMEOUT_MS = 3_000;
const BEGUN: readonly EgressStatus[] = ['active', 'stopping', 'completed'];

export class Dispatcher {
  readonly #deps: DispatcherDeps;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** Resolves when it has begun or waits for a slot. Throws when it could not be begun. */
  async begin({ plan, ...wish }: EgressWish): Promise<Egress> {
    const { store, studio } = this.#deps;
    const egress = await store.create({
      ...wish,
      plan,
      folder: plan.kind === 'hls' ? randomUUID() : null,
      needs: needsOf(plan.config),
      at: new Date(),
    });
    if (this.#isMine(egress)) {
      await studio.launch(egress);
      // It may have been given to another node that had room, or called off.
      return begunOrThrow((await store.get(egress.id)) ?? egress);
    }
    await store.sendTo(egress.nodeId, { command: 'start-egress', egressId: egress.id });
    return this.#begunElsewhere(egress);
  }

  async end(egress: Egress): Promise<void> {
    // Asked twice: it is on its way.
    if (egress.status === 'stopping') return;
    if (this.#isMine(egress)) await this.#deps.studio.end(egress.id);
    else await this.#deps.store.sendTo(egress.nodeId, { command: 'stop-egress', egressId: egress.id });
  }

  #isMine(egress: Egress): boolean {
    return egress.nodeId === this.#deps.nodeId;
  }

  async #begunElsewhere(egress: Egress): Promise<Egress> {
    const begunAt = Date.now();
    for (let now: Egress = egress; ; now = (await this.#deps.store.get(egress.id)) ?? now) {
      const waitedMs = Date.now() - begunAt;
      begunOrThrow(now);
      if (BEGUN.includes(now.status) || waitedMs > START_TIMEOUT_MS) return now;
      if (now.status === 'queued' && waitedMs > QUEUE_TIMEOUT_MS) return now;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** An egress that runs or may yet; throws for one that was called off, or has failed, before it had begun. */
function begunOrThrow(egress: Egress): Egress {
  const { kind, status, startedAt, reason } = egress;
  if (status === 'aborted') throw egressCalledOff(kind, reason ?? 'it was stopped before its turn came.');
  if (status === 'stopping' && !startedAt) throw egressCalledOff(kind, 'it was stopped before it had begun.');
  if (status === 'failed' && !startedAt) throw egressNotStarted(kind, reason ?? 'it broke');
  return egress;
}
