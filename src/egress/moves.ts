// Writes the moves of egresses, however long the database needs to take them, and tells the meeting of each.
import { AppError } from '../errors.ts';
import { persist } from '../kit/persist.ts';
import { withoutPaths } from '../kit/reason.ts';
import type { Logger } from '../log.ts';
import type { Egress, EgressStatus, Gap } from '../protocol/egress.ts';
import { noticesOf, playableNotice } from './notices.ts';
import type { EgressStore, MoveFacts, Tell } from './ports.ts';

export class Moves {
  readonly #store: EgressStore;
  readonly #tell: Tell;
  readonly #log: Logger;
  readonly #patience = new AbortController();

  constructor(options: { store: EgressStore; tell: Tell; log: Logger }) {
    this.#store = options.store;
    this.#tell = options.tell;
    this.#log = options.log;
  }

  /** Answers nothing when the move is not (any more) possible; then somebody else has made it, or a later one. */
  async move(egress: Egress, to: EgressStatus, given: Partial<MoveFacts> = {}): Promise<Egress | undefined> {
    const at = new Date();
    // Reasons are shown to callers.
    const facts = given.reason === undefined ? given : { ...given, reason: withoutPaths(given.reason) };
    const moved = await this.#persist(egress, async (attempt) => {
      const made = await this.#store.move(egress.id, to, { ...facts, at });
      if (made || attempt === 1) return made;
      // The database may have taken it, and died before it could say so.
      const now = await this.#store.get(egress.id);
      return now?.status === to ? now : undefined;
    });
    if (moved) for (const notice of noticesOf(moved)) this.#tell(moved.sessionId, notice);
    return moved;
  }

  /** As it is stored now, which may be further than the caller knows. */
  async current(egress: Egress): Promise<Egress> {
    return (await this.#persist(egress, () => this.#store.get(egress.id))) ?? egress;
  }

  /** A player can play it from now on. */
  async playable(egress: Egress): Promise<Egress | undefined> {
    const at = new Date();
    const moved = await this.#persist(egress, () => this.#store.playable(egress.id, at));
    if (moved) this.#tell(moved.sessionId, playableNotice(moved));
    return moved;
  }

  /** The compositor crashed, and goes on after a gap. */
  addGap(egress: Egress, gap: Gap): Promise<void> {
    return this.#persist(egress, () => this.#store.addGap(egress.id, gap));
  }

  /** What is not taken now is left to the next start. */
  giveUp(): void {
    this.#patience.abort();
  }

  #persist<T>(egress: Egress, write: (attempt: number) => Promise<T>): Promise<T> {
    return persist(write, {
      isAnswer: (error) => error instanceof AppError,
      onFailure: (error, delayMs) =>
        this.#log.warn({ err: error, egressId: egress.id, delayMs }, 'move of an egress not written, trying again'),
      signal: this.#patience.signal,
    });
  }
}
