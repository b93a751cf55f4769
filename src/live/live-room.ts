// A room with people in it: the session that their presence makes. Joins, leaves and the end run one at a time.
import { badRequest, duplicateParticipant, noLiveSession } from '../errors.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { LEAVE_REASONS, type LeaveReason, type Notification, type PeerInfo } from '../protocol/signaling.ts';
import { LEAVE_REASON_OF } from './end-reasons.ts';
import { Forwarding } from './forwarding.ts';
import { LiveSession } from './live-session.ts';
import { type Decision, type Entry, Lobby } from './lobby.ts';
import type { MediaPlane, PeerMedia } from './media-plane.ts';
import { Moderation } from './moderation.ts';
import { Observers } from './observers.ts';
import type { Joining, Participant } from './participant.ts';
import type { EndReason, LiveStore, RoomFacts, TopicStore } from './ports.ts';
import { Roster } from './roster.ts';
import {
  type ObservedRoom,
  type SceneParticipant,
  type SessionObserver,
  toSceneParticipant,
} from './session-observer.ts';
import { SharedValues } from './shared-values.ts';
import { Topics } from './topics.ts';

export interface LiveRoomOptions {
  facts: RoomFacts;
  store: LiveStore;
  topicStore: TopicStore;
  media: MediaPlane;
  sessionObserver?: SessionObserver | undefined;
  limits: Limits;
  log: Logger;
  /** Called once, when nobody is left in any state. */
  onEmpty: () => void;
}

export class LiveRoom implements ObservedRoom {
  readonly facts: RoomFacts;
  readonly topics: Topics;
  readonly values: SharedValues;
  readonly forwarding: Forwarding;
  readonly moderation: Moderation;
  readonly #options: LiveRoomOptions;
  readonly #log: Logger;
  readonly #roster = new Roster();
  readonly #observers = new Observers(this.#roster);
  readonly #session: LiveSession;
  readonly #lobby: Lobby;
  /** Two people who join first at the same time must make one session. */
  readonly #queue = new SerialQueue();
  /** How many clients are entering; the room stays open for them. */
  #entering = 0;
  #closed = false;

