// The SFU as rooms see it. `media` provides it; the shapes are mediasoup's, named here so that rooms import none of it.

export type AppData = Record<string, unknown>;

export interface Stream {
  readonly id: string;
  readonly kind: 'audio' | 'video';
  readonly paused: boolean;
  readonly closed: boolean;
  readonly appData: AppData;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): void;
}

export interface Publication {
  readonly producer: Stream & {
    on(event: 'score', listener: (score: unknown) => void): unknown;
    observer: { once(event: 'close', listener: () => void): unknown };
  };
}

export interface Subscription {
  readonly id: string;
  readonly producerId: string;
  readonly kind: string;
  readonly rtpParameters: unknown;
  readonly type: string;
  readonly closed: boolean;
  readonly producerPaused: boolean;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): void;
  setPreferredLayers(layers: { spatialLayer: number; temporalLayer?: number }): Promise<void>;
  setPriority(priority: number): Promise<void>;
  requestKeyFrame(): Promise<void>;
  on(event: 'producerclose' | 'transportclose' | 'producerpause' | 'producerresume', listener: () => void): unknown;
  on(
    event: 'layerschange',
    listener: (layers: { spatialLayer: number; temporalLayer?: number } | undefined) => void,
  ): unknown;
  on(event: 'score', listener: (score: unknown) => void): unknown;
}

export interface DataPublication {
  readonly producer: {
    readonly id: string;
    readonly label: string;
    readonly protocol: string;
    readonly appData: AppData;
  };
}

export interface DataSubscription {
  readonly id: string;
  readonly dataProducerId: string;
  readonly sctpStreamParameters?: unknown;
  readonly label: string;
  readonly protocol: string;
  close(): void;
  on(event: 'dataproducerclose' | 'transportclose', listener: () => void): unknown;
}

export interface TransportParameters {
  readonly id: string;
  readonly iceParameters: unknown;
  readonly iceCandidates: unknown;
  readonly dtlsParameters: unknown;
  readonly sctpParameters?: unknown;
}

export interface PeerMedia {
  readonly closed: boolean;
  readonly producers: ReadonlyMap<string, Publication>;
  readonly dataProducers: ReadonlyMap<string, DataPublication>;
  createTransport(options: {
    producing: boolean;
    protocol: 'UDP_OVER_TCP' | 'UDP_ONLY' | 'TCP_ONLY';
  }): Promise<TransportParameters>;
  connectTransport(transportId: string, dtlsParameters: unknown): Promise<void>;
  restartIce(transportId: string): Promise<unknown>;
  publish(options: {
    transportId: string;
    kind: 'audio' | 'video';
    rtpParameters: unknown;
    appData: AppData;
  }): Promise<Publication>;
  publishData(options: {
    transportId: string;
    sctpStreamParameters: unknown;
    label: string;
    protocol: string;
    appData: AppData;
  }): Promise<DataPublication>;
  consume(publication: Publication, rtpCapabilities: unknown): Promise<Subscription | undefined>;
  consumeData(publication: DataPublication): Promise<DataSubscription | undefined>;
  receivesData(): Promise<void>;
  closeSending(): void;
  closeReceiving(): void;
  traffic(): Promise<{ send: Traffic; recv: Traffic }>;
  transportStats(transportId: string): Promise<unknown>;
  dataProducerStats(dataProducerId: string): Promise<unknown>;
  dataConsumerStats(dataConsumerId: string): Promise<unknown>;
  close(): void;
}

interface Traffic {
  bitrate: number;
  bytes: number;
}

export interface RoomMedia {
  openPeer(): PeerMedia;
  observe(peer: PeerMedia, publication: Publication): Promise<void>;
  unobserve(publication: Publication): void;
  on(event: 'activeSpeaker', listener: (peer: PeerMedia | null) => void): unknown;
  close(): void;
}

export interface MediaPlane {
  readonly rtpCapabilities: unknown;
  openRoom(): RoomMedia;
}
