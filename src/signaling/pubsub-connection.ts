// One participant's pub/sub socket: its subscriptions, the rate it wants, and the pings that keep it alive.
import type { WebSocket } from 'ws';
import { asAppError, tooManyRequests } from '../errors.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import { findUnstorable } from '../kit/storable.ts';
import type { Logger } from '../log.ts';
import { newObjectId } from '../protocol/ids.ts';
import type { LiveRoom } from '../rooms/live-room.ts';
import type { Participant } from '../rooms/participant.ts';
import type { TopicMessage } from '../rooms/ports.ts';
import { TopicLimitReached, type TopicListener } from '../rooms/topics.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  encodeEnvelope,
  encodeServerMessage,
  type Publish,
  type ServerEnvelope,
  type Subscribe,
} from './pubsub-messages.ts';
import { Throttle } from './throttle.ts';
import { Traffic, type TrafficLimits } from './traffic.ts';

/** After Welcome the client drops the connection when no Ping came for twice this long. */
const PING_INTERVAL_MS = 15_000;
/** Messages of one history frame: small enough to stay below any frame limit on the way. */
const HISTORY_BATCH = 100;
/** The client's own limit for `new_message_limit` counts in windows of this length. */
const RATE_WINDOW_MS = 500;
const MAX_TOPIC_LENGTH = 256;
const MAX_TOPICS = 500;
const MAX_MESSAGE_CHARS = 64 * 1024;
const MAX_PAYLOAD_BYTES = 192 * 1024;
const MAX_RECIPIENTS = 1000;
const MAX_QUEUE = 1000;
/** Requests that wait for the store. */
const MAX_REQUESTS_UNDER_WAY = 100;
/** History goes out as fast as the client reads it. */
const SEND_AHEAD_BYTES = 512 * 1024;
/** A client that answers no ping for so long is gone, whatever TCP says. */
const MAX_MISSED_PINGS = 3;

export class PubsubConnection implements TopicListener {
  readonly #socket: WebSocket;
  readonly #room: LiveRoom;
  readonly #participant: Participant;
  readonly #log: Logger;
  readonly #topics = new Map<string, Throttle<TopicMessage>>();
  /** Reading history takes memory: one topic at a time. */
  readonly #readings = new SerialQueue();
  readonly #traffic: Traffic;
  readonly #pings: NodeJS.Timeout;
  #pingSeq = 0;
  #missedPings = 0;
  #underWay = 0;