  constructor(options: LiveRoomOptions) {
    const { facts, store, topicStore, limits, media } = options;
    this.#options = options;
    this.facts = facts;
    this.#log = options.log.child({ roomId: facts.roomId });
    this.#session = new LiveSession({ facts, store, topicStore, log: this.#log });
    this.topics = new Topics(topicStore, limits);
    this.values = new SharedValues(limits);
    const roster = this.#roster;
    const onChanged = () => this.#changed();
    this.forwarding = new Forwarding({
      roster,
      media,
      onChanged,
      onSpeaker: (participantId) => options.sessionObserver?.spoke(this, participantId),
    });
    this.moderation = new Moderation({
      roster,
      store,
      onChanged,
      leave: (participant, reason) => this.leave(participant, reason),
      endSession: () => this.end('closed'),
    });
    this.#lobby = new Lobby({
      roster,
      limits,
      spans: store,
      openPeer: () => this.forwarding.openPeer(),
      observers: this.#observers,
      sessionId: () => this.sessionId,
      log: this.#log,
    });
  }

  get sessionId(): string {
    return this.#session.id;
  }

  get live(): boolean {
    return this.#session.live;
  }

  get size(): number {
    return this.#roster.size;
  }

  get activeSpeaker(): string | null {
    return this.forwarding.activeSpeaker;
  }

  /** Those whose connection holds, in the order in which they joined. */
  get present(): Participant[] {
    return this.#roster.present;
  }

  /** Those of them who may send streams. */
  get scene(): SceneParticipant[] {
    return this.present.filter(({ mode }) => mode === 'SEND_AND_RECV').map(toSceneParticipant);
  }

  participant(id: string): Participant | undefined {
    return this.#roster.find(id);
  }

  /** True once the participant has been let in; until then it can do nothing. */
  isAdmitted(participant: Participant): boolean {
    return this.#roster.isAdmitted(participant);
  }

  isJoined(participant: Participant): boolean {
    return this.#roster.isJoined(participant);
  }

  /** Admits a client, or lets it ask those who may decide; see `Lobby`. */
  async enter(entry: Entry): Promise<Participant> {
    this.#entering += 1;
    try {
      return await this.#lobby.enter(entry);
    } finally {
      this.#entering -= 1;
      // A room is made for the first client that enters; if that one is refused, the room goes again.
      this.#closeIfEmpty();
    }
  }

  decide(by: Participant, id: string, decision: Decision): void {
    this.#lobby.decide(by, id, decision);
  }

  /** Notifies a client that asked for entry of the decision. */
  sendDecision(participant: Participant, decision: Decision): void {
    this.#lobby.sendDecision(participant, decision);
  }

  /** Allows a hidden observer with this secret id. Call the returned function to revoke it. */
  expectObserver(id: string): () => void {
    return this.#observers.expect(id);
  }

  /** Joins; the first one begins the session. Returns the others who are there. */
  join(participant: Participant, joining: Joining): Promise<PeerInfo[]> {
    return this.#queue.run(async () => {
      if (!this.#roster.admitted.has(participant)) throw badRequest('NOT_ADMITTED', 'Ask for entry before joining.');
      if (participant.hidden) return this.#joinObserver(participant, joining);
      const previous = this.#roster.find(participant.id);
      if (previous && !participant.replaces.has(previous)) throw duplicateParticipant(participant.id);
      const isBack = previous !== undefined && participant.claim === 'back';
      const begins = !this.live;
      await this.#session.join(participant, joining, previous ? (isBack ? 'resume' : 'replace') : 'none');
      const looksTheSame = isBack && participant.looksLike(previous);
      if (looksTheSame) participant.pin = previous.pin;
      if (previous) this.#replace(previous, looksTheSame);
      const others = this.#roster.joined.map(({ info }) => info);
      this.#roster.join(participant);
      participant.onGone(() => this.values.forget(participant));
      if (!looksTheSame) this.#roster.notify({ method: 'newPeer', ...participant.info }, participant);
      this.#log.info({ participantId: participant.id, sessionId: this.sessionId }, 'participant joined');
      if (begins) this.#options.sessionObserver?.began(this);
      this.#changed();
      return others;
    });
  }

  /** Sends a client, once it has the answer to `join`, all that already runs. */
  sendInitialState(participant: Participant): void {
    if (!this.isJoined(participant)) return;
    this.#options.sessionObserver?.arrived(this, participant);
    for (const other of this.#roster.joined) {
      if (other === participant) continue;
      this.forwarding.sendMediaStates(participant, other);
      this.moderation.sendPinOf(other, participant);
    }
    this.forwarding.offerAll(participant);
    this.forwarding.sendActiveSpeaker(participant);
    this.forwarding.forwardExisting(participant);
    this.#lobby.sendRequests(participant);
  }

  /** Leaves for good, in any state; the last one to leave ends the session. */
  leave(participant: Participant, reason: LeaveReason, at = new Date(), keepMedia = false): Promise<void> {
    return this.#queue.run(async () => {
      participant.leaving = true;
      if (!keepMedia) participant.media.close();
      if (participant.hidden) this.#observers.dismiss(participant, reason);
      else if (this.isJoined(participant)) await this.#leaveJoined(participant, reason, at, keepMedia);
      this.#roster.remove(participant);
      participant.depart();
      this.#closeIfEmpty();
    });
  }

  /** A connection was lost without a goodbye: its media goes at once, its place is kept for the grace period. */
  disconnected(participant: Participant): Promise<void> {
    const hasPlace = this.isJoined(participant) && !participant.hidden;
    if (!hasPlace) return this.leave(participant, LEAVE_REASONS.WEBSOCKET_DISCONNECTED);
    return this.#queue.run(async () => {
      if (!this.isJoined(participant) || participant.lostAt) return;
      const at = new Date();
      participant.lostAt = at;
      participant.gone();
      participant.media.close();
      this.#changed();
      await this.#session.disconnect(participant, at);
    });
  }

  /** The grace period of a lost connection is over; unless it came back, the participant left when it was lost. */
  async reconnectTimeout(participantId: string, disconnectedAt: string): Promise<void> {
    const participant = this.#roster.find(participantId);
    if (participant?.lostAt?.toISOString() !== disconnectedAt) return;
    await this.leave(participant, LEAVE_REASONS.WEBSOCKET_DISCONNECTED, participant.lostAt);
  }

  /** Ends the session, if there is one, and closes all connections, also of clients that still ask for entry. */
  end(reason: EndReason): Promise<void> {
    return this.#queue.run(async () => {
      const leaveReason = LEAVE_REASON_OF[reason];
      if (this.live) {
        await this.#session.end(reason, leaveReason.code);
        this.#sessionOver(reason);
      }
      for (const participant of this.#roster.clear()) {
        // A node that stops is soon there again, or another takes over: clients reconnect instead of leaving.
        if (reason === 'node-stopped') participant.link.drop();
        else participant.link.close(leaveReason);
        participant.media.close();
        participant.depart();
      }
      this.#closeIfEmpty();
    });
  }

  /** Media of these peers is gone with its worker: their clients are made to reconnect. */
  mediaLost(lost: ReadonlySet<PeerMedia>): void {
    for (const participant of [...this.#roster.audience, ...this.#roster.admitted]) {
      if (lost.has(participant.media)) participant.link.drop();
    }
  }

  notifyAll(notification: Notification): void {
    this.#roster.notify(notification);
  }

  /** An observer does not begin a session. */
  #joinObserver(observer: Participant, joining: Joining): PeerInfo[] {
    if (!this.live) throw noLiveSession(this.facts.roomId);
    this.#observers.join(observer, joining);
    observer.onGone(() => this.values.forget(observer));
    this.#log.info({ participantId: observer.id, sessionId: this.sessionId }, 'observer joined');
    return this.#roster.joined.map(({ info }) => info);
  }

  /** A participant who is back after a lost connection never left for the others: only the streams came and went. */
  #replace(previous: Participant, looksTheSame: boolean): void {
    const reason = previous.connected ? LEAVE_REASONS.DUPLICATE_PARTICIPANT : LEAVE_REASONS.WEBSOCKET_DISCONNECTED;
    // First, so that the others hear that its streams end before they hear that it left.
    previous.media.close();
    this.#roster.remove(previous);
    previous.gone();
    previous.link.close(reason);
    previous.depart();
    if (!looksTheSame) this.#roster.notify({ method: 'peerClosed', peerId: previous.id, reason });
  }

  async #leaveJoined(participant: Participant, reason: LeaveReason, at: Date, keepMedia: boolean): Promise<void> {
    const last = this.#roster.size === 1;
    await this.#session.leave(participant, reason, at, last);
    this.#roster.remove(participant);
    participant.gone();
    if (keepMedia) this.forwarding.withdrawAll(participant);
    this.#roster.notify({ method: 'peerClosed', peerId: participant.id, reason });
    this.#log.info({ participantId: participant.id, sessionId: this.sessionId, code: reason.code }, 'participant left');
    if (last) this.#sessionOver('everyone-left');
    else this.#changed();
  }

  #sessionOver(reason: EndReason): void {
    const { sessionId } = this;
    this.#log.info({ sessionId, reason }, 'session ended');
    this.#session.over();
    this.forwarding.sessionOver();
    this.values.clear();
    this.topics.sessionOver();
    this.#observers.dismissAll(LEAVE_REASON_OF[reason]);
    this.#options.sessionObserver?.ended(this, sessionId);
  }

  #changed(): void {
    if (this.live) this.#options.sessionObserver?.changed(this);
  }

  #closeIfEmpty(): void {
    if (this.#closed || !this.#roster.isEmpty || this.#entering > 0) return;
    this.#closed = true;
    this.forwarding.close();
    this.#options.onEmpty();
  }
}
