// Removes the files of deleted recordings and streams. Each place that has some is a row until it has none, so that
// neither a restart nor a storage that refuses for days leaves anything behind.
import { setTimeout as sleep } from 'node:timers/promises';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { Rounds } from '../kit/rounds.ts';
import { clip } from '../kit/text.ts';
import type { Logger } from '../log.ts';
import type { Finisher } from './finisher.ts';
import type { Uploads } from './uploads.ts';

export interface Removal {
  egressId: string;
  /** The disk of its node, or an object storage. */
  place: 'disk' | 'storage';
  folder: string | null;
  key: string | null;
  isFolder: boolean;
  attempts: number;
  createdAt: Date;
}

export interface RemovalStore {
  /** What a node may remove now, the longest waiting first. */
  dueRemovals(nodeId: string, query: { at: Date; limit: number }): Promise<Removal[]>;
  removalDone(removal: Removal): Promise<void>;
  removalFailed(removal: Removal, facts: { error: string; next: Date }): Promise<void>;
}

export interface RemovalsDeps {
  nodeId: string;
  store: RemovalStore;
  finisher: Pick<Finisher, 'removeFromDisk' | 'removeFromStorage'>;
  /** What is on its way to the storage arrives before it is removed. */
  uploads: Pick<Uploads, 'settled'>;
  log: Logger;
}

/** Finds what an earlier life, or a node that is gone, has left. */
const LOOK_EVERY_MS = 15_000;
const AT_ONCE = 4;
const FIRST_DELAY_MS = 1_000;
/** For as long as it takes: what was deleted must go. */
const LONGEST_DELAY_MS = 3600_000;
/** From this attempt on, after some minutes, an operator has to look. */
const LASTING_ATTEMPTS = 10;
const STOP_TIMEOUT_MS = 5_000;
const MAX_ERROR_LENGTH = 500;

export class Removals implements Service {
  readonly #deps: RemovalsDeps;
  readonly #running = new Map<string, Promise<void>>();
  readonly #looks = new Rounds(() => this.#look());
  readonly #lifecycle = new Lifecycle(
    async () => this.look(),
    () => this.#stop(),
  );

  constructor(deps: RemovalsDeps) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Waits a little for what is under way; the next start does it again. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Looks for what is due, now. */
  look(): void {
    this.#looks.ask();
  }

  async #stop(): Promise<void> {
    this.#looks.stop();
    const settled = Promise.all([this.#looks.running, ...this.#running.values()]);
    await Promise.race([settled, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  /** Never rejects. */
  async #look(): Promise<number> {
    await this.#beginDue().catch((error) => this.#deps.log.warn({ err: error }, 'removals could not be looked for'));
    return LOOK_EVERY_MS;
  }

  async #beginDue(): Promise<void> {
    if (this.#running.size >= AT_ONCE) return;
    const { store, nodeId } = this.#deps;
    for (const removal of await store.dueRemovals(nodeId, { at: new Date(), limit: 2 * AT_ONCE })) {
      const id = `${removal.egressId} ${removal.place}`;
      if (this.#running.has(id) || this.#running.size >= AT_ONCE) continue;
      const attempt = this.#attempt(removal).finally(() => {
        this.#running.delete(id);
        this.look();
      });
      this.#running.set(id, attempt);
    }
  }

  /** Never rejects. What cannot be noted is done again, which harms nothing. */
  async #attempt(removal: Removal): Promise<void> {
    const { store, log } = this.#deps;
    const { egressId, place, attempts } = removal;
    const facts = { egressId, place, attempt: attempts + 1 };
    try {
      await this.#remove(removal);
      await store.removalDone(removal);
      log.info(facts, 'removal.attempted');
    } catch (error) {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** attempts, LONGEST_DELAY_MS);
      const message = clip(error instanceof Error ? error.message : String(error), MAX_ERROR_LENGTH);
      const next = new Date(Date.now() + delayMs);
      log[attempts < LASTING_ATTEMPTS ? 'warn' : 'error']({ ...facts, err: error, next }, 'removal.attempted');
      await store
        .removalFailed(removal, { error: message, next })
        .catch((err) => log.warn({ err }, 'removal not noted'));
      setTimeout(() => this.look(), delayMs).unref();
    }
  }

  async #remove(removal: Removal): Promise<void> {
    const { finisher, uploads } = this.#deps;
    await uploads.settled(removal.egressId);
    if (removal.place === 'disk') await finisher.removeFromDisk(removal);
    else await finisher.removeFromStorage(removal);
  }
}
