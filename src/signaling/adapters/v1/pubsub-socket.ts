// Pub/sub of one participant as protobuf frames: the wire of a pub/sub session, and the pings that keep it alive.
import type { WebSocket } from 'ws';
import type { Logger } from '../../../log.ts';
import type { Membership } from '../../adapter.ts';
import type { PubsubMessage, PubsubSession } from '../../pubsub-session.ts';
import type { WatchedSocket } from '../../watched-socket.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  encodeEnvelope,
  encodeServerMessage,
  type ServerEnvelope,
  type Subscribe,
} from './pubsub-messages.ts';

/** After Welcome the client drops the connection when no Ping came for twice this long. */
const PING_INTERVAL_MS = 15_000;
/** A client that answers no ping for so long is gone, whatever TCP says. */
const MAX_MISSED_PINGS = 3;
/** Messages of one history frame: small enough to stay below any frame limit on the way. */
const HISTORY_BATCH = 100;
/** History goes out as fast as the client reads it. */
const SEND_AHEAD_BYTES = 512 * 1024;
/** WebSocket close code for a frame that cannot be read (RFC 6455, 7.4.1). */
const INVALID_FRAME = 1007;

type Request = Exclude<ClientMessage, { kind: 'pong' }>;
type Batch = Pick<Extract<ServerEnvelope, { batch: object }>['batch'], 'batchType' | 'isLast' | 'requestId'>;

const NEW_MESSAGES: Batch = { batchType: 'new-messages', isLast: true, requestId: '' };

export class PubsubSocket {
  readonly #webSocket: WebSocket;
  readonly #watched: WatchedSocket;
  readonly #session: PubsubSession;
  readonly #pings: NodeJS.Timeout;
  #pingSeq = 0;
  #missedPings = 0;

  constructor(options: { webSocket: WebSocket; membership: Membership; watched: WatchedSocket; log: Logger }) {
    const { webSocket, membership, watched, log } = options;
    this.#webSocket = webSocket;
    this.#watched = watched;
    this.#session = membership.openPubsub({
      watched,
      log,
      deliver: (topic, messages) => this.#sendBatch(topic, messages, NEW_MESSAGES),
    });
    webSocket.on('message', (data, binary) => {
      const frame = data as Buffer;
      if (!watched.traffic.received(frame.length)) return;
      this.#receive(frame, binary).catch((error) => {
        log.debug({ err: error }, 'pub/sub socket closed for an invalid frame');
        webSocket.close(INVALID_FRAME);
      });
    });
    webSocket.on('pong', () => {
      this.#missedPings = 0;
    });
    webSocket.on('close', () => {
      clearInterval(this.#pings);
      this.#session.close();
    });
    webSocket.on('error', (error) => log.debug({ err: error }, 'pub/sub socket failed'));
    this.#send({ welcome: { pingIntervalMs: PING_INTERVAL_MS } });
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  close(code?: number): void {
    this.#webSocket.close(code);
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  /** The client waits for the first, which is the SDK's own; the second shows whether it reads at all. */
  #ping(): void {
    this.#missedPings += 1;
    if (this.#missedPings > MAX_MISSED_PINGS) {
      this.#webSocket.terminate();
      return;
    }
    this.#send({ ping: { seq: ++this.#pingSeq } });
    if (this.#isOpen) this.#webSocket.ping();
  }

  async #receive(frame: Buffer, binary: boolean): Promise<void> {
    if (!binary) throw new Error('not a binary frame');
    const message = decodeClientMessage(frame);
    if (!message || message.kind === 'pong') return;
    try {
      await this.#handle(message);
    } catch (error) {
      this.#send({ ack: { requestId: requestIdOf(message), ok: false, error: this.#session.reasonOf(error) } });
    }
  }

  async #handle(message: Request): Promise<void> {
    const requestId = requestIdOf(message);
    const replay = (topic: string, history: PubsubMessage[]) => this.#replay(topic, requestId, history);
    switch (message.kind) {
      case 'subscribe':
        return this.#session.subscribe(toSubscription(message.subscribe), replay);
      case 'getHistory':
        return this.#session.readHistory(message.getHistory.topic, message.getHistory.batchSize, replay);
      case 'publish': {
        const messageId = await this.#session.publish(message.publish);
        return this.#send({ ack: { requestId, ok: true, messageId } });
      }
      case 'unsubscribe': {
        await this.#session.unsubscribe(message.unsubscribe.topic);
        return this.#send({ ack: { requestId, ok: true } });
      }
    }
  }

  /** History settles the request by itself; without any there is an Ack. */
  async #replay(topic: string, requestId: string, history: PubsubMessage[]): Promise<void> {
    if (history.length === 0) this.#send({ ack: { requestId, ok: true } });
    for (let i = 0; i < history.length; i += HISTORY_BATCH) {
      const isLast = i + HISTORY_BATCH >= history.length;
      this.#sendBatch(topic, history.slice(i, i + HISTORY_BATCH), { batchType: 'old-messages', isLast, requestId });
      // Not faster than the client reads.
      if (this.#webSocket.bufferedAmount > SEND_AHEAD_BYTES) await this.#flushed();
    }
  }

  /** Settles when all that was sent so far is on its way, or the client is gone. */
  #flushed(): Promise<unknown> {
    if (!this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#webSocket.pong(undefined, undefined, resolve));
  }

  #sendBatch(topic: string, messages: PubsubMessage[], batch: Batch): void {
    const payloads = messages.map((it) => encodeServerMessage({ ...it, persistMsgId: it.persistId, messageId: it.id }));
    this.#send({ batch: { topic, payloads, ...batch } });
  }

  #send(envelope: ServerEnvelope): void {
    if (!this.#isOpen) return;
    this.#webSocket.send(encodeEnvelope(envelope));
    this.#watched.traffic.waiting(this.#webSocket.bufferedAmount);
  }
}

function toSubscription({ topic, oldMessageLimit, newMessageLimit, queueSize, realtimeOverflow }: Subscribe) {
  return { topic, history: oldMessageLimit, limit: newMessageLimit, queueSize, drop: realtimeOverflow === 'drop' };
}

function requestIdOf(message: Request): string {
  if (message.kind === 'subscribe') return message.subscribe.requestId;
  if (message.kind === 'unsubscribe') return message.unsubscribe.requestId;
  if (message.kind === 'publish') return message.publish.requestId;
  return message.getHistory.requestId;
}
