// One participant's pub/sub over one socket: subscriptions, the rate of each, publishing and history. What carries it
// belongs to the adapter.
import { asAppError, tooManyRequests } from '../errors.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import { findUnstorable } from '../kit/storable.ts';
import type { LiveRoom } from '../live/live-room.ts';
import type { Participant } from '../live/participant.ts';
import type { TopicMessage } from '../live/ports.ts';
import { TopicLimitReached, type TopicListener } from '../live/topics.ts';
import type { Logger } from '../log.ts';
import { newObjectId } from '../protocol/ids.ts';
import { INTERNAL_ERROR } from './internal-error.ts';
import { Throttle } from './throttle.ts';
import type { WatchedSocket } from './watched-socket.ts';

/** Rates count in windows of this length. */
const RATE_WINDOW_MS = 500;
const MAX_TOPIC_LENGTH = 256;
const MAX_TOPICS = 500;
const MAX_MESSAGE_CHARS = 64 * 1024;
const MAX_PAYLOAD_BYTES = 192 * 1024;
const MAX_RECIPIENTS = 1000;
const MAX_QUEUE = 1000;

/** A published message as clients receive it. */
export type PubsubMessage = TopicMessage;

/** The socket that carries a session. */
export interface PubsubCarrier {
  watched: WatchedSocket;
  log: Logger;
  deliver: (topic: string, messages: PubsubMessage[]) => void;
}

/** Names that are no well-formed text on the wire are undefined. */
type Name = string | undefined;

export interface Subscription {
  topic: Name;
  /** How many kept messages to replay: -1 is all, 0 none. */
  history: number;
  /** Most new messages in each window; 0 means no limit. */
  limit: number;
  /** Messages over the limit that may wait; 0 means as many as may wait at all. */
  queueSize: number;
  /** Drops what is over the limit, instead of letting it wait. */
  drop: boolean;
}

export interface Publication {
  topic: Name;
  message: string;
  payload: Uint8Array;
  sendOnly: Name[];
  timestamp: string;
  persist: boolean;
  messageId: string;
}

/** Sends kept messages to the client; settles when more may follow. */
type Replay = (topic: string, history: PubsubMessage[]) => Promise<void>;

export class PubsubSession implements TopicListener {
  readonly #room: LiveRoom;
  readonly #participant: Participant;
  readonly #carrier: PubsubCarrier;
  readonly #topics = new Map<string, Throttle<PubsubMessage>>();
  /** Reading history takes memory: one topic at a time. */
  readonly #readings = new SerialQueue();
  #isClosed = false;

  constructor(room: LiveRoom, participant: Participant, carrier: PubsubCarrier) {
    this.#room = room;
    this.#participant = participant;
    this.#carrier = carrier;
  }

  get participantId(): string {
    return this.#participant.id;
  }

  get privateAfter(): string | undefined {
    return this.#participant.privateAfter;
  }

  deliver(topic: string, message: PubsubMessage): void {
    this.#topics.get(topic)?.push(message);
  }

  /** Begins to deliver a topic, after what it kept was replayed. */
  subscribe(subscription: Subscription, replay: Replay): Promise<void> {
    return this.#serve(subscription.topic, (topic) =>
      this.#readings.run(async () => {
        this.#setRate(topic, subscription);
        const { topics, sessionId } = this.#room;
        const history = await topics.subscribe(sessionId, topic, this, subscription.history);
        // Nothing would end this subscription later.
        if (this.#isClosed) topics.unsubscribe(topic, this);
        await replay(topic, history);
      }),
    );
  }

  unsubscribe(name: Name): Promise<void> {
    return this.#serve(name, async (topic) => {
      this.#topics.get(topic)?.close();
      this.#topics.delete(topic);
      this.#room.topics.unsubscribe(topic, this);
    });
  }

  /** Replays the latest kept messages, at most `limit`. */
  readHistory(name: Name, limit: number, replay: Replay): Promise<void> {
    return this.#serve(name, (topic) =>
      this.#readings.run(async () => {
        const { topics, sessionId } = this.#room;
        await replay(topic, await topics.history(sessionId, topic, this, Math.max(1, limit)));
      }),
    );
  }

  /** Returns the id of the message. */
  publish(publication: Publication): Promise<string> {
    return this.#serve(publication.topic, async (topic) => {
      const { message, payload, timestamp, persist, messageId } = publication;
      mustFit(publication);
      const sendOnly = recipientsOf(publication);
      const id = /^[\x21-\x7e]{1,128}$/.test(messageId) ? messageId : newObjectId();
      const { id: senderId, name: senderName } = this.#participant;
      const published: PubsubMessage = {
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
      await this.#room.topics.publish(this.#room.sessionId, topic, published, persist);
      return id;
    });
  }

  /** Why a call was refused, in words for the app. */
  reasonOf(error: unknown): string {
    const known = error instanceof PubsubRefusal ? error : asAppError(error);
    if (known) return known.message;
    if (error instanceof TopicLimitReached) return 'The meeting has as many topics or messages as it may have.';
    this.#carrier.log.error({ err: error }, 'pub/sub request failed');
    return INTERNAL_ERROR.message;
  }

  close(): void {
    this.#isClosed = true;
    this.#room.topics.forget(this);
    for (const throttle of this.#topics.values()) throttle.close();
    this.#topics.clear();
  }

  /** Runs a request within the bounds of the socket that carries it. */
  async #serve<T>(topic: Name, work: (topic: string) => Promise<T>): Promise<T> {
    const { traffic } = this.#carrier.watched;
    if (!traffic.beginRequest(false)) throw tooManyRequests();
    try {
      return await work(toTopic(topic));
    } finally {
      traffic.served();
    }
  }

  #setRate(topic: string, { limit, queueSize, drop }: Subscription): void {
    if (!this.#topics.has(topic) && this.#topics.size >= MAX_TOPICS) throw new PubsubRefusal('Too many topics.');
    this.#topics.get(topic)?.close();
    const throttle = new Throttle<PubsubMessage>({
      limit,
      windowMs: RATE_WINDOW_MS,
      queueSize: drop ? 0 : Math.min(queueSize || MAX_QUEUE, MAX_QUEUE),
      out: (messages) => this.#carrier.deliver(topic, messages),
    });
    this.#topics.set(topic, throttle);
  }
}

/** A request that is refused, with words for the app. */
class PubsubRefusal extends Error {}

function toTopic(name: Name): string {
  if (name && name.length <= MAX_TOPIC_LENGTH && findUnstorable(name).length === 0) return name;
  throw new PubsubRefusal(`A topic has 1 to ${MAX_TOPIC_LENGTH} characters of well-formed Unicode, without NUL.`);
}

function mustFit({ message, payload, sendOnly }: Publication): void {
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

function recipientsOf({ sendOnly }: Publication): string[] {
  const ids = sendOnly.filter((id) => id !== undefined);
  if (ids.length === sendOnly.length && findUnstorable(ids).length === 0) return ids;
  throw new PubsubRefusal('sendOnly must name participants in well-formed Unicode, without NUL.');
}
