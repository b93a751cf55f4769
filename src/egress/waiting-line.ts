// What waits for a slot of this node. Owners take turns, whoever has more waiting: the next is the oldest of the owner
// for whom least is composed here. Another node that has room may take it before.
import type { Logger } from '../log.ts';
import type { Egress } from '../protocol/egress.ts';
import { needsOf } from './admission.ts';
import type { EgressStore } from './ports.ts';

export class WaitingLine {
  readonly #deps: { store: EgressStore; log: Logger };
  #waiting: Egress[] = [];

  constructor(deps: { store: EgressStore; log: Logger }) {
    this.#deps = deps;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The one whose turn it is, by the slots that each owner has taken. */
  next(slotsOf: ReadonlyMap<string, number>): Egress | undefined {
    const taken = ({ ownerId }: Egress) => slotsOf.get(ownerId) ?? 0;
    const least = Math.min(...this.#waiting.map(taken));
    return this.#waiting.find((egress) => taken(egress) === least);
  }

  has(id: string): boolean {
    return this.#waiting.some((egress) => egress.id === id);
  }

  hasSession(sessionId: string): boolean {
    return this.#waiting.some((egress) => egress.sessionId === sessionId);
  }

  /** Lets it wait, unless another node has room for it. */
  async join(egress: Egress): Promise<void> {
    this.#waiting.push(egress);
    await this.#offer(egress);
    if (!this.has(egress.id)) return;
    this.#deps.log.info({ egressId: egress.id, position: this.#waiting.length }, 'egress waits for a slot');
  }

  /** Takes one out of it. */
  leave(id: string): Egress | undefined {
    const egress = this.#waiting.find((it) => it.id === id);
    this.#waiting = this.#waiting.filter((it) => it !== egress);
    return egress;
  }

  leaveAllOf(sessionId: string): void {
    this.#waiting = this.#waiting.filter((egress) => egress.sessionId !== sessionId);
  }

  /** Gives what waits here to nodes that have room by now, oldest first. */
  async offerAll(): Promise<void> {
    for (const egress of this.#waiting) await this.#offer(egress);
  }

  async #offer(egress: Egress): Promise<void> {
    const { store, log } = this.#deps;
    try {
      const taken = await store.handOver(egress.id, needsOf(egress.config), new Date());
      if (!taken) return;
      this.leave(egress.id);
      log.info({ egressId: egress.id, node: taken.nodeId }, 'egress is run by another node');
    } catch (error) {
      log.warn({ err: error, egressId: egress.id }, 'egress could not be offered to other nodes');
    }
  }
}
