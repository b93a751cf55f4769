// One person in a room, from being admitted until gone: the connection, the media, and what the others see.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { hashToken } from '../kit/token-hash.ts';
import type { Logger } from '../log.ts';
import type { Mode, PeerInfo, PinState } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import type { PeerMedia, Traffic, TransportParameters } from './media-plane.ts';
import { MediaSpans } from './media-spans.ts';
import type { JoinGrant, LiveStore } from './ports.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { ValueObserver } from './shared-values.ts';

export interface Joining extends ReceiverOptions {
  displayName: string;
  deviceInfo: unknown;
  metaData: Record<string, unknown>;
  mode: Mode;
}

/** By what right a participant has its id: it was free, the token names it, or it had the id before. */
export type Claim = 'free' | 'named' | 'back';

export class Participant implements ValueObserver {
  readonly id: string;
  readonly grant: JoinGrant;
  readonly token: string;
  readonly link: ParticipantLink;
  readonly log: Logger;
  /** The room that it switches to from another one, as its client named it. */
  readonly switchingRoomId: string | undefined;
  readonly media: PeerMedia;
  readonly receiver: Receiver;
  readonly claim: Claim;
  /** Who held the id when it entered, in any state. */
  readonly replaces: ReadonlySet<Participant>;
  /** Shown by our own client when it comes back. */
  readonly reconnectSecret = randomBytes(18).toString('base64url');
  /** Private messages kept up to this position were for an earlier holder of the id; see `TopicListener`. */
  privateAfter: string | undefined;
  readonly #cleanUps: (() => void)[] = [];
  readonly #departure = Promise.withResolvers<void>();
  /** It watches for a recording: the others neither see nor count it. */
  readonly hidden: boolean;
  readonly spans: MediaSpans;
  /** Row id in the store, once joined. */
  row = '';
  /** Milliseconds since the epoch; 0 until it has joined. */
  joinedAt = 0;
  name: string;
  mode: Mode = 'SEND_AND_RECV';
  metaData: Record<string, unknown> = {};
  pin: PinState = {};
  /** True as soon as it is about to leave. */
  leaving = false;
  /** Since when its connection has been lost. */
  lostAt: Date | undefined;

  constructor(options: {
    id: string;
    name: string;
    grant: JoinGrant;
    token: string;
    link: ParticipantLink;
    media: PeerMedia;
    hidden: boolean;
    claim: Claim;
    replaces: ReadonlySet<Participant>;
    spans: Pick<LiveStore, 'openSpan' | 'closeSpan'>;
    log: Logger;
    switchingRoomId?: string | undefined;
  }) {
    this.id = options.id;
    this.name = options.name;
    this.grant = options.grant;
    this.token = options.token;
    this.link = options.link;
    this.switchingRoomId = options.switchingRoomId;
    this.media = options.media;
    this.hidden = options.hidden;
    this.claim = options.claim;
    this.replaces = options.replaces;
    this.log = options.log.child({ participantId: options.id });
    this.spans = new MediaSpans(options.spans, this.log);
    this.receiver = new Receiver(this);
  }

  get connected(): boolean {
    return this.lostAt === undefined;
  }

  /** SHA-256 of the token. */
  get tokenHash(): string {
    return hashToken(this.token);
  }

  /** The token is for this id alone. */
  get isNamed(): boolean {
    return this.grant.participantId === this.id;
  }

  /** Resolves when it has left for good. */
  get departed(): Promise<void> {
    return this.#departure.promise;
  }

  /** It has left for good, or another has taken its place. */
  depart(): void {
    this.#departure.resolve();
  }

  /** Calls `cleanUp` when the connection has gone. */
  onGone(cleanUp: () => void): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Its connection has gone: it receives nothing more, and what was bound to it is cleaned up. */
  gone(): void {
    this.receiver.stop();
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
  }

  /** As others see it; a client's interest in agent events is its own business. */
  get info(): PeerInfo {
    const { enableAgentEvents: _, ...metaData } = this.metaData;
    return { id: this.id, displayName: this.name, mode: this.mode, metaData };
  }

  joined(joining: Joining, row: string): void {
    this.row = row;
    this.joinedAt = Date.now();
    this.name = joining.displayName;
    this.mode = joining.mode;
    this.metaData = joining.metaData;
    this.receiver.configure(joining);
  }

  /** A shared value that it observes has changed. */
  valueChanged(key: string, value: string | null, updatedBy: string): void {
    this.link.notify({ method: 'realtimeStoreValueChanged', key, value, updatedBy });
  }

  /** Whether the others can see no difference. */
  looksLike(previous: Participant): boolean {
    return isDeepStrictEqual(this.info, previous.info);
  }

  createTransport(options: Parameters<PeerMedia['createTransport']>[0]): Promise<TransportParameters> {
    return this.media.createTransport(options);
  }

  connectTransport(transportId: string, dtlsParameters: unknown): Promise<void> {
    return this.media.connectTransport(transportId, dtlsParameters);
  }

  restartIce(transportId: string): Promise<unknown> {
    return this.media.restartIce(transportId);
  }

  /** Does nothing when the stream has ended meanwhile. */
  async pauseProducer(producerId: string): Promise<void> {
    await this.media.producers.get(producerId)?.producer.pause();
  }

  /** Does nothing when the stream has ended meanwhile. */
  async resumeProducer(producerId: string): Promise<void> {
    await this.media.producers.get(producerId)?.producer.resume();
  }

  traffic(): Promise<{ send: Traffic; recv: Traffic }> {
    return this.media.traffic();
  }

  transportStats(transportId: string): Promise<unknown> {
    return this.media.transportStats(transportId);
  }

  dataProducerStats(dataProducerId: string): Promise<unknown> {
    return this.media.dataProducerStats(dataProducerId);
  }

  dataConsumerStats(dataConsumerId: string): Promise<unknown> {
    return this.media.dataConsumerStats(dataConsumerId);
  }
}
