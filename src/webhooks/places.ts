// Who may be posted to at the same time: a bound on all attempts, and on those to one host.

/** An attempt is little more than a socket, but each may stay for ten seconds. */
const MAX_IN_FLIGHT = 256;
const MAX_PER_HOST = 32;
/** One host gets at most this part of the places that are free, so that a few slow ones never hold them all. */
const HOST_PART = 8;

/** How many more deliveries may be begun now. */
export interface Room {
  limit: number;
  perHost: number;
  /** For hosts with attempts under way, instead of `perHost`. */
  freeByHost: Map<string, number>;
}

export class Places {
  readonly #byHost = new Map<string, number>();
  #taken = 0;

  get taken(): number {
    return this.#taken;
  }

  take(host: string): void {
    this.#taken++;
    this.#byHost.set(host, (this.#byHost.get(host) ?? 0) + 1);
  }

  free(host: string): void {
    this.#taken--;
    const left = (this.#byHost.get(host) ?? 1) - 1;
    if (left > 0) this.#byHost.set(host, left);
    else this.#byHost.delete(host);
  }

  /** True when one more could be begun at this host. */
  hasRoom(host: string): boolean {
    return this.#taken < MAX_IN_FLIGHT && (this.#byHost.get(host) ?? 0) < MAX_PER_HOST;
  }

  room(): Room {
    const limit = Math.max(0, MAX_IN_FLIGHT - this.#taken);
    const perHost = Math.min(MAX_PER_HOST, Math.ceil(limit / HOST_PART));
    const freeByHost = new Map<string, number>();
    for (const [host, busy] of this.#byHost) freeByHost.set(host, Math.max(0, Math.min(perHost, MAX_PER_HOST - busy)));
    return { limit, perHost, freeByHost };
  }
}

/** True when something was given all it had room for, so that more of it may be due. */
export function usedUp({ limit, perHost, freeByHost }: Room, begunHosts: readonly string[]): boolean {
  if (begunHosts.length >= limit) return true;
  const begun = new Map(freeByHost.keys().map((host) => [host, 0]));
  for (const host of begunHosts) begun.set(host, (begun.get(host) ?? 0) + 1);
  return begun.entries().some(([host, count]) => count >= (freeByHost.get(host) ?? perHost));
}
