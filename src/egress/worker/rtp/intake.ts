// The UDP port that all streams of a composition arrive on, RTP and RTCP together.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { EgressStream, SrtpKeys } from '../../ipc.ts';
import { parseRtp } from './packet.ts';
import { isRtcp, parseRtcp, receiverReport } from './rtcp.ts';
import type { SecureChannel } from './secure-channel.ts';
import { SenderOrigin } from './stream-clock.ts';
import { type ReceivedFrame, type RemoteAddress, StreamReceiver } from './stream-receiver.ts';

export interface IntakeOptions {
  /** Streams come from another machine, encrypted; what comes before `secure` is called is dropped. */
  isSecure: boolean;
  nowMs(): number;
  onFrame(streamId: string, frame: ReceivedFrame): void;
}

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const REPORT_INTERVAL_MS = 1000;
/** As many as RTCP can count in one packet. */
const MAX_REPORT_BLOCKS = 31;
/** Nobody else on the loopback uses it towards this port. */
const OWN_SSRC = 0x726f6f6d;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #socket: Socket;
  readonly #streams = new Map<string, StreamReceiver>();
  readonly #bySsrc = new Map<number, StreamReceiver>();
  readonly #origins = new Map<string, SenderOrigin>();
  readonly #newChannel: ((keys: SrtpKeys) => SecureChannel) | undefined;
  #channel: SecureChannel | undefined;
  #reportedAtMs = 0;

  private constructor(options: IntakeOptions, socket: Socket, newChannel?: (keys: SrtpKeys) => SecureChannel) {
    this.#options = options;
    this.#socket = socket;
    this.#newChannel = newChannel;
    socket.on('message', (bytes, from) => this.#onDatagram(bytes, from));
  }

  static async open(options: IntakeOptions): Promise<Intake> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    // One packet that could not be sent is no reason to end; that it could not be bound is told by `once`.
    socket.on('error', () => undefined);
    socket.bind(0, options.isSecure ? '0.0.0.0' : '127.0.0.1');
    await once(socket, 'listening');
    if (!options.isSecure) return new Intake(options, socket);
    // Most compositions need no encryption, and all shall start fast.
    const { SecureChannel } = await import('./secure-channel.ts');
    return new Intake(options, socket, (keys) => new SecureChannel(keys));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The other machine has connected, or has done so anew. */
  secure(keys: SrtpKeys): void {
    this.#channel = this.#newChannel?.(keys);
  }

  /** Packets received, recovered after having been missing, and lost for good, over all streams. */
  get loss(): { received: number; recovered: number; lost: number } {
    const sum = { received: 0, recovered: 0, lost: 0 };
    for (const { loss } of this.#streams.values()) {
      sum.received += loss.received;
      sum.recovered += loss.recovered;
      sum.lost += loss.lost;
    }
    return sum;
  }

  /** False when nobody here understands its codec. */
  add(stream: EgressStream): boolean {
    this.remove(stream.id);
    let origin = this.#origins.get(stream.cname);
    if (!origin) {
      origin = new SenderOrigin();
      this.#origins.set(stream.cname, origin);
    }
    const receiver: StreamReceiver = new StreamReceiver({
      stream,
      origin,
      ownSsrc: OWN_SSRC,
      onFrame: (frame) => this.#options.onFrame(stream.id, frame),
      sendFeedback: (packet) => this.#send(packet, receiver.sender),
    });
    if (!receiver.isKnownCodec) return false;
    this.#streams.set(stream.id, receiver);
    this.#bySsrc.set(stream.ssrc, receiver);
    if (stream.rtxSsrc !== undefined) this.#bySsrc.set(stream.rtxSsrc, receiver);
    return true;
  }

  remove(streamId: string): void {
    const receiver = this.#streams.get(streamId);
    if (!receiver) return;
    const { ssrc, rtxSsrc, cname } = receiver.stream;
    this.#streams.delete(streamId);
    if (this.#bySsrc.get(ssrc) === receiver) this.#bySsrc.delete(ssrc);
    if (rtxSsrc !== undefined && this.#bySsrc.get(rtxSsrc) === receiver) this.#bySsrc.delete(rtxSsrc);
    const isUsed = [...this.#streams.values()].some((other) => other.stream.cname === cname);
    if (!isUsed) this.#origins.delete(cname);
  }

  requestKey(streamId: string): void {
    this.#streams.get(streamId)?.requestKey(this.#options.nowMs());
  }

  poll(): void {
    const nowMs = this.#options.nowMs();
    for (const receiver of this.#streams.values()) receiver.poll(nowMs);
    if (nowMs - this.#reportedAtMs < REPORT_INTERVAL_MS || this.#streams.size === 0) return;
    this.#reportedAtMs = nowMs;
    // A room that is spread over media workers sends from several ports; each is told of its own streams.
    const bySender = Map.groupBy(this.#streams.values(), ({ sender }) => sender?.port);
    for (const receivers of bySender.values()) {
      const blocks = receivers.slice(0, MAX_REPORT_BLOCKS).map((receiver) => receiver.receptionBlock());
      this.#send(receiverReport(OWN_SSRC, blocks), receivers[0]?.sender);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo): void {
    const bytes = this.#options.isSecure ? this.#channel?.open(datagram) : datagram;
    if (!bytes) return;
    const nowMs = this.#options.nowMs();
    if (isRtcp(bytes)) {
      for (const report of parseRtcp(bytes)) {
        if (report.type === 'sender-report') this.#bySsrc.get(report.ssrc)?.onSenderReport(report, nowMs);
      }
      return;
    }
    const packet = parseRtp(bytes);
    const receiver = packet && this.#bySsrc.get(packet.ssrc);
    if (!receiver) return;
    receiver.sender = from;
    receiver.onRtp(packet, nowMs);
  }

  #send(packet: Buffer, to: RemoteAddress | undefined): void {
    // Feedback may be lost like any datagram, so an error changes nothing.
    const sealed = this.#channel ? this.#channel.sealRtcp(packet) : packet;
    if (to) this.#socket.send(sealed, to.port, to.address, () => undefined);
  }
}
