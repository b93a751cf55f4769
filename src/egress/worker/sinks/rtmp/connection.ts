// One connection to an RTMP server that publishes a stream. Spoken by ourselves rather than by FFmpeg: so the address
// is checked each time, TLS is verified as Node verifies it, the server's own words of refusal reach the user, and no
// server can hold one of the few threads that encoding needs.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type AmfValue, decodeAmf, encodeAmf } from './amf.ts';
import { ChunkReader, MESSAGE, OUT_CHUNK_BYTES, type RtmpMessage, toChunks } from './chunks.ts';
import type { RtmpTarget } from './url.ts';

/** Everything until the server takes the stream. */
const OPEN_TIMEOUT_MS = 10_000;
const HANDSHAKE_BYTES = 1536;
const CONTROL_CHANNEL = 2;
const COMMAND_CHANNEL = 3;
const MEDIA_CHANNELS = { video: 6, audio: 4, data: 5 };
const PING_REQUEST = 6;
const PING_RESPONSE = 7;
/** Some seconds of the largest picture; a network that is further behind is not going to catch up. */
const MAX_WAITING_BYTES = 6 * 1024 * 1024;
/** A server that takes nothing for so long has stopped, however little waits for it. */
const STALL_TIMEOUT_MS = 20_000;
/** Servers send acknowledgements and pings: what is more than this at once and per second keeps us from encoding. */
const IN_BURST_BYTES = 1024 * 1024;
const IN_BYTES_PER_SECOND = 64 * 1024;
const CLOSE_TIMEOUT_MS = 3000;
const TRANSACTION = { connect: 1, releaseStream: 2, fcPublish: 3, createStream: 4, publish: 5 };

/** Shorter in tests. */
interface Timeouts {
  openMs: number;
  stallMs: number;
}

const TIMEOUTS: Timeouts = { openMs: OPEN_TIMEOUT_MS, stallMs: STALL_TIMEOUT_MS };

type Step = 'connect' | 'createStream' | 'publish' | 'publishing';

export class RtmpConnection {
  readonly #socket: Socket;
  readonly #target: RtmpTarget;
  readonly #reader = new ChunkReader();
  readonly #published = Promise.withResolvers<void>();
  #step: Step = 'connect';
  #handshake: Buffer | undefined = Buffer.alloc(0);
  #streamId = 0;
  #received = 0;
  #acknowledged = 0;
  #windowBytes = 2_500_000;
  readonly #stallMs: number;
  readonly #openedMs = performance.now();
  #taken = { bytes: 0, atMs: performance.now() };
  #isOver = false;
  /** Called once, with why, when the connection breaks after it was opened. */
  onBroken: ((reason: string) => void) | undefined;

  private constructor(socket: Socket, target: RtmpTarget, stallMs: number) {
    this.#socket = socket;
    this.#stallMs = stallMs;
    this.#target = target;
    this.#published.promise.catch(() => undefined);
    socket.on('data', (bytes) => this.#onData(bytes));
    socket.on('error', (error) => this.#break(error.message));
    socket.on('close', () => this.#break('the server closed the connection'));
    socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(8), randomBytes(HANDSHAKE_BYTES - 8)]));
  }

  /** Connects to `address` (the host's, checked) and resolves when the server takes the stream. */
  static async open(target: RtmpTarget, address: string, { openMs, stallMs } = TIMEOUTS): Promise<RtmpConnection> {
    const { hostname, port, isSecure } = target;
    const socket = isSecure
      ? connectTls({ host: address, port, servername: hostname })
      : connect({ host: address, port });
    // Told by `once` and by the connection; until either listens, and after both, an error must end nothing.
    socket.on('error', () => undefined);
    const patience = setTimeout(
      () => socket.destroy(new Error(`the server did not take the stream within ${openMs / 1000} s`)),
      openMs,
    );
    try {
      await once(socket, isSecure ? 'secureConnect' : 'connect');
      socket.setNoDelay(true);
      const connection = new RtmpConnection(socket, target, stallMs);
      await connection.#published.promise;
      return connection;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(patience);
    }
  }

