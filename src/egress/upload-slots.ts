// Which uploads run at the same time: a bound on all of them, on those of one owner, and on those of one owner to one
// host. Without the last two, one receiver that says nothing would hold up every file of the node.
import type { Limits } from '../limits.ts';

interface Queued {
  id: string;
  ownerId: string;
  /** Host and port of the address; empty for the storage of this installation. */
  host: string;
}

export type UploadLimits = Pick<Limits, 'uploadsAtOnce' | 'uploadsPerOwner' | 'uploadsPerHost'>;

export class UploadSlots {
  readonly #limits: UploadLimits;
  readonly #taken = new Map<string, Queued>();

  constructor(limits: UploadLimits) {
    this.#limits = limits;
  }

  /** Ids of the uploads that run. */
  get running(): string[] {
    return [...this.#taken.keys()];
  }

  /** Owners that may begin nothing now. */
  get fullOwners(): string[] {
    const owners = new Set([...this.#taken.values()].map(({ ownerId }) => ownerId));
    return [...owners].filter((ownerId) => this.#countOf(ownerId) >= this.#limits.uploadsPerOwner);
  }

  get hasRoom(): boolean {
    return this.#taken.size < this.#limits.uploadsAtOnce;
  }

  /**
   * Takes a slot for one of those that are due, which come in the order of their waiting: the first of the owner that
   * has the fewest running. Returns undefined when none may begin.
   */
  takeNext<T extends Queued>(due: readonly T[]): T | undefined {
    if (!this.hasRoom) return undefined;
    const fitting = due.filter((upload) => this.#fits(upload));
    const fewest = Math.min(...fitting.map(({ ownerId }) => this.#countOf(ownerId)));
    const next = fitting.find(({ ownerId }) => this.#countOf(ownerId) === fewest);
    if (next) this.#taken.set(next.id, next);
    return next;
  }

  free(id: string): void {
    this.#taken.delete(id);
  }

  #fits({ id, ownerId, host }: Queued): boolean {
    if (this.#taken.has(id) || this.#countOf(ownerId) >= this.#limits.uploadsPerOwner) return false;
    return this.#countOf(ownerId, host) < this.#limits.uploadsPerHost;
  }

  #countOf(ownerId: string, host?: string): number {
    const running = [...this.#taken.values()].filter((upload) => upload.ownerId === ownerId);
    return host === undefined ? running.length : running.filter((upload) => upload.host === host).length;
  }
}
