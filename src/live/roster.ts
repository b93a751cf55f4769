// Who is in a room, and in which state: asking for entry, admitted, joined, or observing for a recording.
import { badRequest, notFound } from '../errors.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { Participant } from './participant.ts';

export class Roster {
  readonly #asking = new Set<Participant>();
  readonly #admitted = new Set<Participant>();
  readonly #joined = new Map<string, Participant>();
  /** Recorders that watch through a page: they see and hear all, and are no part of the session. */
  readonly #observers = new Map<string, Participant>();

  get asking(): ReadonlySet<Participant> {
    return this.#asking;
  }

  /** Let in, and not joined yet. */
  get admitted(): ReadonlySet<Participant> {
    return this.#admitted;
  }

  /** In the order in which they joined. */
  get joined(): Participant[] {
    return [...this.#joined.values()];
  }

  get observers(): Participant[] {
    return [...this.#observers.values()];
  }

  /** Those who joined and whose connection holds. */
  get present(): Participant[] {
    return this.joined.filter(({ connected }) => connected);
  }

  /** All who are notified of what happens, and receive what is sent. */
  get audience(): Participant[] {
    return [...this.#joined.values(), ...this.#observers.values()];
  }

  /** Those who may decide on requests for entry now. */
  get deciders(): Participant[] {
    return this.present.filter(({ grant }) => grant.entry === 'allowed');
  }

  /** How many have joined. */
  get size(): number {
    return this.#joined.size;
  }

  get isEmpty(): boolean {
    return this.#joined.size + this.#admitted.size + this.#asking.size === 0;
  }

  /** The participant who has joined under an id. */
  find(id: string): Participant | undefined {
    return this.#joined.get(id);
  }

  observer(id: string): Participant | undefined {
    return this.#observers.get(id);
  }

  /** All who hold an id in any state; the one who has joined comes first. */
  holdersOf(id: string): Participant[] {
    const joined = this.#joined.get(id);
    const others = [...this.#admitted, ...this.#asking].filter((it) => it.id === id && !it.hidden);
    return joined ? [joined, ...others] : others;
  }

  /** True once the participant has been let in; until then it can do nothing. */
  isAdmitted(participant: Participant): boolean {
    return this.#admitted.has(participant) || this.isJoined(participant);
  }

  isJoined(participant: Participant): boolean {
    const present = participant.hidden ? this.#observers : this.#joined;
    return present.get(participant.id) === participant;
  }

  ask(participant: Participant): void {
    this.#asking.add(participant);
  }

  admit(participant: Participant): void {
    this.#asking.delete(participant);
    this.#admitted.add(participant);
  }

  join(participant: Participant): void {
    this.#admitted.delete(participant);
    const present = participant.hidden ? this.#observers : this.#joined;
    present.set(participant.id, participant);
  }

  /** Removes a participant in any state; its id may be held by another meanwhile. */
  remove(participant: Participant): void {
    this.#asking.delete(participant);
    this.#admitted.delete(participant);
    if (!this.isJoined(participant)) return;
    if (participant.hidden) this.#observers.delete(participant.id);
    else this.#joined.delete(participant.id);
  }

  /** Removes all but the observers, and returns them. */
  clear(): Participant[] {
    const removed = [...this.#joined.values(), ...this.#admitted, ...this.#asking];
    this.#joined.clear();
    this.#admitted.clear();
    this.#asking.clear();
    return removed;
  }

  notify(notification: Notification, except?: Participant): void {
    for (const participant of this.audience) {
      if (participant !== except && participant.connected) participant.link.notify(notification);
    }
  }

  /** The participant who has joined under an id; throws when there is none. */
  require(id: string): Participant {
    const participant = this.#joined.get(id);
    if (!participant) throw notFound('Participant', id);
    return participant;
  }

  requireJoined(participant: Participant): void {
    if (!this.isJoined(participant)) throw badRequest('NOT_JOINED', 'Join the meeting first.');
  }
}
