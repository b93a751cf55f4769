// What one participant receives: which streams and data channels of others, and how.
import { notFound } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Mode, StreamKind } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import type { DataPublication, DataSubscription, PeerMedia, Publication, Subscription } from './media-plane.ts';
import { streamKind } from './stream-kind.ts';

/** The participant that a stream comes from. */
interface Source {
  readonly id: string;
}

/** The participant that receives. */
interface Owner extends Source {
  readonly link: ParticipantLink;
  readonly media: PeerMedia;
  readonly mode: Mode;
  readonly connected: boolean;
  readonly log: Logger;
}

/** One stream that a participant receives, and from whom. */
interface Reception {
  readonly subscription: Subscription;
  readonly from: Source;
  readonly kind: StreamKind;
  /** The client itself paused it; `resumeAllConsumers` and its own resume start it again. */
  paused: boolean;
}

/** Streams that a client which does not consume automatically requests one by one. */
export type RequestedKind = 'audio' | 'video';

export interface ReceiverOptions {
  rtpCapabilities: unknown;
  autoConsume: boolean;
}

export class Receiver {
  readonly #owner: Owner;
  #options: ReceiverOptions = { rtpCapabilities: undefined, autoConsume: true };
  /** `kind peerId` of each camera and microphone that the client requested, where it does not consume automatically. */
  readonly #requested = new Set<string>();
  readonly #receptions = new Map<string, Reception>();
  /** Data channels that it receives, by data producer. */
  readonly #channels = new Map<string, DataSubscription>();
  /** Producers of both kinds that it receives or is about to. */
  readonly #streams = new Set<string>();
  /** True once its client can take streams: after the answer to `join`, or to a change of mode. */
  #ready = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  configure(options: ReceiverOptions): void {
    this.#options = options;
  }

  /** The client can take streams from here on. */
  ready(): void {
    this.#ready = true;
  }

  receptions(kind: StreamKind | 'all'): Reception[] {
    return [...this.#receptions.values()].filter((reception) => kind === 'all' || reception.kind === kind);
  }

  /** Notes whether the client requests the camera or microphone of another participant. */
  setRequested(peerId: string, kind: RequestedKind, requested: boolean): void {
    const key = `${kind} ${peerId}`;
    if (requested) this.#requested.add(key);
    else this.#requested.delete(key);
  }

  /**
   * Offers a stream of another participant, unless this one cannot take it or has not requested it: its client gets
   * `newConsumer`, and the stream flows once the client has answered.
   */
  async offer(from: Source, publication: Publication): Promise<void> {
    const kind = streamKind(publication);
    if (!this.#takes(from, publication, kind)) return;
    this.#streams.add(publication.producer.id);
    const subscription = await this.#owner.media.consume(publication, this.#options.rtpCapabilities);
    // Meanwhile it may have stopped receiving altogether.
    if (!subscription || !this.#streams.has(publication.producer.id)) {
      this.#streams.delete(publication.producer.id);
      subscription?.close();
      return;
    }
    const reception: Reception = { subscription, from, kind, paused: false };
    this.#receptions.set(subscription.id, reception);
    this.#relayEvents(subscription);
    await this.#announce(reception, publication);
  }

  /** Offers a data channel of another participant. Settles when messages get through, or there is nothing to offer. */
  async offerData(from: Source, publication: DataPublication): Promise<void> {
    const { media, link } = this.#owner;
    const { id: producerId } = publication.producer;
    if (!this.#canReceive || this.#streams.has(producerId)) return;
    this.#streams.add(producerId);
    const subscription = await media.consumeData(publication);
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
    await link.request('newDataConsumer', {
      peerId: from.id,
      dataProducerId: producerId,
      id: subscription.id,
      sctpStreamParameters: subscription.sctpStreamParameters,
      label: subscription.label,
      protocol: subscription.protocol,
      appData: publication.producer.appData,
    });
    await media.receivesData();
  }

  /** Stops receiving what a producer sent, and notifies the client. */
  withdraw(producerId: string): void {
    for (const reception of this.#receptions.values()) {
      if (reception.subscription.producerId === producerId) this.#drop(reception);
    }
  }

  /** Stops receiving a data channel, and notifies the client. */
  withdrawData(producerId: string): void {
    const subscription = this.#channels.get(producerId);
    if (!subscription) return;
    this.#channels.delete(producerId);
    this.#streams.delete(producerId);
    subscription.close();
    this.#owner.link.notify({ method: 'dataConsumerClosed', dataConsumerId: subscription.id });
  }

  /** Stops receiving streams of one kind from one participant. */
  stopReceiving(from: Source, kind: StreamKind): void {
    for (const reception of this.#receptions.values()) {
      if (reception.from === from && reception.kind === kind) this.#drop(reception);
    }
  }

  /** Stops receiving everything, without a notification: the client has dropped it by itself. */
  stop(): void {
    this.#ready = false;
    const subscriptions = [...[...this.#receptions.values()].map((it) => it.subscription), ...this.#channels.values()];
    this.#receptions.clear();
    this.#channels.clear();
    this.#streams.clear();
    for (const subscription of subscriptions) subscription.close();
  }

  async pause(consumerId: string): Promise<void> {
    await setPaused(this.#mustReceive(consumerId), true);
  }

  async resume(consumerId: string): Promise<void> {
    await setPaused(this.#mustReceive(consumerId), false);
  }

  /** Pauses or resumes all streams of a kind; returns the consumers for which that failed. */
  async setAllPaused(kind: StreamKind | 'all', paused: boolean): Promise<string[]> {
    const failed: string[] = [];
    for (const reception of this.receptions(kind)) {
      await setPaused(reception, paused).catch(() => failed.push(reception.subscription.id));
    }
    return failed;
  }

  async setPreferredLayers(
    consumerId: string,
    layers: { spatialLayer: number; temporalLayer?: number },
  ): Promise<void> {
    const { subscription } = this.#mustReceive(consumerId);
    // A stream with one layer has nothing to choose; clients ask all the same.
    if (subscription.type !== 'simple') await subscription.setPreferredLayers(layers);
  }

  async setPriority(consumerId: string, priority: number): Promise<void> {
    await this.#mustReceive(consumerId).subscription.setPriority(priority);
  }

  async requestKeyFrame(consumerId: string): Promise<void> {
    await this.#mustReceive(consumerId).subscription.requestKeyFrame();
  }

  get #canReceive(): boolean {
    return this.#ready && this.#owner.mode !== 'SIGNALLING_ONLY' && this.#owner.connected;
  }

  #mustReceive(consumerId: string): Reception {
    const found = this.#receptions.get(consumerId);
    if (!found) throw notFound('Consumer', consumerId);
    return found;
  }

  #takes(from: Source, publication: Publication, kind: StreamKind): boolean {
    if (!this.#canReceive || from === this.#owner) return false;
    if (this.#streams.has(publication.producer.id)) return false;
    const needsRequest = !this.#options.autoConsume && (kind === 'audio' || kind === 'video');
    return !needsRequest || this.#requested.has(`${kind} ${from.id}`);
  }

  #drop(reception: Reception): void {
    const { id, producerId } = reception.subscription;
    if (!this.#receptions.delete(id)) return;
    this.#streams.delete(producerId);
    reception.subscription.close();
    this.#owner.link.notify({ method: 'consumerClosed', consumerId: id });
  }

  #relayEvents(subscription: Subscription): void {
    const { link } = this.#owner;
    const { id: consumerId } = subscription;
    subscription.on('producerclose', () => {
      const reception = this.#receptions.get(consumerId);
      if (reception) this.#drop(reception);
    });
    subscription.on('transportclose', () => {
      this.#receptions.delete(consumerId);
      this.#streams.delete(subscription.producerId);
    });
    subscription.on('producerpause', () => link.notify({ method: 'consumerPaused', consumerId }));
    subscription.on('producerresume', () => link.notify({ method: 'consumerResumed', consumerId }));
    subscription.on('score', (score) => link.notify({ method: 'consumerScore', consumerId, score }));
    subscription.on('layerschange', (layers) => {
      const { spatialLayer = null, temporalLayer = null } = layers ?? {};
      link.notify({ method: 'consumerLayersChanged', consumerId, spatialLayer, temporalLayer });
    });
  }

  async #announce(reception: Reception, publication: Publication): Promise<void> {
    const { link, log } = this.#owner;
    const { subscription, from } = reception;
    try {
      await link.request('newConsumer', {
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
      log.debug({ err: error, consumerId: subscription.id }, 'client did not take a stream');
      this.#receptions.delete(subscription.id);
      this.#streams.delete(subscription.producerId);
      subscription.close();
      return;
    }
    if (!subscription.closed && !reception.paused) await subscription.resume();
  }
}

async function setPaused(reception: Reception, paused: boolean): Promise<void> {
  reception.paused = paused;
  await (paused ? reception.subscription.pause() : reception.subscription.resume());
}
