// A livestream to an RTMP server. Connections break; a new one is made, with patience that ends.
import type { FileFacts } from '../../../ipc.ts';
import { type EncodedPacket, VIDEO_CLOCK } from '../../encode/packet.ts';
import { SAMPLE_RATE } from '../../ffmpeg.ts';
import { Alignment } from '../alignment.ts';
import type { SinkContext } from '../create-sink.ts';
import { inBackgroundOf, reasonOf, type Sink, type SinkEvents, type Tracks } from '../sink.ts';
import { RtmpConnection } from './connection.ts';
import { audioHeader, mediaBody, metadata, videoHeader } from './flv.ts';
import { parseRtmpUrl, type RtmpTarget } from './url.ts';

const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 15_000;
/** How long a server that never took the stream is tried, and one that did and is gone. */
const PATIENCE_BEFORE_START_MS = 20_000;
const PATIENCE_AFTER_START_MS = 180_000;
/** After a connection that held for so long the next failure is a new one. */
const GOOD_CONNECTION_MS = 20_000;

interface Stream {
  connection: RtmpConnection;
  alignment: Alignment;
  sinceMs: number;
}

/** connecting → connected → waiting → connecting …, until over. */
type State = 'connecting' | 'connected' | 'waiting' | 'over';

export class RtmpSink implements Sink {
  readonly #target: RtmpTarget;
  readonly #tracks: Tracks;
  readonly #context: SinkContext;
  readonly #events: SinkEvents;
  #state: State = 'connecting';
  #stream: Stream | undefined;
  #hasStarted = false;
  #lastGoodMs = performance.now();
  #backoffMs = FIRST_BACKOFF_MS;
  #timer: NodeJS.Timeout | undefined;

  private constructor(target: RtmpTarget, tracks: Tracks, context: SinkContext, events: SinkEvents) {
    this.#target = target;
    this.#tracks = tracks;
    this.#context = context;
    this.#events = events;
  }

  /** Opens at once; that the server takes the stream is told when it does. */
  static async open(url: string, tracks: Tracks, context: SinkContext, events: SinkEvents): Promise<RtmpSink> {
    const sink = new RtmpSink(parseRtmpUrl(url), tracks, context, events);
    sink.#connectInBackground();
    return sink;
  }

  write(packet: EncodedPacket): void {
    const stream = this.#stream;
    for (const aligned of stream?.alignment.align(packet) ?? []) {
      const clock = aligned.kind === 'video' ? VIDEO_CLOCK : SAMPLE_RATE;
      stream?.connection.send(aligned.kind, Math.round((aligned.time * 1000) / clock), mediaBody(aligned));
    }
  }

  async finish(): Promise<FileFacts | undefined> {
    const connection = this.#end();
    await connection?.close();
    return undefined;
  }

  async abort(): Promise<void> {
    this.#end()?.destroy();
  }

  #end(): RtmpConnection | undefined {
    const connection = this.#stream?.connection;
    if (connection) connection.onBroken = undefined;
    this.#state = 'over';
    this.#stream = undefined;
    clearTimeout(this.#timer);
    return connection;
  }

  #connectInBackground(): void {
    inBackgroundOf(this.#events, 'connection to an RTMP server', () => this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'connecting';
    try {
      const address = await addressOf(this.#target.hostname, this.#context.outboundAllow);
      this.#begin(await RtmpConnection.open(this.#target, address));
    } catch (error) {
      this.#lost(reasonOf(error));
    }
  }

  #begin(connection: RtmpConnection): void {
    if (this.#isOver()) {
      connection.destroy();
      return;
    }
    const { video, audio } = this.#tracks;
    this.#state = 'connected';
    this.#stream = { connection, alignment: new Alignment(video !== undefined), sinceMs: performance.now() };
    connection.onBroken = (reason) => this.#lost(reason);
    connection.send('data', 0, metadata(this.#tracks));
    if (video) connection.send('video', 0, videoHeader(video));
    connection.send('audio', 0, audioHeader(audio));
    this.#events.onNeedsKey();
    this.#events.log('info', 'livestream connected', { server: this.#target.publicUrl });
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#events.onStarted();
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  /** Tries again after a while, or gives up. */
  #lost(reason: string): void {
    if (this.#state === 'over' || this.#state === 'waiting') return;
    const nowMs = performance.now();
    const stream = this.#stream;
    this.#stream = undefined;
    this.#state = 'waiting';
    if (stream) {
      this.#lastGoodMs = nowMs;
      if (nowMs - stream.sinceMs > GOOD_CONNECTION_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    }
    const server = this.#target.publicUrl;
    const told = this.#withoutSecrets(reason);
    const patience = this.#hasStarted ? PATIENCE_AFTER_START_MS : PATIENCE_BEFORE_START_MS;
    if (nowMs - this.#lastGoodMs + this.#backoffMs > patience) {
      this.#end();
      this.#events.onFailed(`${server}: ${told}`, 'destination');
      return;
    }
    this.#events.log('warn', 'livestream disconnected', { server, reason: told, retryInMs: this.#backoffMs });
    this.#timer = setTimeout(() => this.#connectInBackground(), this.#backoffMs);
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2);
  }

  #withoutSecrets(text: string): string {
    return this.#target.secrets.reduce((clean, secret) => clean.replaceAll(secret, '…'), text);
  }
}

/** The address to connect to, checked by the outbound guard when there is a list to check against. */
async function addressOf(hostname: string, allow: readonly string[] | undefined): Promise<string> {
  if (!allow) return hostname;
  // Loaded where it is needed: most compositions stream to nobody.
  const { createOutbound } = await import('../../../../kit/outbound/outbound.ts');
  const [first] = await createOutbound({ allow }).addressesOf(hostname);
  return first?.address ?? hostname;
}
