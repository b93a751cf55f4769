// How many connections there may be: of this node, of strangers whose token has not been checked, and of one owner.
import { tooManyConnections } from '../errors.ts';
import { InFlight } from '../kit/in-flight.ts';
import type { Limits } from '../limits.ts';

export type GateLimits = Pick<Limits, 'ownerSockets' | 'nodeSockets' | 'unknownSockets'>;

export class Gate {
  readonly #limits: GateLimits;
  readonly #owners: InFlight;
  #sockets = 0;
  #unknown = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
    this.#owners = new InFlight({ perKey: limits.ownerSockets });
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
        if (this.#owners.enter(owner)) throw tooManyConnections();
        ownerId = owner;
        this.#unknown -= 1;
      },
      left: () => {
        if (isGone) return;
        isGone = true;
        this.#sockets -= 1;
        if (ownerId === undefined) this.#unknown -= 1;
        else this.#owners.leave(ownerId);
      },
    };
  }
}

export interface Visit {
  /** Its token is good. Throws when its owner has too many connections. */
  identified(ownerId: string): void;
  /** It is gone. Safe to repeat. */
  left(): void;
}
