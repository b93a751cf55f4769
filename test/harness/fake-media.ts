// The SFU of a room without a media worker: what is published can be consumed, and what is closed is gone.
import { EventEmitter } from 'node:events';
import type { MediaPlane, PeerMedia, Publication, RoomMedia, Subscription } from '../../src/rooms/media-plane.ts';

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

class FakeConsumer extends EventEmitter {
  readonly id = newId('consumer');
  readonly producerId: string;
  readonly kind: string;
  readonly rtpParameters = {};
  readonly type = 'simple';
  readonly producerPaused = false;
  closed = false;

  constructor(producer: FakeProducer) {
    super();
    this.producerId = producer.id;
    this.kind = producer.kind;
    producer.on('close', () => this.emit('producerclose'));
  }

  async pause() {}
  async resume() {}
  async setPreferredLayers() {}
  async setPriority() {}
  async requestKeyFrame() {}

  close() {
    this.closed = true;
  }
}

export class FakePeerMedia {
  readonly producers = new Map<string, Publication>();
  readonly dataProducers = new Map();
  readonly consumers = new Map<string, FakeConsumer>();
  closed = false;

  async publish({ kind, appData }: { kind: 'audio' | 'video'; appData: Record<string, unknown> }) {
    const producer = new FakeProducer(kind, appData);
    const publication = { producer } as unknown as Publication;
    this.producers.set(producer.id, publication);
    producer.observer.once('close', () => this.producers.delete(producer.id));
    return publication;
  }

  async consume({ producer }: Publication): Promise<Subscription> {
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

/** Also tells how many peers are open, so that a test sees whom a room has forgotten. */
export function fakeMediaPlane() {
  const peers: FakePeerMedia[] = [];
  const plane = {
    rtpCapabilities: {},
    openRoom: () =>
      ({
        openPeer: () => {
          const peer = new FakePeerMedia();
          peers.push(peer);
          return peer as unknown as PeerMedia;
        },
        observe: async () => undefined,
        unobserve: () => undefined,
        on: () => undefined,
        close: () => undefined,
      }) as RoomMedia,
  } satisfies MediaPlane;
  return { plane, open: () => peers.filter(({ closed }) => !closed).length };
}
