// A room with people in it: who is let in, who is there, the session that their presence makes, and who receives what.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  badRequest,
  duplicateParticipant,
  invalidPermissions,
  noLiveSession,
  notFound,
  participantNotAllowed,
  refused,
  roomFull,
} from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { KeyedQueue } from '../kit/keyed-queue.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { isObserverId, newObjectId } from '../protocol/ids.ts';
import { DEFAULT_DURATION_MINUTES } from '../protocol/rest/rooms.ts';
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Mode,
  type Notification,
  type PeerInfo,
  type PinState,
  type StreamKind,
} from '../protocol/signaling.ts';
import { autoStartRequests } from './auto-start.ts';
import type { ParticipantLink } from './link.ts';
import type { AppData, DataPublication, MediaPlane, PeerMedia, Publication, RoomMedia } from './media-plane.ts';
import type { Onlooker, SceneParticipant } from './onlooker.ts';
import { type Claim, type Joining, Participant, streamKind } from './participant.ts';
import { persist } from './persist.ts';
import type { EndReason, JoinGrant, LiveStore, MediaSpanKind, RoomFacts, TopicStore } from './ports.ts';
import { SharedValues } from './shared-values.ts';
import { Topics } from './topics.ts';

/** How long a lost connection may take to come back: the SDK tries after 2.5 to 5 s, then every 5 s. */
export const RECONNECT_GRACE_MS = 15_000;
/** How long a connection may take to answer before it counts as dead. */
const PING_TIMEOUT_MS = 2_000;
/** By how much later than after the grace somebody is given up. */
const DEPARTURE_SLACK_MS = 3_000;
/** Position after every message. */
const EVERYTHING = String(2n ** 63n - 1n);
/** How long a new data channel waits for its receivers. */
const DATA_READY_TIMEOUT_MS = 2_000;

const SPAN_OF: Record<StreamKind, MediaSpanKind> = {
  audio: 'mic',
  video: 'webcam',
  share: 'screenShare',
  shareAudio: 'screenShareAudio',
};

const LEAVE_REASON_OF: Record<EndReason, LeaveReason> = {
  'everyone-left': LEAVE_REASONS.ROOM_CLOSE,
  closed: LEAVE_REASONS.ROOM_CLOSE,
  'auto-closed': LEAVE_REASONS.ROOM_CLOSE,
  'ended-by-api': LEAVE_REASONS.MEETING_END_API,
  deactivated: LEAVE_REASONS.MEETING_END_API,
  'node-lost': LEAVE_REASONS.WEBSOCKET_DISCONNECTED,
  'node-stopped': LEAVE_REASONS.WEBSOCKET_DISCONNECTED,
};

export interface LiveRoomOptions {
  facts: RoomFacts;
  store: LiveStore;
  topicStore: TopicStore;
  media: MediaPlane;
  onlooker?: Onlooker | undefined;
  limits: Limits;
  log: Logger;
  /** Called once, when nobody is left in any state. */
  onEmpty: () => void;
}

/** A client that wants to come in. */
export interface Entry {
  link: ParticipantLink;
  id: string;
  name: string;
  grant: JoinGrant;
  token: string;
  /** What our own client got with its last join. */
  reconnectSecret?: string | undefined;
  media?: PeerMedia;
  switchingRoomId?: string;
}

export class LiveRoom {
  readonly facts: RoomFacts;
  readonly values: SharedValues;
  readonly topics: Topics;
  readonly #options: LiveRoomOptions;
  readonly #log: Logger;
  /** Joins, leaves and the end run one at a time: two people who join first must make one session. */
  readonly #queue = new SerialQueue();
  /** Who enters under an id, one at a time. */
  readonly #claims = new KeyedQueue();
  /** How many are about to. */
  #entering = 0;
  readonly #asking = new Map<ParticipantLink, Participant>();
  readonly #admitted = new Set<Participant>();
  readonly #joined = new Map<string, Participant>();
  /** Recorders that watch through a page: they see and hear all, and are no part of the session. */
  readonly #observers = new Map<string, Participant>();
  readonly #expectedObservers = new Set<string>();
  #roomMedia: RoomMedia | undefined;
  /** Who speaks now: told when it changes, and to who comes while it does not. */
  #speaker: Participant | undefined;
  #session: { id: string; startedAt: Date } | undefined;
  /** The id the next session will have: clients are told it when they are let in, before the first one has joined. */
  #nextSessionId = newObjectId();
  #closed = false;

