// How many connections there may be: of this node, of strangers whose token has not been checked, and of one owner.
import { tooManyConnections } from '../errors.ts';
import type { Limits } from '../limits.ts';

export type GateLimits = Pick<Limits, 'ownerSockets' | 'nodeSockets' | 'unknownSockets'>;

export class Gate {
  readonly #limits: GateLimits;
  readonly #owners = new Map<string, number>();
  #sockets = 0;
  #unknown = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** Whether one more connection fits. */
  get isOpen(): boolean {
    const { nodeSockets, unknownSockets } = this.#limits;
    return this.#sockets < nodeSockets && this.#unknown < unknownSockets;
  }

  /** Counts a connection until its `left` is called. */
  enter(): Visit {
    this.#sockets += 1;
    this.#unknown += 1;
    let ownerId: string | undefined;
    let isGone = false;
    return {
      identified: (owner) => {
        if (isGone || ownerId !== undefined) return;
        const count = this.#owners.get(owner) ?? 0;
        if (count >= this.#limits.ownerSockets) throw tooManyConnections();
        ownerId = owner;
        this.#owners.set(owner, count + 1);
        this.#unknown -= 1;
      },
      left: () => {
        if (isGone) return;
        isGone = true;
        this.#sockets -= 1;
        if (ownerId === undefined) this.#unknown -= 1;
        else this.#forgetOne(ownerId);
      },
    };
  }

  #forgetOne(ownerId: string): void {
    const count = (this.#owners.get(ownerId) ?? 1) - 1;
    if (count === 0) this.#owners.delete(ownerId);
    else this.#owners.set(ownerId, count);
  }
}

export interface Visit {
  /** Its token is good. Throws when its owner has too many connections. */
  identified(ownerId: string): void;
  /** It is gone. Safe to repeat. */
  left(): void;
}
