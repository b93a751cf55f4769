// Hidden observers: pages that watch a meeting to record it, under a secret id. The others neither see nor count them.
import { LEAVE_REASONS, type LeaveReason } from '../protocol/signaling.ts';
import type { Joining, Participant } from './participant.ts';
import type { Roster } from './roster.ts';

export class Observers {
  readonly #roster: Roster;
  readonly #expected = new Set<string>();

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  /** Allows an observer with this secret id. Call the returned function to revoke it. */
  expect(id: string): () => void {
    this.#expected.add(id);
    return () => {
      this.#expected.delete(id);
      const observer = this.#roster.observer(id);
      if (observer) this.dismiss(observer, LEAVE_REASONS.ROOM_CLOSE);
    };
  }

  isExpected(id: string): boolean {
    return this.#expected.has(id);
  }

  /** A page that is loaded again takes its own place. */
  join(observer: Participant, joining: Joining): void {
    const previous = this.#roster.observer(observer.id);
    if (previous) this.dismiss(previous, LEAVE_REASONS.DUPLICATE_PARTICIPANT);
    observer.joined(joining, '');
    this.#roster.join(observer);
  }

  dismiss(observer: Participant, reason: LeaveReason): void {
    this.#roster.remove(observer);
    observer.gone();
    observer.link.close(reason);
    observer.media.close();
  }

  dismissAll(reason: LeaveReason): void {
    for (const observer of this.#roster.observers) this.dismiss(observer, reason);
  }
}