  constructor(options: LiveRoomOptions) {
    this.#options = options;
    this.facts = options.facts;
    this.values = new SharedValues(options.limits);
    this.topics = new Topics(options.topicStore, options.limits);
    this.#log = options.log.child({ roomId: options.facts.roomId });
  }

  get sessionId(): string {
    return this.#session?.id ?? this.#nextSessionId;
  }

  get live(): boolean {
    return this.#session !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#joined.size;
  }

  participant(id: string): Participant | undefined {
    return this.#joined.get(id);
  }

  get activeSpeaker(): string | null {
    return this.#speaker?.id ?? null;
  }

  /** Those whose connection holds, in the order in which they joined. */
  get present(): Participant[] {
    return [...this.#joined.values()].filter(({ connected }) => connected);
  }

  /** Those of them who take part with picture or sound. */
  get scene(): SceneParticipant[] {
    return this.present.filter(({ mode }) => mode === 'SEND_AND_RECV').map(inScene);
  }

  /** Whoever enters under this id, which nobody else can guess, watches unseen; until the answer is called. */
  expectObserver(id: string): () => void {
    this.#expectedObservers.add(id);
    return () => {
      this.#expectedObservers.delete(id);
      const observer = this.#observers.get(id);
      if (observer) this.#dismiss(observer, LEAVE_REASONS.ROOM_CLOSE);
    };
  }

  /**
   * Lets a client in, or puts it before those who may decide. An id is held by one connection: whoever wants one that
   * is held has to show that it is theirs (see `#claim`). `media` comes along when the client switches rooms.
   */
  async enter(entry: Entry): Promise<Participant> {
    this.#entering += 1;
    try {
      for (;;) {
        const entered = await this.#claims.run(entry.id, async () => {
          const claim = await this.#claim(entry);
          return typeof claim === 'string' ? this.#admit(entry, claim) : claim;
        });
        if (entered instanceof Participant) return entered;
        // Outside of the queue: whoever is waited for has to get in.
        await this.#departureOf(entered.after);
      }
    } finally {
      this.#entering -= 1;
      // A room is made for the first who asks; refused, they leave none behind.
      this.#closeIfEmpty();
    }
  }

  #admit(entry: Entry, claim: Claim): Participant {
    const { id, link, grant } = entry;
    const hidden = isObserverId(id);
    const holders = this.#holdersOf(id);
    // Somebody who was let in before and lost the connection is not made to ask again.
    const asks = !hidden && grant.entry === 'ask' && !(claim === 'back' && holders.some((it) => this.isAdmitted(it)));
    this.#mustHaveRoomFor(id, holders, asks);
    for (const holder of holders) if (!this.isJoined(holder)) this.#sendAway(holder);
    const media = entry.media ?? this.#media().openPeer();
    const replaces = new Set(holders);
    const spans = this.#options.store;
    const participant = new Participant({ ...entry, media, hidden, claim, replaces, spans, log: this.#log });
    if (!asks) {
      this.#admitted.add(participant);
      return participant;
    }
    this.#asking.set(link, participant);
    for (const decider of this.#deciders()) {
      decider.link.notify({ method: 'entryRequested', id: participant.id, name: participant.name });
    }
    return participant;
  }

  /**
   * By what right a client takes an id. A token that names it is one. Without it, whoever holds the id keeps it while
   * their connection answers, or may still come back; the same one is who shows the secret of its last join, or the
   * same token while the old connection is dead. A token alone is none: apps give one to many people. Returns whom to wait
   * for while it is not decided whether a lost connection comes back.
   */
  async #claim({ id, token, grant, reconnectSecret }: Entry): Promise<Claim | { after: Participant }> {
    if (isObserverId(id)) return 'free';
    const isNamed = grant.participantId === id;
    const [holder] = this.#holdersOf(id);
    if (!holder) return isNamed ? 'named' : 'free';
    const isSame = holder.token === token;
    if (reconnectSecret === holder.reconnectSecret) return 'back';
    if (isNamed) return isSame || !holder.connected ? 'back' : 'named';
    if (holder.isNamed) throw duplicateParticipant(id);
    if (holder.connected && (await holder.link.isAlive(PING_TIMEOUT_MS))) throw duplicateParticipant(id);
    if (isSame) return 'back';
    // A page that was closed does not come back; it is loaded anew, often with a new token.
    return holder.link.wentAway ? 'free' : { after: holder };
  }

  /** Waits until a lost connection is back or given up. */
  async #departureOf(holder: Participant): Promise<void> {
    const late = sleep(RECONNECT_GRACE_MS + DEPARTURE_SLACK_MS, 'late', { ref: false });
    if ((await Promise.race([holder.departed, late])) === 'late') throw duplicateParticipant(holder.id);
  }

  /** Everybody under an id, who has joined first. */
  #holdersOf(id: string): Participant[] {
    const joined = this.#joined.get(id);
    const others = [...this.#admitted, ...this.#asking.values()].filter((it) => it.id === id && !it.hidden);
    return joined ? [joined, ...others] : others;
  }

  /** Somebody who has not joined yet gives way to who has the better right to the id. */
  #sendAway(participant: Participant): void {
    this.#admitted.delete(participant);
    this.#asking.delete(participant.link);
    participant.media.close();
    participant.link.close(LEAVE_REASONS.DUPLICATE_PARTICIPANT);
    participant.depart();
  }

  #mustHaveRoomFor(id: string, holders: readonly Participant[], asks: boolean): void {
    if (isObserverId(id)) {
      if (this.#expectedObservers.has(id)) return;
      throw participantNotAllowed('The recording that this participant id was made for is over.');
    }
    const { participants, entryRequests } = this.#options.limits;
    // Whoever holds the id makes room.
    const isAsking = (it: Participant) => this.#asking.has(it.link);
    const asking = this.#asking.size - holders.filter(isAsking).length;
    const inside = this.#joined.size + this.#admitted.size - holders.filter((it) => !isAsking(it)).length;
    if (asks ? asking >= entryRequests : inside >= participants) throw roomFull();
  }

  /** True when the participant has been let in; while it is not, it can do nothing. */
  isAdmitted(participant: Participant): boolean {
    return this.#admitted.has(participant) || this.isJoined(participant);
  }

  isJoined(participant: Participant): boolean {
    const present = participant.hidden ? this.#observers : this.#joined;
    return present.get(participant.id) === participant;
  }

  /** A participant who joined directly lets somebody who asks in, or refuses. */
  decide(by: Participant, id: string, decision: 'allowed' | 'denied'): void {
    if (by.grant.entry !== 'allowed') {
      throw invalidPermissions('Only participants whose token has allow_join may decide on who enters.');
    }
    const asking = [...this.#asking.values()].filter((participant) => participant.id === id);
    if (asking.length === 0) throw notFound('Entry request of', id);
    for (const participant of asking) {
      this.#asking.delete(participant.link);
      if (decision === 'allowed') this.#admitted.add(participant);
      this.tellDecision(participant, decision);
    }
    this.#tellOthers(undefined, { method: 'entryResponded', id, decision, sessionId: this.sessionId });
  }

  /** Tells somebody who asked for entry what was decided. */
  tellDecision(participant: Participant, decision: 'allowed' | 'denied'): void {
    const { id, link, switchingRoomId } = participant;
    const { sessionId } = this;
    link.notify({
      method: 'entryResponded',
      id,
      decision,
      sessionId,
      ...(switchingRoomId !== undefined && { switchingRoomId }),
    });
  }

  /** Joins: the first one begins the session. Answers the others who are there. */
  join(participant: Participant, joining: Joining): Promise<PeerInfo[]> {
    return this.#queue.run(async () => {
      if (!this.#admitted.has(participant)) throw badRequest('NOT_ADMITTED', 'Ask for entry before joining.');
      if (participant.hidden) return this.#observe(participant, joining);
      const previous = this.#joined.get(participant.id);
      if (previous && !participant.replaces.has(previous)) throw duplicateParticipant(participant.id);
      const isBack = previous !== undefined && participant.claim === 'back';
      const at = new Date();
      const { row, lastTokenHash } = await this.#options.store.join({
        room: this.facts,
        begin: this.#session ? undefined : this.#beginning(at),
        sessionId: this.sessionId,
        participantId: participant.id,
        name: joining.displayName,
        mode: joining.mode,
        deviceInfo: joining.deviceInfo,
        metaData: joining.metaData,
        tokenHash: participant.tokenHash,
        at,
        previous: previous ? (isBack ? 'resume' : 'replace') : 'none',
      });
      this.#admitted.delete(participant);
      const begins = !this.#session;
      this.#session ??= { id: this.sessionId, startedAt: at };
      participant.joined(joining, row);
      await this.#hidePrivateHistory(participant, lastTokenHash);
      const back = isBack && participant.looksLike(previous);
      if (back) participant.pin = previous.pin;
      if (previous) this.#replace(previous, back);
      const others = [...this.#joined.values()];
      this.#joined.set(participant.id, participant);
      if (!back) this.#tellOthers(participant, { method: 'newPeer', ...participant.info });
      this.#log.info({ participantId: participant.id, sessionId: this.sessionId }, 'participant joined');
      if (begins) this.#options.onlooker?.began(this);
      this.#changed();
      return others.map((other) => other.info);
    });
  }

  /** Whoever takes an id that another held before, with nothing to show for it, does not get what was sent to that one. */
  async #hidePrivateHistory(participant: Participant, lastTokenHash: string | null): Promise<void> {
    if (participant.claim !== 'free' || lastTokenHash === null || lastTokenHash === participant.tokenHash) return;
    // They have joined already: where it cannot be told what was before them, they get nothing of it.
    participant.privateAfter = await this.#options.topicStore.latest(this.sessionId).catch(() => EVERYTHING);
  }

  /** After the client has its answer to `join`, it is told of everything that already runs. */
  begin(participant: Participant): void {
    if (!this.isJoined(participant)) return;
    this.#options.onlooker?.arrived(this, participant);
    for (const other of this.#joined.values()) {
      if (other === participant) continue;
      for (const publication of other.media.producers.values()) {
        participant.link.notify(mediaState(other, streamKind(publication), true));
      }
      if (other.pin.cam || other.pin.share) this.#ask(participant, other.id, other.pin, other.id);
    }
    this.receive(participant);
    if (this.#speaker && this.#speaker !== participant && this.isJoined(this.#speaker)) {
      participant.link.notify({ method: 'activeSpeaker', peerId: this.#speaker.id });
    }
    // Whoever switched rooms brings streams along; everybody here gets them without a new `produce`.
    for (const publication of participant.media.producers.values()) {
      inBackground(participant.log, 'a stream that came along', () => this.#spread(participant, publication));
    }
    for (const publication of participant.media.dataProducers.values()) {
      inBackground(participant.log, 'a data channel that came along', () => this.#spreadData(participant, publication));
    }
    if (participant.grant.entry === 'allowed' && !participant.hidden) {
      for (const asking of this.#asking.values()) {
        participant.link.notify({ method: 'entryRequested', id: asking.id, name: asking.name });
      }
    }
  }

  /** Offers everything that it may receive and does not have yet: after joining, and after a change of mode. */
  receive(participant: Participant): void {
    if (!this.isJoined(participant)) return;
    participant.ready();
    for (const other of this.#joined.values()) {
      if (other === participant) continue;
      for (const publication of other.media.producers.values()) this.#offer(participant, other, publication);
      for (const publication of other.media.dataProducers.values()) {
        inBackground(participant.log, 'a data channel', () => this.#offerData(participant, other, publication));
      }
    }
  }

  /** Sends a stream; everybody else is offered it. */
  async publish(
    participant: Participant,
    options: { transportId: string; kind: 'audio' | 'video'; rtpParameters: unknown; appData: AppData },
  ): Promise<string> {
    this.#mustBeJoined(participant);
    if (participant.hidden) throw badRequest('NOT_SENDING', 'Who records the meeting sends nothing into it.');
    if (participant.mode !== 'SEND_AND_RECV') {
      throw badRequest('NOT_SENDING', `Mode ${participant.mode} does not send; change to SEND_AND_RECV first.`);
    }
    const publication = await participant.media.publish(options);
    publication.producer.on('score', (score) => {
      participant.link.notify({ method: 'producerScore', producerId: publication.producer.id, score });
    });
    await this.#spread(participant, publication);
    return publication.producer.id;
  }

  async publishData(participant: Participant, options: Parameters<PeerMedia['publishData']>[0]): Promise<string> {
    this.#mustBeJoined(participant);
    const publication = await participant.media.publishData(options);
    // The client may send once it has its answer, and what is sent before the others can receive is lost. One of them
    // who is slow does not hold it up for long.
    const late = sleep(DATA_READY_TIMEOUT_MS, undefined, { ref: false });
    await Promise.race([this.#spreadData(participant, publication), late]);
    return publication.producer.id;
  }

  unpublish(participant: Participant, producerId: string): void {
    const publication = participant.media.producers.get(producerId);
    if (!publication) throw refused(404, 'PRODUCER_NOT_FOUND', 'This stream is not being sent.');
    publication.producer.close();
  }

  /** A participant that consumes by hand asks for somebody's camera or microphone. */
  consumeByHand(participant: Participant, peerId: string, kind: 'audio' | 'video'): void {
    const from = this.#mustKnow(peerId);
    participant.wish(peerId, kind, true);
    for (const publication of from.media.producers.values()) this.#offer(participant, from, publication);
  }

  stopConsumingByHand(participant: Participant, peerId: string, kind: 'audio' | 'video'): void {
    const from = this.#mustKnow(peerId);
    participant.wish(peerId, kind, false);
    participant.stopReceiving(from, kind);
  }

  async changeMode(participant: Participant, mode: Mode): Promise<void> {
    this.#mustBeJoined(participant);
    if (mode === participant.mode) return;
    if (!participant.hidden) await this.#options.store.changeMode(participant.row, mode, new Date());
    participant.mode = mode;
    // The client drops what the new mode has no use for without a word, so that is done here.
    if (mode !== 'SEND_AND_RECV') participant.media.closeSending();
    if (mode === 'SIGNALLING_ONLY') {
      participant.stopReceivingAll();
      participant.media.closeReceiving();
    }
    if (participant.hidden) return;
    this.#tellOthers(undefined, { method: 'peerModeChanged', peerId: participant.id, mode });
    this.#changed();
  }

  async rename(participant: Participant, displayName: string): Promise<void> {
    this.#mustBeJoined(participant);
    const oldDisplayName = participant.name;
    if (participant.hidden) {
      participant.name = displayName;
      return;
    }
    await this.#options.store.rename(participant.row, displayName);
    participant.name = displayName;
    this.#tellOthers(undefined, {
      method: 'peerDisplayNameChanged',
      peerId: participant.id,
      displayName,
      oldDisplayName,
    });
    this.#changed();
  }

  pin(by: Participant, peerId: string, state: PinState): void {
    const pinned = this.#mustKnow(peerId);
    pinned.pin = state;
    this.#changed();
    for (const participant of this.#audience()) this.#ask(participant, peerId, state, by.id);
  }

  /** Asks somebody's client for its microphone or camera, on or off. */
  askDevice(
    by: Participant,
    peerId: string,
    what: 'enableMic' | 'disableMic' | 'enableWebcam' | 'disableWebcam',
  ): void {
    this.mustModerate(by);
    const peer = this.#mustKnow(peerId);
    peer.link.request(what, { peerId: by.id }).catch((error) => peer.log.debug({ err: error, what }, 'device request'));
  }

  /** Sends somebody's client to another room; its app decides. */
  askToSwitch(
    by: Participant,
    peerId: string,
    to: { roomId: string; payload: unknown; token: string | undefined },
  ): void {
    this.mustModerate(by);
    const peer = this.#mustKnow(peerId);
    peer.link
      .request('switchRoom', { ...to, peerId: by.id })
      .catch((error) => peer.log.debug({ err: error }, 'switch request'));
  }

  async remove(by: Participant | 'api', peerId: string): Promise<void> {
    if (by !== 'api') this.mustModerate(by);
    const reason = by === 'api' ? LEAVE_REASONS.REMOVE_PEER_API : LEAVE_REASONS.REMOVE_PEER;
    const peer = this.#mustKnow(peerId);
    await this.leave(peer, reason);
    peer.link.close(reason);
  }

  async closeBy(participant: Participant): Promise<void> {
    this.mustModerate(participant);
    await this.end('closed');
  }

  /** Leaves for good, whatever state it was in; the last one to leave ends the session. */
  leave(participant: Participant, reason: LeaveReason, at = new Date(), keepMedia = false): Promise<void> {
    return this.#queue.run(async () => {
      participant.leaving = true;
      if (!keepMedia) participant.media.close();
      this.#asking.delete(participant.link);
      this.#admitted.delete(participant);
      if (participant.hidden) this.#dismiss(participant, reason);
      else if (this.isJoined(participant)) await this.#leaveJoined(participant, reason, at, keepMedia);
      participant.depart();
      this.#closeIfEmpty();
    });
  }

  /** A connection was lost without a word: its media goes at once, its place is kept for the grace period. */
  disconnected(participant: Participant): Promise<void> {
    const hasPlace = this.isJoined(participant) && !participant.hidden;
    if (!hasPlace) return this.leave(participant, LEAVE_REASONS.WEBSOCKET_DISCONNECTED);
    return this.#queue.run(async () => {
      if (!this.isJoined(participant) || participant.lostAt) return;
      const at = new Date();
      participant.lostAt = at;
      this.#forgetListeners(participant);
      participant.stopReceivingAll();
      participant.media.close();
      this.#changed();
      const { row, id: participantId } = participant;
      const lost = { sessionId: this.sessionId, participant: row, participantId, at, graceMs: RECONNECT_GRACE_MS };
      await persist(() => this.#options.store.disconnect(lost), participant.log);
    });
  }

  /** The grace period of a lost connection is over; unless it came back, the participant left when it was lost. */
  async reconnectTimeout(participantId: string, disconnectedAt: string): Promise<void> {
    const participant = this.#joined.get(participantId);
    if (participant?.lostAt?.toISOString() !== disconnectedAt) return;
    await this.leave(participant, LEAVE_REASONS.WEBSOCKET_DISCONNECTED, participant.lostAt);
  }

  /** Ends the session, if there is one, and sends everybody away; who still asks is sent away too. */
  end(reason: EndReason): Promise<void> {
    return this.#queue.run(async () => {
      const leaveReason = LEAVE_REASON_OF[reason];
      const session = this.#session;
      if (session) {
        const end = { sessionId: session.id, reason, leaveCode: leaveReason.code, at: new Date() };
        await persist(() => this.#options.store.endSession(end), this.#log);
        this.#sessionOver(reason);
      }
      const everybody = [...this.#joined.values(), ...this.#admitted, ...this.#asking.values()];
      this.#joined.clear();
      this.#admitted.clear();
      this.#asking.clear();
      for (const participant of everybody) {
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
    for (const participant of [...this.#audience(), ...this.#admitted]) {
      if (lost.has(participant.media)) participant.link.drop();
    }
  }

  tellAll(notification: Notification): void {
    this.#tellOthers(undefined, notification);
  }

  #media(): RoomMedia {
    if (!this.#roomMedia) {
      this.#roomMedia = this.#options.media.openRoom();
      this.#roomMedia.on('activeSpeaker', (peer) => {
        const speaker = [...this.#joined.values()].find((participant) => participant.media === peer);
        this.#speaker = speaker;
        this.tellAll({ method: 'activeSpeaker', peerId: speaker?.id ?? null });
        this.#options.onlooker?.spoke(this, speaker?.id ?? null);
      });
    }
    return this.#roomMedia;
  }

  #beginning(at: Date) {
    const minutes = this.facts.autoCloseConfig?.duration ?? DEFAULT_DURATION_MINUTES;
    return {
      closesAt: new Date(at.getTime() + minutes * 60_000),
      autoStart: autoStartRequests(this.facts.autoStartConfig),
    };
  }

  /** An observer neither begins a session nor is seen in it; a page that is loaded again takes its own place. */
  #observe(participant: Participant, joining: Joining): PeerInfo[] {
    if (!this.#session) throw noLiveSession(this.facts.roomId);
    this.#admitted.delete(participant);
    const previous = this.#observers.get(participant.id);
    if (previous) this.#dismiss(previous, LEAVE_REASONS.DUPLICATE_PARTICIPANT);
    participant.joined(joining, '');
    this.#observers.set(participant.id, participant);
    this.#log.info({ participantId: participant.id, sessionId: this.sessionId }, 'observer joined');
    return [...this.#joined.values()].map((other) => other.info);
  }

  #dismiss(observer: Participant, reason: LeaveReason): void {
    if (this.isJoined(observer)) this.#observers.delete(observer.id);
    this.#forgetListeners(observer);
    observer.stopReceivingAll();
    observer.link.close(reason);
    observer.media.close();
  }

  /** Somebody who is back after a lost connection never left for the others: only their streams came and went. */
  #replace(previous: Participant, back: boolean): void {
    const reason = previous.connected ? LEAVE_REASONS.DUPLICATE_PARTICIPANT : LEAVE_REASONS.WEBSOCKET_DISCONNECTED;
    // First, so that the others are told that its streams end before they are told that it left.
    previous.media.close();
    this.#joined.delete(previous.id);
    this.#forgetListeners(previous);
    previous.link.close(reason);
    previous.depart();
    if (!back) this.#tellOthers(undefined, { method: 'peerClosed', peerId: previous.id, reason });
  }

  async #leaveJoined(participant: Participant, reason: LeaveReason, at: Date, keepMedia: boolean): Promise<void> {
    const last = this.#joined.size === 1;
    const end = { sessionId: this.sessionId, reason: 'everyone-left' as const, leaveCode: reason.code, at };
    const leave = { sessionId: this.sessionId, participant: participant.row, reason, at, ...(last && { end }) };
    await persist(() => this.#options.store.leave(leave), participant.log);
    this.#joined.delete(participant.id);
    this.#forgetListeners(participant);
    participant.stopReceivingAll();
    if (keepMedia) this.#letStreamsGo(participant);
    this.#tellOthers(participant, { method: 'peerClosed', peerId: participant.id, reason });
    this.#log.info({ participantId: participant.id, sessionId: this.sessionId, code: reason.code }, 'participant left');
    if (last) this.#sessionOver('everyone-left');
    else this.#changed();
  }

  /** Streams that go to another room stop here, although they are still being sent. */
  #letStreamsGo(participant: Participant): void {
    for (const publication of participant.media.producers.values()) {
      this.#roomMedia?.unobserve(publication);
      for (const other of this.#audience()) other.withdraw(publication.producer.id);
    }
    for (const publication of participant.media.dataProducers.values()) {
      for (const other of this.#audience()) other.withdrawData(publication.producer.id);
    }
  }

  #sessionOver(reason: EndReason): void {
    const { sessionId } = this;
    this.#log.info({ sessionId, reason }, 'session ended');
    this.#session = undefined;
    this.#nextSessionId = newObjectId();
    this.#speaker = undefined;
    this.values.clear();
    this.topics.sessionOver();
    for (const observer of [...this.#observers.values()]) this.#dismiss(observer, LEAVE_REASON_OF[reason]);
    this.#options.onlooker?.ended(this, sessionId);
  }

  #changed(): void {
    if (this.#session) this.#options.onlooker?.changed(this);
  }

  #closeIfEmpty(): void {
    const present = this.#joined.size + this.#admitted.size + this.#asking.size;
    if (this.#closed || present + this.#entering > 0) return;
    this.#closed = true;
    this.#roomMedia?.close();
    this.#options.onEmpty();
  }

  /** Offers a stream to everybody, once its beginning is recorded; what cannot be recorded is not sent. */
  async #spread(participant: Participant, publication: Publication): Promise<void> {
    const kind = streamKind(publication);
    // Whatever ends it (its transport, its worker, `closeProducer`), everybody is told.
    publication.producer.observer.once('close', () => this.#unpublished(participant, publication));
    try {
      await participant.spans.open(participant.row, SPAN_OF[kind]);
    } catch (error) {
      publication.producer.close();
      throw error;
    }
    if (publication.producer.closed) {
      participant.spans.close(participant.row, SPAN_OF[kind]);
      return;
    }
    this.#tellOthers(undefined, mediaState(participant, kind, true));
    for (const other of this.#audience()) this.#offer(other, participant, publication);
    if (kind === 'audio') {
      inBackground(participant.log, 'who speaks', () => this.#media().observe(participant.media, publication));
    }
    this.#changed();
  }

  /** Settles when everybody can receive it. */
  async #spreadData(participant: Participant, publication: DataPublication): Promise<void> {
    const others = [...this.#audience()].filter((other) => other !== participant);
    await Promise.all(others.map((other) => this.#offerData(other, participant, publication)));
  }

  #unpublished(participant: Participant, publication: Publication): void {
    // It has left, with its streams or to take them to another room.
    if (!this.isJoined(participant)) return;
    const kind = streamKind(publication);
    for (const other of this.#audience()) other.withdraw(publication.producer.id);
    this.#tellOthers(undefined, mediaState(participant, kind, false));
    this.#changed();
    // The spans of somebody who leaves or lost the connection are closed with that.
    if (participant.leaving || !participant.connected) return;
    participant.spans.close(participant.row, SPAN_OF[kind]);
  }

  #offer(to: Participant, from: Participant, publication: Publication): void {
    to.offer(from, publication).catch((error) => to.log.warn({ err: error, from: from.id }, 'stream not offered'));
  }

  async #offerData(to: Participant, from: Participant, publication: DataPublication): Promise<void> {
    await to
      .offerData(from, publication)
      .catch((error) => to.log.debug({ err: error, from: from.id }, 'data not offered'));
  }

  #ask(participant: Participant, peerId: string, state: PinState, pinnedBy: string): void {
    participant.link
      .request('pinStateChanged', { peerId, state, pinnedBy })
      .catch((error) => participant.log.debug({ err: error }, 'pin not taken'));
  }

  #forgetListeners(participant: Participant): void {
    this.#forget.get(participant)?.();
    this.#forget.delete(participant);
  }

  /** What to undo when a participant's connection goes: its topics and the values it observes. */
  readonly #forget = new WeakMap<Participant, () => void>();

  onGone(participant: Participant, undo: () => void): void {
    const earlier = this.#forget.get(participant);
    this.#forget.set(participant, () => {
      earlier?.();
      undo();
    });
  }

  *#deciders(): Generator<Participant> {
    for (const participant of this.#joined.values()) {
      if (participant.grant.entry === 'allowed' && participant.connected) yield participant;
    }
  }

  /** Everybody who is told what happens and receives what is sent. */
  *#audience(): Generator<Participant> {
    yield* this.#joined.values();
    yield* this.#observers.values();
  }

  #tellOthers(except: Participant | undefined, notification: Notification): void {
    for (const participant of this.#audience()) {
      if (participant !== except && participant.connected) participant.link.notify(notification);
    }
  }

  #mustBeJoined(participant: Participant): void {
    if (!this.isJoined(participant)) throw badRequest('NOT_JOINED', 'Join the meeting first.');
  }

  /** Throws unless the participant has joined and may moderate. */
  mustModerate(participant: Participant): void {
    this.#mustBeJoined(participant);
    if (!participant.grant.moderator) throw invalidPermissions('This takes a token with the permission allow_mod.');
  }

  #mustKnow(peerId: string): Participant {
    const peer = this.#joined.get(peerId);
    if (!peer) throw notFound('Participant', peerId);
    return peer;
  }
}

function inScene(participant: Participant): SceneParticipant {
  const { id, name, joinedAt, pin, media } = participant;
  const streams = [...media.producers.values()].map((publication) => ({
    kind: streamKind(publication),
    paused: publication.producer.paused,
    publication,
  }));
  return { id, name, joinedAt, pinned: pin.cam === true || pin.share === true, streams };
}

function mediaState(participant: Participant, kind: StreamKind, newState: boolean): Notification {
  return { method: 'participantMediaStateChanged', peerId: participant.id, kind, newState };
}
