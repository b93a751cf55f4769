// What one connection may send and how much may wait for it. Whoever crosses a bound is refused, then cut off.
import { RateLimit } from '../kit/rate-limit.ts';
import type { Limits } from '../limits.ts';

export type TrafficLimits = Pick<
  Limits,
  'socketRequestsPerSecond' | 'socketNoticesPerSecond' | 'socketBytesPerSecond' | 'socketBufferBytes'
>;

/** A client that is refused and goes on at this many times the rate is no client. */
const CUT_FACTOR = 5;

export class Traffic {
  readonly #limits: TrafficLimits;
  readonly #requests: RateLimit;
  readonly #notices: RateLimit;
  readonly #frames: RateLimit;
  readonly #bytes: RateLimit;
  readonly #cut: (limit: keyof TrafficLimits) => void;
  #isCut = false;

  /** `cut` ends the connection, whatever waits to be read or written; it is called once, with the bound crossed. */
  constructor(limits: TrafficLimits, cut: (limit: keyof TrafficLimits) => void) {
    this.#limits = limits;
    this.#requests = new RateLimit(limits.socketRequestsPerSecond);
    this.#notices = new RateLimit(limits.socketNoticesPerSecond);
    this.#frames = new RateLimit(limits.socketRequestsPerSecond * CUT_FACTOR);
    this.#bytes = new RateLimit(limits.socketBytesPerSecond);
    this.#cut = cut;
  }

  /** A frame has arrived, whatever is in it. Returns whether it may be looked at. */
  received(bytes: number): boolean {
    if (!this.#frames.take()) this.#end('socketRequestsPerSecond');
    else if (!this.#bytes.take(bytes)) this.#end('socketBytesPerSecond');
    return !this.#isCut;
  }

  /** Whether another request may be served; `isNotice` when everybody in the room is told of it. */
  mayServe(isNotice: boolean): boolean {
    return this.#requests.take() && (!isNotice || this.#notices.take());
  }

  /** So many bytes wait to be read by the client. */
  waiting(bytes: number): void {
    if (bytes > this.#limits.socketBufferBytes) this.#end('socketBufferBytes');
  }

  #end(limit: keyof TrafficLimits): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#cut(limit);
  }
}
