// A participant made of RTP: sends clips over UDP with sender reports, answers NACKs, and can be given a bad network.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { EgressStream, StreamKind } from '../../src/egress/ipc.ts';
import type { Clip } from './test-clip.ts';

export interface Network {
  /** Share of packets that do not arrive, 0 to 1. */
  loss: number;
  /** Packets arrive up to this much later, and therefore in another order. */
  jitterMs: number;
}

const MTU = 1100;
const HISTORY = 1000;
const REPORT_EVERY_MS = 500;
const NTP_EPOCH_S = 2_208_988_800;

let nextSsrc = 1000;

interface Sending {
  stream: EgressStream;
  clip: Clip;
  /** Takes its place with its next keyframe. */
  nextClip: Clip | undefined;
  index: number;
  startIndex: number;
  sequence: number;
  rtxSequence: number;
  history: Map<number, Buffer>;
  reportedAt: number;
  isPaused: boolean;
}

export class RtpPublisher {
  readonly participantId: string;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #sendings = new Map<string, Sending>();
  readonly #timer: NodeJS.Timeout;
  /** Wall time at which clips are at their beginning: a whole second, the same for all publishers. */
  static readonly epoch = Math.floor((performance.timeOrigin + performance.now()) / 6000) * 6000;
  network: Network = { loss: 0, jitterMs: 0 };
  sent = 0;
  dropped = 0;
  resent = 0;
  keyframesAsked = 0;
  /** Milliseconds that this participant's own clock is ahead of the wall's. */
  clockAheadMs = 0;
  /** How much faster than ours its crystal ticks, such as 50e-6. */
  clockSkew = 0;

  private constructor(participantId: string, socket: Socket, port: number) {
    this.participantId = participantId;
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => this.#onFeedback(bytes));
    this.#timer = setInterval(() => this.#send(), 4);
  }

  static async open(participantId: string, port: number): Promise<RtpPublisher> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new RtpPublisher(participantId, socket, port);
  }

  /** Begins to send; the stream is to be told to the receiver. */
  publish(kind: StreamKind, clip: Clip, options: { rtx?: boolean } = {}): EgressStream {
    const ssrc = nextSsrc;
    nextSsrc += 2;
    const stream: EgressStream = {
      id: `${this.participantId}-${kind}-${ssrc}`,
      participantId: this.participantId,
      kind,
      mimeType: clip.codec === 'opus' ? 'audio/opus' : `video/${clip.codec}`,
      clockRate: clip.clockRate,
      channels: clip.codec === 'opus' ? 2 : 0,
      payloadType: clip.codec === 'opus' ? 111 : 96,
      ssrc,
      rtxPayloadType: options.rtx ? 97 : undefined,
      rtxSsrc: options.rtx ? ssrc + 1 : undefined,
      headerExtensions: {},
      cname: this.participantId,
    };
    const startIndex = this.#indexNow(clip);
    const sequence = 65_500;
    this.#sendings.set(stream.id, {
      stream,
      clip,
      nextClip: undefined,
      index: startIndex,
      startIndex,
      sequence,
      rtxSequence: 0,
      history: new Map(),
      reportedAt: 0,
      isPaused: false,
    });
    return stream;
  }

  /** Goes on with another clip in the same stream, from its next keyframe on: another size, as simulcast does it. */
  change(streamId: string, clip: Clip): void {
    const sending = this.#sendings.get(streamId);
    if (sending) sending.nextClip = clip;
  }

  pause(streamId: string, isPaused: boolean): void {
    const sending = this.#sendings.get(streamId);
    if (sending) sending.isPaused = isPaused;
  }

  unpublish(streamId: string): void {
    this.#sendings.delete(streamId);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
    this.#sendings.clear();
  }

  #indexNow(clip: Clip): number {
    return Math.floor((this.#elapsedMs() * clip.clockRate) / 1000 / clip.ticksPerFrame);
  }

  /** Since the epoch, as this participant's crystal counts. */
  #elapsedMs(): number {
    return (now() - RtpPublisher.epoch) * (1 + this.clockSkew);
  }

  #send(): void {
    for (const sending of this.#sendings.values()) {
      const due = this.#indexNow(sending.clip);
      while (sending.index <= due) {
        if (!sending.isPaused) this.#sendFrame(sending);
        sending.index += 1;
      }
      if (now() - sending.reportedAt > REPORT_EVERY_MS && !sending.isPaused) this.#report(sending);
    }
  }

  #sendFrame(sending: Sending): void {
    const { nextClip, index } = sending;
    if (nextClip?.frames[index % nextClip.frames.length]?.isKey) {
      sending.clip = nextClip;
      sending.nextClip = undefined;
    }
    const { clip } = sending;
    const frame = clip.frames[index % clip.frames.length];
    if (!frame) return;
    const pieces = packetize(clip.codec, frame.data, frame.isKey);
    pieces.forEach((piece, at) => {
      const packet = Buffer.alloc(12 + piece.length);
      packet.writeUInt8(0x80, 0);
      packet.writeUInt8((at === pieces.length - 1 ? 0x80 : 0) | sending.stream.payloadType, 1);
      packet.writeUInt16BE(sending.sequence & 0xffff, 2);
      packet.writeUInt32BE(timestampOf(sending, index), 4);
      packet.writeUInt32BE(sending.stream.ssrc, 8);
      piece.copy(packet, 12);
      sending.history.set(sending.sequence & 0xffff, packet);
      sending.history.delete((sending.sequence - HISTORY) & 0xffff);
      sending.sequence += 1;
      this.#overNetwork(packet);
    });
  }

  #overNetwork(packet: Buffer): void {
    this.sent += 1;
    if (Math.random() < this.network.loss) {
      this.dropped += 1;
      return;
    }
    if (this.network.jitterMs === 0) this.#transmit(packet);
    else setTimeout(() => this.#transmit(packet), Math.random() * this.network.jitterMs);
  }

  #transmit(packet: Buffer): void {
    try {
      this.#socket.send(packet, this.#port, '127.0.0.1', () => undefined);
    } catch {
      // Closed in the meantime.
    }
  }

  #report(sending: Sending): void {
    sending.reportedAt = now();
    const { clip, stream } = sending;
    const elapsedMs = this.#elapsedMs();
    const position = (elapsedMs * clip.clockRate) / 1000;
    const ntp = (RtpPublisher.epoch + elapsedMs + this.clockAheadMs) / 1000 + NTP_EPOCH_S;
    const packet = Buffer.alloc(28);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(200, 1);
    packet.writeUInt16BE(6, 2);
    packet.writeUInt32BE(stream.ssrc, 4);
    packet.writeUInt32BE(Math.floor(ntp), 8);
    packet.writeUInt32BE(Math.floor((ntp % 1) * 2 ** 32), 12);
    packet.writeUInt32BE(Math.round(position + OFFSET) % 2 ** 32, 16);
    this.#transmit(packet);
  }

  #onFeedback(bytes: Buffer): void {
    const type = bytes.readUInt8(1);
    const format = bytes.readUInt8(0) & 0x1f;
    const ssrc = bytes.readUInt32BE(8);
    const sending = [...this.#sendings.values()].find(({ stream }) => stream.ssrc === ssrc);
    if (type === 206 && format === 1) this.keyframesAsked += 1;
    if (type !== 205 || format !== 1 || !sending) return;
    for (let at = 12; at + 4 <= bytes.length; at += 4) {
      const first = bytes.readUInt16BE(at);
      const bitmap = bytes.readUInt16BE(at + 2);
      for (let bit = 0; bit <= 16; bit++) {
        if (bit === 0 || bitmap & (1 << (bit - 1))) this.#resend(sending, (first + bit) & 0xffff);
      }
    }
  }

  #resend(sending: Sending, sequence: number): void {
    const packet = sending.history.get(sequence);
    if (!packet) return;
    this.resent += 1;
    const { rtxSsrc, rtxPayloadType } = sending.stream;
    if (rtxSsrc === undefined || rtxPayloadType === undefined) {
      this.#overNetwork(packet);
      return;
    }
    const wrapped = Buffer.concat([packet.subarray(0, 12), Buffer.alloc(2), packet.subarray(12)]);
    wrapped.writeUInt8((wrapped.readUInt8(1) & 0x80) | rtxPayloadType, 1);
    wrapped.writeUInt16BE(sending.rtxSequence & 0xffff, 2);
    wrapped.writeUInt32BE(rtxSsrc, 8);
    wrapped.writeUInt16BE(sequence, 12);
    sending.rtxSequence += 1;
    this.#overNetwork(wrapped);
  }
}

