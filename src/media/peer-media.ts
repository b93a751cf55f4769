// One participant's connection to the SFU: transports, what it publishes and what it receives. It belongs to a worker,
// not to a room, so that a participant who switches rooms keeps everything.
import { EventEmitter } from 'node:events';
import type {
  Consumer,
  DataConsumer,
  DataProducer,
  DtlsParameters,
  IceParameters,
  MediaKind,
  Producer,
  RtpCapabilities,
  RtpParameters,
  SctpStreamParameters,
  WebRtcTransport,
} from 'mediasoup/types';
import type { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';

export type AppData = Record<string, unknown>;
export type Protocol = 'UDP_OVER_TCP' | 'UDP_ONLY' | 'TCP_ONLY';

/** A stream that a participant sends, and the worker it arrives at. */
export interface Publication {
  readonly producer: Producer;
  readonly worker: MediaWorker;
}

export interface DataPublication {
  readonly producer: DataProducer;
  readonly worker: MediaWorker;
}

interface PeerMediaEvents {
  /** Emitted when its media is gone for good, because it was closed or its worker died. */
  closed: [];
}

/** An app has one of each direction; a change of mode makes a new one before the old one goes. */
const MAX_TRANSPORTS = 6;
/** Camera, microphone, screen and its sound, with room for one replacement of each in flight. */
const MAX_PRODUCERS = 8;
const TOO_MANY = {
  transports: 'too many transports',
  producers: 'too many streams are being sent already',
  dataProducers: 'too many data channels are open already',
};
const INITIAL_OUTGOING_BITRATE = 1_000_000;

export class PeerMedia extends EventEmitter<PeerMediaEvents> {
  readonly worker: MediaWorker;
  readonly #media: Media;
  readonly #transports = new Map<string, WebRtcTransport>();
  readonly producers = new Map<string, Publication>();
  readonly dataProducers = new Map<string, DataPublication>();
  readonly consumers = new Map<string, Consumer>();
  readonly dataConsumers = new Map<string, DataConsumer>();
  /** Of each kind, how many are being made: they count before they are there. */
  readonly #underWay = { transports: 0, producers: 0, dataProducers: 0 };
  #closed = false;

  constructor(media: Media, worker: MediaWorker) {
    super();
    this.#media = media;
    this.worker = worker;
    worker.peers.add(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get consumerCount(): number {
    return this.consumers.size + this.dataConsumers.size;
  }

  createTransport(options: { producing: boolean; protocol: Protocol }): Promise<WebRtcTransport> {
    return this.#bounded('transports', this.#transports.size, MAX_TRANSPORTS, () => this.#createTransport(options));
  }

  async #createTransport(options: { producing: boolean; protocol: Protocol }): Promise<WebRtcTransport> {
    const transport = await this.worker.router.createWebRtcTransport({
      webRtcServer: this.worker.webRtcServer,
      enableUdp: options.protocol !== 'TCP_ONLY',
      enableTcp: options.protocol !== 'UDP_ONLY',
      preferUdp: true,
      enableSctp: true,
      initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE,
      appData: { producing: options.producing },
    });
    if (this.#closed) {
      transport.close();
      throw new Error('the participant has left');
    }
    this.#transports.set(transport.id, transport);
    transport.observer.once('close', () => this.#transports.delete(transport.id));
    // The client closes its DTLS when it drops a transport without saying so.
    transport.on('dtlsstatechange', (state) => {
      if (state === 'closed' || state === 'failed') transport.close();
    });
    return transport;
  }

  async connectTransport(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId);
    await this.worker.request(transport, () => transport.connect({ dtlsParameters }));
  }

  restartIce(transportId: string): Promise<IceParameters> {
    return this.#transport(transportId).restartIce();
  }

  publish(options: {
    transportId: string;
    kind: MediaKind;
    rtpParameters: RtpParameters;
    appData: AppData;
  }): Promise<Publication> {
    return this.#bounded('producers', this.producers.size, MAX_PRODUCERS, async () => {
      const { transportId, kind, rtpParameters, appData } = options;
      const transport = this.#transport(transportId);
      const producer = await this.worker.request(transport, () => transport.produce({ kind, rtpParameters, appData }));
      const publication: Publication = { producer, worker: this.worker };
      this.producers.set(producer.id, publication);
      producer.observer.once('close', () => this.producers.delete(producer.id));
      return publication;
    });
  }

  publishData(options: {
    transportId: string;
    sctpStreamParameters: SctpStreamParameters;
    label: string;
    protocol: string;
    appData: AppData;
  }): Promise<DataPublication> {
    return this.#bounded('dataProducers', this.dataProducers.size, MAX_PRODUCERS, async () => {
      const { transportId, ...parameters } = options;
      const transport = this.#transport(transportId);
      const producer = await this.worker.request(transport, () => transport.produceData(parameters));
      const publication: DataPublication = { producer, worker: this.worker };
      this.dataProducers.set(producer.id, publication);
      producer.observer.once('close', () => this.dataProducers.delete(producer.id));
      return publication;
    });
  }

  /**
   * Receives a stream, paused until `resume` so that no packet is lost on a client that is not yet ready. Answers
   * nothing when this peer cannot decode it, has no transport to receive it on, or either side is gone.
   */
  async consume(publication: Publication, rtpCapabilities: RtpCapabilities): Promise<Consumer | undefined> {
    const { producer, worker } = publication;
    const transport = this.#receiving();
    if (!transport || producer.closed || this.#closed) return undefined;
    await this.#media.pipe(worker, this.worker, { producerId: producer.id });
    if (transport.closed || producer.closed) return undefined;
    if (!this.worker.router.canConsume({ producerId: producer.id, rtpCapabilities })) return undefined;
    const options = { producerId: producer.id, rtpCapabilities, paused: true, appData: producer.appData };
    const consumer = await this.worker.request(transport, () => transport.consume(options));
    this.consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.consumers.delete(consumer.id));
    return consumer;
  }

  async consumeData(publication: DataPublication): Promise<DataConsumer | undefined> {
    const { producer, worker } = publication;
    const transport = this.#receiving();
    if (!transport || producer.closed || this.#closed) return undefined;
    await this.#media.pipe(worker, this.worker, { dataProducerId: producer.id });
    if (transport.closed || producer.closed) return undefined;
    const consumer = await transport.consumeData({ dataProducerId: producer.id, appData: producer.appData });
    this.dataConsumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.dataConsumers.delete(consumer.id));
    return consumer;
  }

  /** Settles when data gets through to it (or it has nothing to receive it on): what is sent before is lost. */
  receivesData(): Promise<void> {
    const transport = this.#receiving();
    if (!transport || transport.closed || transport.sctpState === 'connected') return Promise.resolve();
    return new Promise((resolve) => {
      transport.on('sctpstatechange', (state) => {
        if (state === 'connected') resolve();
      });
      transport.observer.once('close', resolve);
    });
  }

  /** Ends sending: what a change of mode no longer has. */
  closeSending(): void {
    for (const transport of this.#of(true)) transport.close();
  }

  closeReceiving(): void {
    for (const transport of this.#of(false)) transport.close();
  }

  /** Bytes and bit/s in both directions, seen from the participant: `send` is what it sends. */
  async traffic(): Promise<{ send: TransportTraffic; recv: TransportTraffic }> {
    const total = { send: { bitrate: 0, bytes: 0 }, recv: { bitrate: 0, bytes: 0 } };
    for (const transport of this.#transports.values()) {
      for (const stat of await transport.getStats()) {
        total.send.bitrate += stat.recvBitrate;
        total.send.bytes += stat.bytesReceived;
        total.recv.bitrate += stat.sendBitrate;
        total.recv.bytes += stat.bytesSent;
      }
    }
    return total;
  }

  transportStats(transportId: string): Promise<unknown> {
    return this.#transport(transportId).getStats();
  }

  async dataProducerStats(dataProducerId: string): Promise<unknown> {
    const publication = this.dataProducers.get(dataProducerId);
    if (!publication) throw new Error('unknown data producer');
    return publication.producer.getStats();
  }

  async dataConsumerStats(dataConsumerId: string): Promise<unknown> {
    const consumer = this.dataConsumers.get(dataConsumerId);
    if (!consumer) throw new Error('unknown data consumer');
    return consumer.getStats();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const transport of [...this.#transports.values()]) transport.close();
    this.worker.peers.delete(this);
    this.emit('closed');
  }

  /** Makes one more of a kind, unless as many are there or on their way as there may be. */
  async #bounded<T>(kind: keyof typeof TOO_MANY, count: number, max: number, make: () => Promise<T>): Promise<T> {
    if (count + this.#underWay[kind] >= max) throw new Error(TOO_MANY[kind]);
    this.#underWay[kind] += 1;
    try {
      return await make();
    } finally {
      this.#underWay[kind] -= 1;
    }
  }

  #of(producing: boolean): WebRtcTransport[] {
    return [...this.#transports.values()].filter((transport) => transport.appData.producing === producing);
  }

  /** The newest transport to receive on: a change of mode makes another before the old one is gone. */
  #receiving(): WebRtcTransport | undefined {
    return this.#of(false).at(-1);
  }

  #transport(id: string): WebRtcTransport {
    const transport = this.#transports.get(id);
    if (!transport) throw new Error('unknown transport');
    return transport;
  }
}

interface TransportTraffic {
  bitrate: number;
  bytes: number;
}
