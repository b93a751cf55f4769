// A socket as the server counts it: its place at the gate, its traffic, and what it sends before it is identified.
import type { Duplex } from 'node:stream';
import type { Limits } from '../limits.ts';
import type { Gate, Visit } from './gate.ts';
import { Traffic, type TrafficLimits } from './traffic.ts';

/** What a client sends before its token is checked: the head of its request, and which namespace it opens. */
const MAX_UNIDENTIFIED_BYTES = 64 * 1024;

export class WatchedSocket {
  readonly traffic: Traffic;
  readonly #visit: Visit;
  readonly #endBound: () => void;

  /** `cut` ends the connection; it is called once, with the bound that was crossed. */
  constructor(options: {
    gate: Gate;
    limits: Limits;
    unidentified?: Duplex | undefined;
    cut: (limit: keyof TrafficLimits) => void;
  }) {
    const { gate, limits, unidentified, cut } = options;
    this.#visit = gate.enter();
    this.traffic = new Traffic(limits, cut);
    this.#endBound = unidentified ? boundUnidentified(unidentified) : () => undefined;
  }

  /** The token is good. Throws when its owner has too many connections. */
  identified(ownerId: string): void {
    this.#endBound();
    this.#visit.identified(ownerId);
  }

  /** The connection has ended. Safe to repeat. */
  left(): void {
    this.#visit.left();
  }
}

/** Cuts off a client that sends much before it is identified; returns what ends that. */
function boundUnidentified(socket: Duplex): () => void {
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_UNIDENTIFIED_BYTES) socket.destroy();
  };
  socket.on('data', count);
  return () => socket.off('data', count);
}
