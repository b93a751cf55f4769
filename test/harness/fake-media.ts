// The SFU of a room without a media worker: what is published can be consumed, and what is closed is gone.
import { EventEmitter } from 'node:events';
import type {
  DataPublication,
  DataSubscription,
  MediaPlane,
  PeerMedia,
  Publication,
  RoomMedia,
  Subscription,
} from '../../src/live/media-plane.ts';

let ids = 0;
const newId = (what: string) => `${what}-${++ids}`;

class FakeProducer extends EventEmitter {
  readonly id = newId('producer');
  readonly observer = new EventEmitter();
  readonly kind: 'audio' | 'video';
  readonly appData: Record<string, unknown>;
  paused = false;
  closed = false;

  constructor(kind: 'audio' | 'video', appData: Record<string, unknown>) {
    super();
    this.kind = kind;
    this.appData = appData;
  }

  async pause() {
    this.paused = true;
  }

  async resume() {
    this.paused = false;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
    this.observer.emit('close');
  }
}

export class FakeConsumer extends EventEmitter {
  readonly id = newId('consumer');
  readonly producerId: string;
  readonly kind: string;
  readonly rtpParameters = {};
  type = 'simple';
  readonly producerPaused = false;
  closed = false;
  /** What was done to it, in order. */
  readonly done: string[] = [];
  /** The next calls fail. */
  broken = false;

  constructor(producer: FakeProducer) {
    super();
    this.producerId = producer.id;
    this.kind = producer.kind;
    producer.on('close', () => this.emit('producerclose'));
  }

  pause = () => this.#do('pause');
  resume = () => this.#do('resume');
  setPreferredLayers = (layers: object) => this.#do(`layers ${JSON.stringify(layers)}`);
  setPriority = (priority: number) => this.#do(`priority ${priority}`);
  requestKeyFrame = () => this.#do('key frame');

  async #do(what: string): Promise<void> {
    if (this.broken) throw new Error('the worker is away');
    this.done.push(what);
  }

  close() {
    this.closed = true;
  }
}

class FakeDataConsumer extends EventEmitter {
  readonly id = newId('data-consumer');
  readonly label = 'chat';
  readonly protocol = '';
  closed = false;
  readonly dataProducerId: string;

  constructor(dataProducerId: string) {
    super();
    this.dataProducerId = dataProducerId;
  }

  close() {
    this.closed = true;
  }
}

export class FakePeerMedia {
  readonly producers = new Map<string, Publication>();
  readonly dataProducers = new Map<string, DataPublication>();
  readonly dataConsumers: FakeDataConsumer[] = [];
  /** Whether it can decode what it is offered. */
  canConsume = true;
  /** Settles before a stream can be consumed. */
  beforeConsume: Promise<void> = Promise.resolve();
  readonly consumers = new Map<string, FakeConsumer>();
  closed = false;

  async publish({ kind, appData }: { kind: 'audio' | 'video'; appData: Record<string, unknown> }) {
    const producer = new FakeProducer(kind, appData);
    const publication = { producer } as unknown as Publication;
    this.producers.set(producer.id, publication);
    producer.observer.once('close', () => this.producers.delete(producer.id));
    return publication;
  }

  async publishData({ label, appData }: { label: string; appData: Record<string, unknown> }): Promise<DataPublication> {
    const publication = { producer: { id: newId('data-producer'), label, protocol: '', appData } };
    this.dataProducers.set(publication.producer.id, publication);
    return publication;
  }

  async consumeData({ producer }: DataPublication): Promise<DataSubscription> {
    const consumer = new FakeDataConsumer(producer.id);
    this.dataConsumers.push(consumer);
    return consumer;
  }

  async receivesData() {}

  async consume({ producer }: Publication): Promise<Subscription | undefined> {
    await this.beforeConsume;
    if (!this.canConsume) return undefined;
    const consumer = new FakeConsumer(producer as unknown as FakeProducer);
    this.consumers.set(consumer.id, consumer);
    return consumer as unknown as Subscription;
  }

  closeSending() {
    for (const { producer } of [...this.producers.values()]) producer.close();
  }

  closeReceiving() {}

  close() {
    this.closed = true;
    this.closeSending();
  }
}

/** With how many peers are open, so that a test sees what a room has forgotten. */
export function fakeMediaPlane() {
  const peers: FakePeerMedia[] = [];
  const speakers = new EventEmitter();
  let roomsOpen = 0;
  const openRoom = () => {
    roomsOpen += 1;
    return {
      openPeer: () => {
        const peer = new FakePeerMedia();
        peers.push(peer);
        return peer as unknown as PeerMedia;
      },
      observe: async () => undefined,
      unobserve: () => undefined,
      on: (event: string, listener: (peer: PeerMedia | null) => void) => speakers.on(event, listener),
      close: () => {
        roomsOpen -= 1;
      },
    } as RoomMedia;
  };
  return {
    plane: { rtpCapabilities: {}, openRoom } satisfies MediaPlane,
    open: () => peers.filter(({ closed }) => !closed).length,
    roomsOpen: () => roomsOpen,
    /** The peer speaks now; null: nobody does. */
    speak: (peer: PeerMedia | null) => speakers.emit('activeSpeaker', peer),
  };
}
