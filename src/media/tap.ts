// A way out of the SFU for a program that takes RTP: what is wanted of a session, on one UDP port of this machine, in
// clear, or of another one, encrypted (SRTP).
//
// Everything goes through one plain transport on one worker; streams that arrive at other workers are piped there. So the
// program has one peer to send its RTCP to. When that worker dies, its successor or another one takes its place.
import type { Consumer, PlainTransport, RtpCapabilities } from 'mediasoup/types';
import type { Logger } from '../log.ts';
import { layerScales } from './layers.ts';
import type { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';
import type { Publication } from './peer-media.ts';

export type TapKind = 'audio' | 'video' | 'share' | 'shareAudio';

export interface TapSource {
  participantId: string;
  kind: TapKind;
  publication: Publication;
}

export interface TapWish {
  participantId: string;
  kind: TapKind;
  /** Pixels; 0 for sound. */
  width: number;
  height: number;
}

/** One RTP stream that arrives at the port. */
export interface TapStream {
  id: string;
  participantId: string;
  kind: TapKind;
  mimeType: string;
  clockRate: number;
  channels: number;
  payloadType: number;
  ssrc: number;
  rtxPayloadType: number | undefined;
  rtxSsrc: number | undefined;
  headerExtensions: Record<string, number>;
  cname: string;
}

/** Keys with their salts, base64, as the receiver of the streams uses them. */
export interface TapKeys {
  send: string;
  receive: string;
}

export interface TapOptions {
  port: number;
  /** Another machine, and the key that its feedback is encrypted with. */
  elsewhere?: { ip: string; sendKey: string };
  /** Told before any stream that is encrypted with these keys. */
  onSecured?(keys: TapKeys): void;
  onStream(stream: TapStream): void;
  onStreamGone(streamId: string): void;
  onStreamPaused(streamId: string, paused: boolean): void;
}

interface Tapped {
  source: TapSource;
  consumer: Consumer;
  layer: number | undefined;
}

const LOOPBACK = '127.0.0.1';
/** Height of the largest layer of a camera where nothing else is known: what SDKs send by default. */
const USUAL_HEIGHT = 720;
/** A layer this much smaller than its tile still looks sharp. */
const TOLERANCE = 0.85;
const RETRY_DELAY_MS = 300;
const CRYPTO_SUITE = 'AEAD_AES_128_GCM';

const HEADER_EXTENSIONS = [
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
];
/** Without a congestion controller on the other side, bandwidth is not estimated: the loopback has enough. */
const FEEDBACK = ['nack', 'nack pli', 'ccm fir'];

interface TapDeps {
  media: Media;
  /** All that is sent in the session now. */
  sources(): TapSource[];
  log: Logger;
}

export class MediaTap {
  readonly #media: Media;
  readonly #sources: () => TapSource[];
  readonly #options: TapOptions;
  readonly #log: Logger;
  #wishes: TapWish[] = [];
  readonly #tapped = new Map<string, Tapped>();
  #outlet: { worker: MediaWorker; transport: PlainTransport } | undefined;
  /** One pass at a time brings what is consumed to what is wanted; a change during it asks for another. */
  #passing = false;
  #again = false;
  #closed = false;

  constructor({ media, sources, log }: TapDeps, options: TapOptions) {
    this.#media = media;
    this.#sources = sources;
    this.#options = options;
    this.#log = log;
  }

  /** What is sent has changed. */
  refresh(): void {
    this.#adjust();
  }

  /** All that is wanted now. */
  want(wishes: TapWish[]): void {
    this.#wishes = wishes;
    this.#adjust();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outlet?.transport.close();
    this.#tapped.clear();
  }

  #adjust(): void {
    if (this.#passing) {
      this.#again = true;
      return;
    }
    this.#passing = true;
    this.#pass()
      .catch((error) => {
        if (this.#closed) return;
        this.#log.warn({ err: error }, 'tap could not be adjusted, trying again');
        setTimeout(() => this.#adjust(), RETRY_DELAY_MS);
      })
      .finally(() => {
        this.#passing = false;
        if (this.#again && !this.#closed) {
          this.#again = false;
          this.#adjust();
        }
      });
  }

  async #pass(): Promise<void> {
    if (this.#closed) return;
    const wanted = this.#wantedSources();
    for (const tapped of [...this.#tapped.values()]) {
      if (!wanted.has(tapped.source.publication.producer.id)) this.#drop(tapped);
    }
    for (const { source, wish } of wanted.values()) {
      const tapped = this.#tapped.get(source.publication.producer.id);
      if (tapped) await this.#chooseLayer(tapped, wish);
      else await this.#consume(source, wish);
      if (this.#closed) return;
    }
  }

  #wantedSources(): Map<string, { source: TapSource; wish: TapWish }> {
    const wanted = new Map<string, { source: TapSource; wish: TapWish }>();
    const sources = this.#sources();
    for (const wish of this.#wishes) {
      // A camera that was replaced may for a moment be there twice: the newest is it.
      const source = sources.findLast(
        (it) => it.participantId === wish.participantId && it.kind === wish.kind && !it.publication.producer.closed,
      );
      if (source) wanted.set(source.publication.producer.id, { source, wish });
    }
    return wanted;
  }

  async #consume(source: TapSource, wish: TapWish): Promise<void> {
    const { producer, worker } = source.publication;
    const outlet = await this.#open(worker);
    if (producer.closed || this.#closed) return;
    await this.#media.pipe(worker, outlet.worker, { producerId: producer.id });
    if (producer.closed || this.#closed || outlet.transport.closed) return;
    const rtpCapabilities = plainCapabilities(outlet.worker.router.rtpCapabilities);
    const consumer = await outlet.transport.consume({ producerId: producer.id, rtpCapabilities, paused: true });
    if (this.#closed) return;
    const tapped: Tapped = { source, consumer, layer: undefined };
    this.#tapped.set(producer.id, tapped);
    const gone = () => this.#drop(tapped);
    consumer.on('producerclose', gone);
    consumer.on('transportclose', gone);
    consumer.on('producerpause', () => this.#options.onStreamPaused(consumer.id, true));
    consumer.on('producerresume', () => this.#options.onStreamPaused(consumer.id, false));
    this.#options.onStream(streamOf(source, consumer));
    if (consumer.producerPaused) this.#options.onStreamPaused(consumer.id, true);
    await this.#chooseLayer(tapped, wish);
    await consumer.resume();
  }

  async #chooseLayer(tapped: Tapped, wish: TapWish): Promise<void> {
    const { consumer, source } = tapped;
    if (consumer.type === 'simple' || consumer.closed) return;
    const layer = smallestLayerFor(wish.height, source);
    if (layer === tapped.layer) return;
    tapped.layer = layer;
    await consumer.setPreferredLayers({ spatialLayer: layer });
  }

  #drop(tapped: Tapped): void {
    const { id } = tapped.source.publication.producer;
    if (this.#tapped.get(id) !== tapped) return;
    this.#tapped.delete(id);
    tapped.consumer.close();
    if (!this.#closed) this.#options.onStreamGone(tapped.consumer.id);
  }

  async #open(worker: MediaWorker): Promise<{ worker: MediaWorker; transport: PlainTransport }> {
    if (this.#outlet && !this.#outlet.transport.closed) return this.#outlet;
    const transport = await this.#transportOn(worker);
    if (this.#closed) {
      transport.close();
      throw new Error('the tap is closed');
    }
    await this.#connect(transport);
    const outlet = { worker, transport };
    this.#outlet = outlet;
    // Its worker died: what lives on other workers is wanted still.
    transport.observer.once('close', () => {
      if (!this.#closed) setTimeout(() => this.#adjust(), RETRY_DELAY_MS);
    });
    return outlet;
  }

  #transportOn({ router }: MediaWorker): Promise<PlainTransport> {
    const { elsewhere } = this.#options;
    return router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: elsewhere ? this.#media.listenAddressFor(elsewhere.ip) : LOOPBACK },
      rtcpMux: true,
      comedia: false,
      ...(elsewhere && { enableSrtp: true, srtpCryptoSuite: CRYPTO_SUITE }),
    });
  }

  async #connect(transport: PlainTransport): Promise<void> {
    const { port, elsewhere, onSecured } = this.#options;
    if (!elsewhere) return transport.connect({ ip: LOOPBACK, port });
    const { ip, sendKey } = elsewhere;
    await transport.connect({ ip, port, srtpParameters: { cryptoSuite: CRYPTO_SUITE, keyBase64: sendKey } });
    const receive = transport.srtpParameters?.keyBase64;
    if (receive === undefined) throw new Error('the media worker gave no SRTP key');
    onSecured?.({ send: sendKey, receive });
  }
}

/** What a plain receiver understands: every codec, loss repair, and no bandwidth estimation. */
function plainCapabilities({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.map((codec) => ({
      ...codec,
      rtcpFeedback: (codec.rtcpFeedback ?? []).filter(({ type, parameter }) =>
        FEEDBACK.includes(parameter ? `${type} ${parameter}` : type),
      ),
    })),
    headerExtensions: headerExtensions.filter(({ uri }) => HEADER_EXTENSIONS.includes(uri)),
  };
}

function streamOf(source: TapSource, consumer: Consumer): TapStream {
  const { codecs, encodings = [], headerExtensions = [], rtcp } = consumer.rtpParameters;
  const codec = codecs.find(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'));
  const rtx = codecs.find(({ mimeType }) => mimeType.toLowerCase().endsWith('/rtx'));
  const [encoding] = encodings;
  if (!codec || encoding?.ssrc === undefined) throw new Error('a consumer without codec or SSRC');
  return {
    id: consumer.id,
    participantId: source.participantId,
    kind: source.kind,
    mimeType: codec.mimeType,
    clockRate: codec.clockRate,
    channels: codec.channels ?? 1,
    payloadType: codec.payloadType,
    ssrc: encoding.ssrc,
    rtxPayloadType: encoding.rtx && rtx?.payloadType,
    rtxSsrc: encoding.rtx?.ssrc,
    headerExtensions: Object.fromEntries(headerExtensions.map(({ uri, id }) => [uri, id])),
    cname: rtcp?.cname ?? '',
  };
}

/** The smallest layer of simulcast or SVC that fills a tile of this height. */
export function smallestLayerFor(height: number, source: TapSource): number {
  const scales = layerScales(source.publication.producer.rtpParameters.encodings);
  // Screens are shared sharp: whatever is largest.
  if (source.kind === 'share') return scales.length - 1;
  const index = scales.findIndex((scale) => USUAL_HEIGHT / scale >= height * TOLERANCE);
  return index === -1 ? scales.length - 1 : index;
}
