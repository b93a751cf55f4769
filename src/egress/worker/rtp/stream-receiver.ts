// One incoming stream: packets in whatever order, whole frames with their time of capture out. Asks for what is missing.
import type { EgressStream } from '../../ipc.ts';
import { createDepacketizer } from './depacketizers/depacketizer.ts';
import type { Depacketizer, EncodedFrame } from './depacketizers/frame.ts';
import { extensionOf, type RtpPacket, rotationOf, unwrapRtx } from './packet.ts';
import { type OrderedPacket, ReorderBuffer } from './reorder-buffer.ts';
import { nack, pictureLoss, type ReceptionBlock, type SenderReport } from './rtcp.ts';
import { type SenderOrigin, StreamClock } from './stream-clock.ts';
import { Unwrapper } from './unwrap.ts';

export interface ReceivedFrame extends EncodedFrame {
  /** Milliseconds on our clock. */
  capturedAtMs: number;
  /** Unwrapped RTP timestamp. */
  position: number;
  rotation: 0 | 90 | 180 | 270;
  /** Packets were lost between the frame before and this one. */
  afterGap: boolean;
}

export interface RemoteAddress {
  address: string;
  port: number;
}

export interface StreamReceiverOptions {
  stream: EgressStream;
  origin: SenderOrigin;
  ownSsrc: number;
  onFrame(frame: ReceivedFrame): void;
  /** Sends RTCP to where the stream comes from. */
  sendFeedback(packet: Buffer): void;
}

const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation';
/** Senders need a while to answer, and mediasoup passes on no more than about one request a second. */
const KEYFRAME_REQUEST_INTERVAL_MS = 500;

export class StreamReceiver {
  readonly stream: EgressStream;
  /** Where its last packet came from. */
  sender: RemoteAddress | undefined;
  readonly #options: StreamReceiverOptions;
  readonly #depacketizer: Depacketizer | undefined;
  readonly #clock: StreamClock;
  readonly #timestamps = new Unwrapper(32);
  readonly #isVideo: boolean;
  readonly #orientationId: number | undefined;
  readonly #buffer: ReorderBuffer;
  #needsKey: boolean;
  #askedForKeyAtMs = -Infinity;
  #rotation: ReceivedFrame['rotation'] = 0;
  #afterGap = false;
  #reported = { highest: 0, received: 0 };

  constructor(options: StreamReceiverOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#isVideo = options.stream.mimeType.toLowerCase().startsWith('video/');
    this.#needsKey = this.#isVideo;
    this.#depacketizer = createDepacketizer(options.stream.mimeType);
    this.#clock = new StreamClock(options.stream.clockRate, options.origin);
    this.#orientationId = options.stream.headerExtensions[VIDEO_ORIENTATION];
    this.#buffer = new ReorderBuffer({
      onPacket: (packet) => this.#onOrdered(packet),
      onGap: () => this.#onGap(),
    });
  }

  get isKnownCodec(): boolean {
    return this.#depacketizer !== undefined;
  }

  get loss(): { received: number; recovered: number; lost: number } {
    const { received, recovered, lost } = this.#buffer;
    return { received, recovered, lost };
  }

  onRtp(packet: RtpPacket, nowMs: number): void {
    const { ssrc, payloadType, rtxSsrc } = this.stream;
    const original = packet.ssrc === rtxSsrc ? unwrapRtx(packet, { payloadType, ssrc }) : packet;
    if (original && original.payloadType === payloadType) this.#buffer.push(original, nowMs);
  }

  onSenderReport(report: SenderReport, nowMs: number): void {
    this.#clock.onSenderReport(report.ntpMs, this.#timestamps.unwrap(report.timestamp), nowMs);
  }

  /** To be called every few milliseconds: gives up on gaps, asks for what is missing. */
  poll(nowMs: number): void {
    this.#buffer.drain(nowMs);
    const missing = this.#buffer.dueNacks(nowMs);
    if (missing.length > 0) this.#options.sendFeedback(nack(this.#options.ownSsrc, this.stream.ssrc, missing));
    if (this.#needsKey && this.#buffer.received > 0) this.#askForKey(nowMs);
  }

  /** The decoder cannot go on, or somebody wants to see the picture now. */
  requestKey(nowMs: number): void {
    if (!this.#isVideo) return;
    this.#needsKey = true;
    this.#askForKey(nowMs);
  }

  receptionBlock(): ReceptionBlock {
    const { received, highestIndex, lost } = this.#buffer;
    const expected = highestIndex - this.#reported.highest;
    const got = received - this.#reported.received;
    const isFirst = this.#reported.highest === 0;
    this.#reported = { highest: highestIndex, received };
    const fractionLost = isFirst || expected <= 0 ? 0 : Math.max(0, (expected - got) / expected);
    return { ssrc: this.stream.ssrc, fractionLost, cumulativeLost: lost, highestSequence: Math.max(0, highestIndex) };
  }

  #askForKey(nowMs: number): void {
    if (nowMs - this.#askedForKeyAtMs < KEYFRAME_REQUEST_INTERVAL_MS) return;
    this.#askedForKeyAtMs = nowMs;
    this.#options.sendFeedback(pictureLoss(this.#options.ownSsrc, this.stream.ssrc));
  }

  #onGap(): void {
    this.#depacketizer?.reset();
    this.#afterGap = true;
    if (this.#isVideo) this.#needsKey = true;
  }

  #onOrdered(packet: OrderedPacket): void {
    // The orientation is told in the last packet of each frame where it changed, and of each keyframe.
    const orientation = this.#orientationId === undefined ? undefined : extensionOf(packet, this.#orientationId);
    if (orientation) this.#rotation = rotationOf(orientation);
    const frame = this.#depacketizer?.push(packet);
    if (!frame) return;
    const position = this.#timestamps.unwrap(frame.timestamp);
    const capturedAtMs = this.#clock.onFrame(position, frame.arrivedAtMs);
    if (this.#needsKey && !frame.isKey) {
      this.#askForKey(frame.arrivedAtMs);
      return;
    }
    this.#needsKey = false;
    const afterGap = this.#afterGap;
    this.#afterGap = false;
    this.#options.onFrame({ ...frame, position, capturedAtMs, rotation: this.#rotation, afterGap });
  }
}