  send(kind: keyof typeof MEDIA_CHANNELS, timestamp: number, payload: Buffer): void {
    if (this.#isOver) return;
    this.#write({ type: MESSAGE[kind], streamId: this.#streamId, timestamp, payload }, MEDIA_CHANNELS[kind]);
    if (this.#isStalled()) this.#break(`the server has taken nothing for ${this.#stallMs / 1000} s`);
  }

  #isStalled(): boolean {
    const nowMs = performance.now();
    const bytes = this.#socket.bytesWritten - this.#socket.writableLength;
    if (bytes !== this.#taken.bytes || this.#socket.writableLength === 0) this.#taken = { bytes, atMs: nowMs };
    return nowMs - this.#taken.atMs > this.#stallMs;
  }

  /** Says goodbye, and waits for what is on its way for a bounded time. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#command(0, 'FCUnpublish', 6, null, this.#target.playPath);
    this.#command(0, 'deleteStream', 7, null, this.#streamId);
    this.#isOver = true;
    const patience = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    const closed = once(this.#socket, 'close').catch(() => undefined);
    this.#socket.end();
    await closed;
    clearTimeout(patience);
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #break(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#published.reject(new Error(reason));
    this.onBroken?.(reason);
  }

  #onData(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      const rest = this.#handshake ? this.#shakeHands(bytes) : bytes;
      if (!rest) return;
      this.#acknowledge(rest.length);
      for (const message of this.#reader.push(rest)) this.#onMessage(message);
    } catch (error) {
      this.#break(`the server does not speak RTMP: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Version, then the server's random bytes, then ours repeated; what follows is returned. */
  #shakeHands(bytes: Buffer): Buffer | undefined {
    const gathered: Buffer = Buffer.concat([this.#handshake ?? Buffer.alloc(0), bytes]);
    if (gathered.length > 0 && gathered.readUInt8(0) !== 3) throw new RangeError('another protocol answered');
    if (gathered.length < 1 + 2 * HANDSHAKE_BYTES) {
      this.#handshake = gathered;
      return undefined;
    }
    this.#handshake = undefined;
    this.#socket.write(gathered.subarray(1, 1 + HANDSHAKE_BYTES));
    this.#control(MESSAGE.setChunkSize, OUT_CHUNK_BYTES);
    this.#command(0, 'connect', TRANSACTION.connect, {
      app: this.#target.application,
      type: 'nonprivate',
      flashVer: 'FMLE/3.0 (compatible; Roomful)',
      tcUrl: this.#target.publicUrl,
    });
    return gathered.subarray(1 + 2 * HANDSHAKE_BYTES);
  }

  #acknowledge(count: number): void {
    this.#received += count;
    const seconds = (performance.now() - this.#openedMs) / 1000;
    if (this.#received > IN_BURST_BYTES + seconds * IN_BYTES_PER_SECOND) throw new RangeError('it sends too much');
    if (this.#received - this.#acknowledged < this.#windowBytes / 2) return;
    this.#acknowledged = this.#received;
    this.#control(MESSAGE.acknowledgement, this.#received >>> 0);
  }

  #onMessage({ type, payload }: RtmpMessage): void {
    if (type === MESSAGE.windowSize && payload.length >= 4) this.#windowBytes = Math.max(1, payload.readUInt32BE(0));
    if (type === MESSAGE.userControl && payload.length >= 6 && payload.readUInt16BE(0) === PING_REQUEST) {
      const pong = Buffer.from(payload.subarray(0, 6));
      pong.writeUInt16BE(PING_RESPONSE, 0);
      this.#write({ type: MESSAGE.userControl, streamId: 0, timestamp: 0, payload: pong }, CONTROL_CHANNEL);
    }
    if (type === MESSAGE.command) this.#onCommand(decodeAmf(payload));
  }

  #onCommand([name, transaction, ...values]: AmfValue[]): void {
    const info = values.find((value) => typeof value === 'object' && value !== null && 'code' in value) ?? null;
    // Answers to releaseStream and FCPublish are of no interest: many servers do not know them.
    const isOurs = transaction === TRANSACTION.connect || transaction === TRANSACTION.createStream;
    if (name === '_error' && isOurs) this.#break(`the server refused: ${wordsOf(info)}`);
    if (name === '_result' && transaction === TRANSACTION.connect) this.#createStream();
    if (name === '_result' && transaction === TRANSACTION.createStream) this.#publish(values.at(-1));
    if (name === 'onStatus') this.#onStatus(info);
  }

  #createStream(): void {
    if (this.#step !== 'connect') return;
    this.#step = 'createStream';
    const { playPath } = this.#target;
    this.#command(0, 'releaseStream', TRANSACTION.releaseStream, null, playPath);
    this.#command(0, 'FCPublish', TRANSACTION.fcPublish, null, playPath);
    this.#command(0, 'createStream', TRANSACTION.createStream, null);
  }

  #publish(streamId: AmfValue): void {
    if (this.#step !== 'createStream') return;
    this.#step = 'publish';
    this.#streamId = typeof streamId === 'number' ? streamId : 1;
    this.#command(this.#streamId, 'publish', TRANSACTION.publish, null, this.#target.playPath, 'live');
  }

  #onStatus(info: AmfValue): void {
    const { level, code } = (info ?? {}) as { level?: AmfValue; code?: AmfValue };
    if (code === 'NetStream.Publish.Start') {
      this.#step = 'publishing';
      this.#published.resolve();
    } else if (level === 'error') {
      this.#break(`the server refused: ${wordsOf(info)}`);
    }
  }

  #command(streamId: number, name: string, ...values: AmfValue[]): void {
    const payload = encodeAmf(name, ...values);
    this.#write({ type: MESSAGE.command, streamId, timestamp: 0, payload }, COMMAND_CHANNEL);
  }

  #control(type: number, value: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(value);
    this.#write({ type, streamId: 0, timestamp: 0, payload }, CONTROL_CHANNEL);
  }

  #write(message: RtmpMessage, channel: number): void {
    // The size of chunks changes with the very first message, which is shorter than any.
    if (this.#isOver) return;
    this.#socket.write(toChunks(message, channel, OUT_CHUNK_BYTES));
    if (this.#socket.writableLength > MAX_WAITING_BYTES) this.#break('the server does not take the stream fast enough');
  }
}

function wordsOf(info: AmfValue): string {
  if (info === null || typeof info !== 'object') return 'no reason given';
  return [info.code, info.description].filter((word) => typeof word === 'string' && word !== '').join(', ');
}