/** RTP timestamps begin somewhere; here close enough to the end that they wrap around. */
const OFFSET = 0xffff_0000;

function timestampOf({ clip }: Sending, index: number): number {
  return (index * clip.ticksPerFrame + OFFSET) % 2 ** 32;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The payloads of the RTP packets that carry a frame. */
export function packetize(codec: Clip['codec'], data: Buffer, isKey: boolean): Buffer[] {
  if (codec === 'opus') return [data];
  if (codec === 'H264') return nalsOf(data).flatMap(packetizeNal);
  const pieces: Buffer[] = [];
  for (let from = 0; from < data.length; from += MTU) {
    const isFirst = from === 0;
    const isLast = from + MTU >= data.length;
    const vp9 = (isKey ? 0 : 0x40) | (isFirst ? 0x08 : 0) | (isLast ? 0x04 : 0);
    const head = codec === 'VP8' ? (isFirst ? 0x10 : 0) : vp9;
    pieces.push(Buffer.concat([Buffer.from([head]), data.subarray(from, from + MTU)]));
  }
  return pieces;
}

function nalsOf(data: Buffer): Buffer[] {
  const code = Buffer.from([0, 0, 1]);
  const nals: Buffer[] = [];
  for (let start = data.indexOf(code); start !== -1; ) {
    const next = data.indexOf(code, start + 3);
    let end = next === -1 ? data.length : next;
    while (end > start + 3 && data[end - 1] === 0) end -= 1;
    nals.push(data.subarray(start + 3, end));
    start = next;
  }
  return nals;
}

function packetizeNal(nal: Buffer): Buffer[] {
  if (nal.length <= MTU) return [nal];
  const header = nal.readUInt8(0);
  const pieces: Buffer[] = [];
  for (let from = 1; from < nal.length; from += MTU) {
    const start = from === 1 ? 0x80 : 0;
    const end = from + MTU >= nal.length ? 0x40 : 0;
    const head = Buffer.from([(header & 0xe0) | 28, start | end | (header & 0x1f)]);
    pieces.push(Buffer.concat([head, nal.subarray(from, from + MTU)]));
  }
  return pieces;
}
