// Somebody in a room, from being let in until gone: their connection, their media, and what they receive.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { hashToken } from '../kit/token-hash.ts';
import type { Logger } from '../log.ts';
import type { Mode, PeerInfo, PinState, StreamKind } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import type { DataPublication, DataSubscription, PeerMedia, Publication, Subscription } from './media-plane.ts';
import { MediaSpans } from './media-spans.ts';
import type { JoinGrant, LiveStore } from './ports.ts';

/** One stream that a participant receives, and from whom. */
interface Reception {
  readonly subscription: Subscription;
  readonly from: Participant;
  readonly kind: StreamKind;
  /** The client itself paused it; `resumeAllConsumers` and its own resume start it again. */
  paused: boolean;
}

/** How a participant wants to receive the camera and microphone of others. */
type Wish = 'audio' | 'video';

/** The stream a producer carries, read from what the client marked it with. */
export function streamKind(publication: Publication): StreamKind {
  const { kind, appData } = publication.producer;
  if (appData.share !== true) return kind;
  return kind === 'audio' ? 'shareAudio' : 'share';
}

export interface Joining {
  displayName: string;
  rtpCapabilities: unknown;
  deviceInfo: unknown;
  metaData: Record<string, unknown>;
  autoConsume: boolean;
  mode: Mode;
}

/** How somebody came by their id: it was free, their token names it, or they are the one who held it before. */
export type Claim = 'free' | 'named' | 'back';

export class Participant {
  readonly id: string;
  readonly grant: JoinGrant;
  readonly token: string;
  readonly link: ParticipantLink;
  readonly log: Logger;
  /** The room it wants to come to from another one, as its client named it. */
  readonly switchingRoomId: string | undefined;
  readonly media: PeerMedia;
  readonly claim: Claim;
  /** Who held the id when it entered, in whatever state. */
  readonly replaces: ReadonlySet<Participant>;
  /** Shown by our own client when it comes back. */
  readonly reconnectSecret = randomBytes(18).toString('base64url');
  /** Private messages kept up to this position were for another who held the id; see `TopicListener`. */
  privateAfter: string | undefined;
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
  #rtpCapabilities: unknown;
  #autoConsume = true;
  /** Who it asked to see or hear by hand, where it does not consume by itself. */
  readonly #wishes = new Set<string>();
  readonly #receptions = new Map<string, Reception>();
  /** Data channels that it receives, by data producer. */
  readonly #channels = new Map<string, DataSubscription>();
  /** Producers of both kinds that it receives or is about to. */
  readonly #streams = new Set<string>();
  /** True once its client can take streams: after the answer to `join`, or to a change of mode. */
  #ready = false;
  /** True from the moment on when it is about to leave. */
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

  /** It has left for good, or its place is another's. */
  depart(): void {
    this.#departure.resolve();
  }

  get receives(): boolean {
    return this.mode !== 'SIGNALLING_ONLY';
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
    this.#rtpCapabilities = joining.rtpCapabilities;
    this.#autoConsume = joining.autoConsume;
  }

  /** Whether the others can tell no difference. */
  looksLike(previous: Participant): boolean {
    return isDeepStrictEqual(this.info, previous.info);
  }

  /** The client can take streams from here on. */
  ready(): void {
    this.#ready = true;
  }

  wish(peerId: string, kind: Wish, wanted: boolean): void {
    const key = `${kind} ${peerId}`;
    if (wanted) this.#wishes.add(key);
    else this.#wishes.delete(key);
  }