  constructor(options: {
    socket: WebSocket;
    room: LiveRoom;
    participant: Participant;
    limits: TrafficLimits;
    log: Logger;
    onClosed: () => void;
  }) {
    this.#socket = options.socket;
    this.#room = options.room;
    this.#participant = options.participant;
    this.#log = options.log;
    this.#traffic = new Traffic(options.limits, (limit) => {
      this.#log.warn({ limit }, 'pub/sub socket cut: it crossed a bound');
      this.#socket.terminate();
    });
    this.#socket.on('message', (data, binary) => {
      const frame = data as Buffer;
      if (!this.#traffic.received(frame.length)) return;
      this.#receive(frame, binary).catch((error) => {
        this.#log.debug({ err: error }, 'pub/sub socket closed for a frame it should not have sent');
        this.#socket.close(1007);
      });
    });
    this.#socket.on('pong', () => {
      this.#missedPings = 0;
    });
    this.#socket.on('close', () => {
      this.#closed();
      options.onClosed();
    });
    this.#socket.on('error', (error) => this.#log.debug({ err: error }, 'pub/sub socket failed'));
    this.#send({ welcome: { pingIntervalMs: PING_INTERVAL_MS } });
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
  }

  get participantId(): string {
    return this.#participant.id;
  }

  get privateAfter(): string | undefined {
    return this.#participant.privateAfter;
  }

  deliver(topic: string, message: TopicMessage): void {
    this.#topics.get(topic)?.push(message);
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  /** The client waits for the first, which is its own; the second tells whether it reads at all. */
  #ping(): void {
    this.#missedPings += 1;
    if (this.#missedPings > MAX_MISSED_PINGS) {
      this.#socket.terminate();
      return;
    }
    this.#send({ ping: { seq: ++this.#pingSeq } });
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  async #receive(frame: Buffer, binary: boolean): Promise<void> {
    if (!binary) throw new Error('not a binary frame');
    const message = decodeClientMessage(frame);
    if (!message || message.kind === 'pong') return;
    const { requestId } = requestOf(message);
    this.#underWay += 1;
    try {
      if (this.#underWay > MAX_REQUESTS_UNDER_WAY || !this.#traffic.mayServe(false)) throw tooManyRequests();
      await this.#handle(message);
    } catch (error) {
      this.#send({ ack: { requestId, ok: false, error: this.#reasonOf(error) } });
    } finally {
      this.#underWay -= 1;
    }
  }

  #reasonOf(error: unknown): string {
    const known = error instanceof PubsubRefusal ? error : asAppError(error);
    if (known) return known.message;
    if (error instanceof TopicLimitReached) return 'The meeting has as many topics or messages as it may have.';
    this.#log.error({ err: error }, 'pub/sub request failed');
    return 'Something went wrong on the server.';
  }

  async #handle(message: Exclude<ClientMessage, { kind: 'pong' }>): Promise<void> {
    const { requestId } = requestOf(message);
    const topic = topicOf(message);
    switch (message.kind) {
      case 'subscribe':
        return this.#readings.run(() => this.#subscribe(topic, message.subscribe));
      case 'publish':
        return this.#publish(topic, message.publish);
      case 'unsubscribe': {
        this.#unsubscribe(topic);
        return this.#send({ ack: { requestId, ok: true } });
      }
      case 'getHistory': {
        const limit = Math.max(1, message.getHistory.batchSize);
        return this.#readings.run(async () => {
          const history = await this.#room.topics.history(this.#room.sessionId, topic, this, limit);
          await this.#replay(topic, requestId, history);
        });
      }
    }
  }

  async #subscribe(topic: string, request: Subscribe): Promise<void> {
    const { oldMessageLimit, newMessageLimit, realtimeOverflow, queueSize, requestId } = request;
    if (!this.#topics.has(topic) && this.#topics.size >= MAX_TOPICS) throw new PubsubRefusal('Too many topics.');
    this.#topics.get(topic)?.close();
    const throttle = new Throttle<TopicMessage>({
      limit: newMessageLimit,
      windowMs: RATE_WINDOW_MS,
      queueSize: realtimeOverflow === 'drop' ? 0 : Math.min(queueSize || MAX_QUEUE, MAX_QUEUE),
      out: (messages) => this.#sendBatch(topic, messages, { batchType: 'new-messages', isLast: true, requestId: '' }),
    });
    this.#topics.set(topic, throttle);
    const { topics, sessionId } = this.#room;
    const history = await topics.subscribe(sessionId, topic, this, oldMessageLimit);
    // The socket may have closed meanwhile, and then nobody would end this subscription.
    if (this.#socket.readyState !== this.#socket.OPEN) topics.unsubscribe(topic, this);
    await this.#replay(topic, requestId, history);
  }

  /** History settles the subscription by itself; without any there is an Ack. */
  async #replay(topic: string, requestId: string, history: TopicMessage[]): Promise<void> {
    if (history.length === 0) this.#send({ ack: { requestId, ok: true } });
    for (let i = 0; i < history.length; i += HISTORY_BATCH) {
      this.#sendBatch(topic, history.slice(i, i + HISTORY_BATCH), {
        batchType: 'old-messages',
        isLast: i + HISTORY_BATCH >= history.length,
        requestId,
      });
      // Not faster than the client reads.
      if (this.#socket.bufferedAmount > SEND_AHEAD_BYTES) await this.#flushed();
    }
  }

  /** Settles when all that was sent so far is on its way, or the client is gone. */
  #flushed(): Promise<unknown> {
    if (this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#socket.pong(undefined, undefined, resolve));
  }

  async #publish(topic: string, publish: Publish): Promise<void> {
    const { message, payload, timestamp, persist, requestId } = publish;
    mustFit(publish);
    const sendOnly = recipientsOf(publish);
    const id = /^[\x21-\x7e]{1,128}$/.test(publish.messageId) ? publish.messageId : newObjectId();
    const { id: senderId, name: senderName } = this.#participant;
    const kept: TopicMessage = {
      id,
      message,
      payload,
      // The sender's clock, where it is a time at all: apps sort their own messages by it.
      timestamp: Number.isNaN(Date.parse(timestamp)) || timestamp.length > 40 ? new Date().toISOString() : timestamp,
      senderId,
      senderName,
      sendOnly,
      persistId: '',
    };
    await this.#room.topics.publish(this.#room.sessionId, topic, kept, persist);
    this.#send({ ack: { requestId, ok: true, messageId: id } });
  }

  #unsubscribe(topic: string): void {
    this.#topics.get(topic)?.close();
    this.#topics.delete(topic);
    this.#room.topics.unsubscribe(topic, this);
  }

  #sendBatch(
    topic: string,
    messages: TopicMessage[],
    batch: { batchType: string; isLast: boolean; requestId: string },
  ): void {
    const payloads = messages.map((it) => encodeServerMessage({ ...it, persistMsgId: it.persistId, messageId: it.id }));
    this.#send({ batch: { topic, payloads, ...batch } });
  }

  #send(envelope: ServerEnvelope): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(encodeEnvelope(envelope));
    this.#traffic.waiting(this.#socket.bufferedAmount);
  }

  #closed(): void {
    clearInterval(this.#pings);
    this.#room.topics.forget(this);
    for (const throttle of this.#topics.values()) throttle.close();
    this.#topics.clear();
  }
}

/** A request that is refused, with words for the app. */
class PubsubRefusal extends Error {}

function topicOf(message: Exclude<ClientMessage, { kind: 'pong' }>): string {
  const { topic } = requestOf(message);
  if (topic && topic.length <= MAX_TOPIC_LENGTH && findUnstorable(topic).length === 0) return topic;
  throw new PubsubRefusal(`A topic has 1 to ${MAX_TOPIC_LENGTH} characters of well-formed Unicode, without NUL.`);
}

function mustFit({ message, payload, sendOnly }: Publish): void {
  if (message.length > MAX_MESSAGE_CHARS) {
    throw new PubsubRefusal(`The message has ${message.length} characters; it may have ${MAX_MESSAGE_CHARS}.`);
  }
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new PubsubRefusal(`The payload has ${payload.length} bytes; it may have ${MAX_PAYLOAD_BYTES}.`);
  }
  if (sendOnly.length > MAX_RECIPIENTS) {
    throw new PubsubRefusal(`sendOnly names ${sendOnly.length} participants; it may name ${MAX_RECIPIENTS}.`);
  }
}

function recipientsOf({ sendOnly }: Publish): string[] {
  const ids = sendOnly.filter((id) => id !== undefined);
  if (ids.length === sendOnly.length && findUnstorable(ids).length === 0) return ids;
  throw new PubsubRefusal('sendOnly must name participants in well-formed Unicode, without NUL.');
}

type Named = { topic: string | undefined; requestId: string };

function requestOf(message: Exclude<ClientMessage, { kind: 'pong' }>): Named {
  if (message.kind === 'subscribe') return message.subscribe;
  if (message.kind === 'unsubscribe') return message.unsubscribe;
  if (message.kind === 'publish') return message.publish;
  return message.getHistory;
}
