// The session of a room, as it is stored: the first join begins it, the last leave or the end of the room ends it.
import type { Logger } from '../log.ts';
import { autoStartRequests } from '../protocol/auto-start.ts';
import { newObjectId } from '../protocol/ids.ts';
import { DEFAULT_DURATION_MINUTES } from '../protocol/rest/rooms.ts';
import type { LeaveReason } from '../protocol/signaling.ts';
import { RECONNECT_GRACE_MS } from './lobby.ts';
import type { Joining, Participant } from './participant.ts';
import { persist } from './persist.ts';
import type { EndReason, JoinRecord, LiveStore, RoomFacts, TopicStore } from './ports.ts';

/** Position after every message. */
const END_OF_MESSAGES = String(2n ** 63n - 1n);

export interface LiveSessionDeps {
  facts: RoomFacts;
  store: LiveStore;
  topicStore: TopicStore;
  log: Logger;
}

export class LiveSession {
  readonly #deps: LiveSessionDeps;
  /** Clients get the id when they are let in, before the first one has joined. */
  #id = newObjectId();
  #live = false;

  constructor(deps: LiveSessionDeps) {
    this.#deps = deps;
  }

  /** The id of the session, or of the next one. */
  get id(): string {
    return this.#id;
  }

  get live(): boolean {
    return this.#live;
  }

  /** Stores a join; the session is live from then on. */
  async join(participant: Participant, joining: Joining, previous: JoinRecord['previous']): Promise<void> {
    const { facts, store } = this.#deps;
    const at = new Date();
    const { row, lastTokenHash } = await store.join({
      room: facts,
      begin: this.#live ? undefined : beginning(facts, at),
      sessionId: this.#id,
      participantId: participant.id,
      name: joining.displayName,
      mode: joining.mode,
      deviceInfo: joining.deviceInfo,
      metaData: joining.metaData,
      tokenHash: participant.tokenHash,
      at,
      previous,
    });
    this.#live = true;
    participant.joined(joining, row);
    await this.#hidePrivateHistory(participant, lastTokenHash);
  }

  /** Stores that a participant left, and with the last one that the session ended. */
  async leave(participant: Participant, reason: LeaveReason, at: Date, last: boolean): Promise<void> {
    const end = { sessionId: this.#id, reason: 'everyone-left' as const, leaveCode: reason.code, at };
    const leave = { sessionId: this.#id, participant: participant.row, reason, at, ...(last && { end }) };
    await persist(() => this.#deps.store.leave(leave), participant.log);
  }

  /** Stores that a connection was lost, and when it is given up. */
  async disconnect(participant: Participant, at: Date): Promise<void> {
    const { row, id: participantId } = participant;
    const lost = { sessionId: this.#id, participant: row, participantId, at, graceMs: RECONNECT_GRACE_MS };
    await persist(() => this.#deps.store.disconnect(lost), participant.log);
  }

  /** Stores that the session ended with people in it. */
  async end(reason: EndReason, leaveCode: number): Promise<void> {
    const end = { sessionId: this.#id, reason, leaveCode, at: new Date() };
    await persist(() => this.#deps.store.endSession(end), this.#deps.log);
  }

  /** The end is stored: the next join begins another session. */
  over(): void {
    this.#live = false;
    this.#id = newObjectId();
  }

  /** A participant that takes a free id which another held before does not get what was sent to that one. */
  async #hidePrivateHistory(participant: Participant, lastTokenHash: string | null): Promise<void> {
    if (participant.claim !== 'free' || lastTokenHash === null || lastTokenHash === participant.tokenHash) return;
    // The join is stored already: if it is not known which messages came before it, all private ones stay hidden.
    participant.privateAfter = await this.#deps.topicStore.latest(this.#id).catch(() => END_OF_MESSAGES);
  }
}

function beginning({ autoCloseConfig, autoStartConfig }: RoomFacts, at: Date): JoinRecord['begin'] {
  const minutes = autoCloseConfig?.duration ?? DEFAULT_DURATION_MINUTES;
  return { closesAt: new Date(at.getTime() + minutes * 60_000), autoStart: autoStartRequests(autoStartConfig) };
}