  /**
   * Offers a stream of another participant, unless this one cannot or does not want to take it: its client gets
   * `newConsumer`, and the stream flows once the client has answered.
   */
  async offer(from: Participant, publication: Publication): Promise<void> {
    const kind = streamKind(publication);
    if (!this.#takes(from, publication, kind)) return;
    this.#streams.add(publication.producer.id);
    const subscription = await this.media.consume(publication, this.#rtpCapabilities);
    // Meanwhile it may have stopped receiving altogether.
    if (!subscription || !this.#streams.has(publication.producer.id)) {
      this.#streams.delete(publication.producer.id);
      subscription?.close();
      return;
    }
    const reception: Reception = { subscription, from, kind, paused: false };
    this.#receptions.set(subscription.id, reception);
    this.#relay(subscription);
    await this.#announce(reception, publication);
  }

  /** Offers a data channel of another participant. Settles when messages get through, or there is nothing to offer. */
  async offerData(from: Participant, publication: DataPublication): Promise<void> {
    const { id: producerId } = publication.producer;
    if (!this.#ready || !this.receives || !this.connected || this.#streams.has(producerId)) return;
    this.#streams.add(producerId);
    const subscription = await this.media.consumeData(publication);
    if (!subscription || !this.#streams.has(producerId)) {
      this.#streams.delete(producerId);
      subscription?.close();
      return;
    }
    this.#channels.set(producerId, subscription);
    subscription.on('dataproducerclose', () => this.withdrawData(producerId));
    subscription.on('transportclose', () => {
      this.#channels.delete(producerId);
      this.#streams.delete(producerId);
    });
    await this.link.request('newDataConsumer', {
      peerId: from.id,
      dataProducerId: producerId,
      id: subscription.id,
      sctpStreamParameters: subscription.sctpStreamParameters,
      label: subscription.label,
      protocol: subscription.protocol,
      appData: publication.producer.appData,
    });
    await this.media.receivesData();
  }

  /** Stops receiving a data channel, and tells the client. */
  withdrawData(producerId: string): void {
    const subscription = this.#channels.get(producerId);
    if (!subscription) return;
    this.#channels.delete(producerId);
    this.#streams.delete(producerId);
    subscription.close();
    this.link.notify({ method: 'dataConsumerClosed', dataConsumerId: subscription.id });
  }

  /** The reception with this consumer id, for requests about it. */
  reception(consumerId: string): Reception | undefined {
    return this.#receptions.get(consumerId);
  }

  receptions(kind: StreamKind | 'all'): Reception[] {
    return [...this.#receptions.values()].filter((reception) => kind === 'all' || reception.kind === kind);
  }

  /** Stops receiving what a producer sent, and tells the client. */
  withdraw(producerId: string): void {
    for (const reception of this.#receptions.values()) {
      if (reception.subscription.producerId === producerId) this.#drop(reception);
    }
  }

  /** Stops receiving streams of one participant, by kind. */
  stopReceiving(from: Participant, kind: StreamKind): void {
    for (const reception of this.#receptions.values()) {
      if (reception.from === from && reception.kind === kind) this.#drop(reception);
    }
  }

  /** Stops receiving everything, without telling: the client has dropped it by itself. */
  stopReceivingAll(): void {
    this.#ready = false;
    const subscriptions = [...[...this.#receptions.values()].map((it) => it.subscription), ...this.#channels.values()];
    this.#receptions.clear();
    this.#channels.clear();
    this.#streams.clear();
    for (const subscription of subscriptions) subscription.close();
  }

  #takes(from: Participant, publication: Publication, kind: StreamKind): boolean {
    if (!this.#ready || !this.receives || !this.connected || from === this) return false;
    if (this.#streams.has(publication.producer.id)) return false;
    const byHand = kind === 'audio' || kind === 'video';
    return this.#autoConsume || !byHand || this.#wishes.has(`${kind} ${from.id}`);
  }

  #drop(reception: Reception): void {
    const { id, producerId } = reception.subscription;
    if (!this.#receptions.delete(id)) return;
    this.#streams.delete(producerId);
    reception.subscription.close();
    this.link.notify({ method: 'consumerClosed', consumerId: id });
  }

  #relay(subscription: Subscription): void {
    const { id: consumerId } = subscription;
    const dropped = () => {
      const reception = this.#receptions.get(consumerId);
      if (reception) this.#drop(reception);
    };
    subscription.on('producerclose', dropped);
    subscription.on('transportclose', () => {
      this.#receptions.delete(consumerId);
      this.#streams.delete(subscription.producerId);
    });
    subscription.on('producerpause', () => this.link.notify({ method: 'consumerPaused', consumerId }));
    subscription.on('producerresume', () => this.link.notify({ method: 'consumerResumed', consumerId }));
    subscription.on('score', (score) => this.link.notify({ method: 'consumerScore', consumerId, score }));
    subscription.on('layerschange', (layers) => {
      const { spatialLayer = null, temporalLayer = null } = layers ?? {};
      this.link.notify({ method: 'consumerLayersChanged', consumerId, spatialLayer, temporalLayer });
    });
  }

  async #announce(reception: Reception, publication: Publication): Promise<void> {
    const { subscription, from } = reception;
    try {
      await this.link.request('newConsumer', {
        peerId: from.id,
        producerId: subscription.producerId,
        id: subscription.id,
        kind: subscription.kind,
        rtpParameters: subscription.rtpParameters,
        type: subscription.type,
        appData: publication.producer.appData,
        producerPaused: subscription.producerPaused,
      });
    } catch (error) {
      this.log.debug({ err: error, consumerId: subscription.id }, 'client did not take a stream');
      this.#receptions.delete(subscription.id);
      this.#streams.delete(subscription.producerId);
      subscription.close();
      return;
    }
    if (!subscription.closed && !reception.paused) await subscription.resume();
  }
}
