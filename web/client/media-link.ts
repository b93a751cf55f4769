// The WebRTC side of one connection: the two transports, what is sent and what is received. A new one after every
// reconnection.
import { Device, type types } from 'mediasoup-client';
import type { DtlsParameters, RtpCapabilities, RtpParameters } from '../../src/protocol/media-parameters.ts';
import type { ServerRequests, StreamKind } from '../../src/protocol/signaling.ts';
import { countIn } from './quality.ts';
import type { SignalingSocket } from './signaling-socket.ts';
import { cameraEncodings } from './sizing.ts';

type Request = SignalingSocket['request'];
type Loose = Record<string, unknown>;

export interface LinkOptions {
  /** The WebRTC of a program that is no browser. */
  handler?: types.HandlerFactory | undefined;
  /** Whether anything is to be received. */
  receives: boolean;
}

export class MediaLink {
  readonly producers = new Map<StreamKind, types.Producer>();
  readonly consumers = new Map<string, types.Consumer>();
  readonly #request: Request;
  readonly #device: Device;
  readonly #send: types.Transport;
  readonly #recv: types.Transport | undefined;

  private constructor(request: Request, device: Device, send: types.Transport, recv: types.Transport | undefined) {
    this.#request = request;
    this.#device = device;
    this.#send = send;
    this.#recv = recv;
  }

  static async open(request: Request, { handler, receives }: LinkOptions): Promise<MediaLink> {
    const device = new Device(handler && { handlerFactory: handler });
    await device.load({ routerRtpCapabilities: await request('getRouterRtpCapabilities', {}) });
    const [sending, receiving] = await Promise.all([
      request('createWebRtcTransport', { producing: true, consuming: false }),
      receives ? request('createWebRtcTransport', { producing: false, consuming: true }) : undefined,
    ]);
    const send = device.createSendTransport(sending);
    const recv = receiving && device.createRecvTransport(receiving);
    for (const transport of [send, recv]) if (transport) connectOnDemand(transport, request);
    send.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      request('produce', {
        transportId: send.id,
        kind,
        rtpParameters: rtpParameters as RtpParameters,
        appData,
      }).then(({ id }) => done({ id }), failed);
    });
    return new MediaLink(request, device, send, recv);
  }

  /** What this browser can receive, for `join`. */
  get receivable(): RtpCapabilities {
    return this.#device.recvRtpCapabilities as RtpCapabilities;
  }

  async publish(kind: StreamKind, track: MediaStreamTrack): Promise<void> {
    const producer = await this.#send.produce({ track, stopTracks: false, ...SENDING[kind](track) });
    this.producers.set(kind, producer);
    producer.observer.once('close', () => this.producers.delete(kind));
  }

  async unpublish(kind: StreamKind): Promise<void> {
    const producer = this.producers.get(kind);
    if (!producer) return;
    producer.close();
    await this.#request('closeProducer', { producerId: producer.id });
  }

  async consume(offer: ServerRequests['newConsumer']): Promise<types.Consumer> {
    if (!this.#recv) throw new Error('Nothing is to be received.');
    const consumer = await this.#recv.consume({
      id: offer.id,
      producerId: offer.producerId,
      kind: offer.kind as types.MediaKind,
      rtpParameters: offer.rtpParameters as types.RtpParameters,
      // Sound and picture of one participant are played in step, a screen and its sound too.
      streamId: `${offer.peerId}-${offer.appData.share === true ? 'screen' : 'camera'}`,
    });
    this.consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.consumers.delete(consumer.id));
    return consumer;
  }

  /** Round trip and loss, of what is sent if anything is, else of what is received. */
  async count() {
    const transport = this.producers.size > 0 ? this.#send : (this.#recv ?? this.#send);
    const report = (await transport.getStats()) as unknown as Map<string, Loose>;
    return { of: transport.id, ...countIn(report.values()) };
  }

  close(): void {
    this.#send.close();
    this.#recv?.close();
  }
}

function connectOnDemand(transport: types.Transport, request: Request): void {
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    request('connectWebRtcTransport', {
      transportId: transport.id,
      dtlsParameters: dtlsParameters as DtlsParameters,
    }).then(() => done(), failed);
  });
  transport.on('connectionstatechange', (state) => {
    if (state !== 'failed') return;
    // The network of the client changed, most likely: the same transport goes on over another path.
    request('restartIce', { transportId: transport.id })
      .then((iceParameters) => transport.restartIce({ iceParameters }))
      .catch(() => undefined);
  });
}

const AUDIO_CODEC = { opusDtx: true, opusFec: true };

/** How each kind is sent, and what its receivers are told of it. */
const SENDING: Record<StreamKind, (track: MediaStreamTrack) => Partial<types.ProducerOptions>> = {
  audio: () => ({ codecOptions: AUDIO_CODEC, appData: {} }),
  video: (track) => {
    const { width = 1280, height = 720 } = track.getSettings();
    const encodings = cameraEncodings(width, height);
    return {
      encodings: encodings.map(({ rid: _, ...it }) => ({ ...it, scalabilityMode: 'L1T3' })),
      codecOptions: { videoGoogleStartBitrate: 1000 },
      appData: { encodings, width, height },
    };
  },
  share: (track) => {
    const { width, height, displaySurface } = track.getSettings();
    return {
      encodings: [{ maxBitrate: 3_000_000, maxFramerate: 30 }],
      appData: { share: true, displaySurface, width, height, encodings: [{}] },
    };
  },
  shareAudio: () => ({ codecOptions: { ...AUDIO_CODEC, opusStereo: true }, appData: { share: true } }),
};
