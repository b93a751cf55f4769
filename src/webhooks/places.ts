// Who may be posted to at the same time: a bound on all attempts, on those of one owner, and on those to one host. Of
// what is free each gets a part only, so that a few slow ones never hold all of it.
import type { Limits } from '../limits.ts';

export type PlaceLimits = Pick<Limits, 'webhooksAtOnce' | 'webhooksPerOwner' | 'webhooksPerHost'>;

/** Whose deliveries, and where to. */
export interface Lane {
  ownerId: string;
  host: string;
}

/** One owner gets at most this part of the places that are free, and one host that part. */
const OWNER_PART = 1 / 4;
const HOST_PART = 1 / 8;
/** Of the places of one host, which several owners may share, one owner gets at most this part. */
const OWNER_PART_OF_HOST = 3 / 4;

/** How many more deliveries may be begun now. */
export interface Room {
  limit: number;
  perOwner: number;
  perHost: number;
  /** Of one owner at one host. */
  perLane: number;
  /** For those with attempts under way, instead of the numbers above; lanes by `laneKey`. */
  freeByOwner: Map<string, number>;
  freeByHost: Map<string, number>;
  freeByLane: Map<string, number>;
}

/** As the queue makes it too. */
export function laneKey({ ownerId, host }: Lane): string {
  return `${ownerId} ${host}`;
}

export class Places {
  readonly #limits: PlaceLimits;
  readonly #byOwner = new Count();
  readonly #byHost = new Count();
  readonly #byLane = new Count();
  #taken = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  take(lane: Lane): void {
    this.#change(lane, 1);
  }

  free(lane: Lane): void {
    this.#change(lane, -1);
  }

  /** True when one more of this owner could be begun at this host. */
  hasRoom(lane: Lane): boolean {
    const { webhooksAtOnce, webhooksPerOwner, webhooksPerHost } = this.#limits;
    return (
      this.#taken < webhooksAtOnce &&
      this.#byOwner.of(lane.ownerId) < webhooksPerOwner &&
      this.#byHost.of(lane.host) < webhooksPerHost &&
      this.#byLane.of(laneKey(lane)) < laneLimit(webhooksPerHost)
    );
  }

  room(): Room {
    const { webhooksAtOnce, webhooksPerOwner, webhooksPerHost } = this.#limits;
    const limit = Math.max(0, webhooksAtOnce - this.#taken);
    const perOwner = Math.min(webhooksPerOwner, Math.ceil(limit * OWNER_PART));
    const perHost = Math.min(webhooksPerHost, Math.ceil(limit * HOST_PART));
    const perLane = laneLimit(perHost);
    return {
      limit,
      perOwner,
      perHost,
      perLane,
      freeByOwner: this.#byOwner.left(perOwner, webhooksPerOwner),
      freeByHost: this.#byHost.left(perHost, webhooksPerHost),
      freeByLane: this.#byLane.left(perLane, laneLimit(webhooksPerHost)),
    };
  }

  #change(lane: Lane, by: 1 | -1): void {
    this.#taken += by;
    this.#byOwner.change(lane.ownerId, by);
    this.#byHost.change(lane.host, by);
    this.#byLane.change(laneKey(lane), by);
  }
}

/** True when something was given all it had room for, so that more of it may be due. */
export function usedUp(room: Room, begun: readonly Lane[]): boolean {
  if (begun.length >= room.limit) return true;
  const owners = begun.map(({ ownerId }) => ownerId);
  const hosts = begun.map(({ host }) => host);
  return (
    isAnyFull(owners, room.freeByOwner, room.perOwner) ||
    isAnyFull(hosts, room.freeByHost, room.perHost) ||
    isAnyFull(begun.map(laneKey), room.freeByLane, room.perLane)
  );
}

function isAnyFull(begun: readonly string[], free: ReadonlyMap<string, number>, otherwise: number): boolean {
  const counts = new Map(free.keys().map((key) => [key, 0]));
  for (const key of begun) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts.entries().some(([key, count]) => count >= (free.get(key) ?? otherwise));
}

function laneLimit(perHost: number): number {
  return Math.ceil(perHost * OWNER_PART_OF_HOST);
}

/** How many there are of each; those of which there are none are forgotten. */
class Count {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  change(key: string, by: number): void {
    const count = this.of(key) + by;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  /** What each that there are some of may have more: `share`, unless that is more than `most` in all. */
  left(share: number, most: number): Map<string, number> {
    return new Map(this.#counts.entries().map(([key, count]) => [key, Math.max(0, Math.min(share, most - count))]));
  }
}
