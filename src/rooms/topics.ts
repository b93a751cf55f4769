// Publish and subscribe within a session: who listens to which topic, and what a topic keeps.
import { KeyedQueue } from '../kit/keyed-queue.ts';
import type { Limits } from '../limits.ts';
import type { TopicMessage, TopicStore } from './ports.ts';

/** One connection that listens; `participantId` is who it authenticated as. */
export interface TopicListener {
  readonly participantId: string;
  /** Position of the last kept message that was sent before its participant held the id; private ones up to it stay hidden. */
  readonly privateAfter?: string | undefined;
  deliver(topic: string, message: TopicMessage): void;
}

export type TopicLimits = Pick<Limits, 'topics' | 'keptMessageBytes'>;

/** A room has as many topics, or a session keeps as many messages, as it may. */
export class TopicLimitReached extends Error {}

/** Most of a topic's kept messages that one subscription replays. */
const MAX_HISTORY = 10_000;

export class Topics {
  readonly #store: TopicStore;
  readonly #limits: TopicLimits;
  readonly #listeners = new Map<string, Set<TopicListener>>();
  readonly #queue = new KeyedQueue();
  #keptBytes = 0;

  constructor(store: TopicStore, limits: TopicLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Starts to deliver a topic, and answers what it kept. `limit` -1 is everything, 0 nothing. Runs in the topic's order,
   * so that no message is both in the history and delivered, or in neither. Throws `TopicLimitReached` when the room has as many
   * topics as it may have.
   */
  subscribe(sessionId: string, topic: string, listener: TopicListener, limit: number): Promise<TopicMessage[]> {
    return this.#queue.run(topic, async () => {
      if (!this.#listeners.has(topic) && this.#listeners.size >= this.#limits.topics) throw new TopicLimitReached();
      const wanted = limit < 0 ? MAX_HISTORY : Math.min(limit, MAX_HISTORY);
      const history = wanted === 0 ? [] : await this.#history(sessionId, topic, listener, wanted);
      let listeners = this.#listeners.get(topic);
      if (!listeners) {
        listeners = new Set();
        this.#listeners.set(topic, listeners);
      }
      listeners.add(listener);
      return history;
    });
  }

  /** The latest `limit` kept messages that a listener may see, oldest first. */
  history(sessionId: string, topic: string, listener: TopicListener, limit: number): Promise<TopicMessage[]> {
    return this.#history(sessionId, topic, listener, Math.min(limit, MAX_HISTORY));
  }

  unsubscribe(topic: string, listener: TopicListener): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(topic);
  }

  /** Ends everything a connection listens to. */
  forget(listener: TopicListener): void {
    for (const topic of [...this.#listeners.keys()]) this.unsubscribe(topic, listener);
  }

  /**
   * Keeps the message where asked, then delivers it to whoever listens and may see it. Throws `TopicLimitReached` when the
   * session keeps as much as it may.
   */
  publish(sessionId: string, topic: string, message: TopicMessage, persist: boolean): Promise<void> {
    return this.#queue.run(topic, async () => {
      const persistId = persist ? await this.#keep(sessionId, topic, message) : '';
      const { sendOnly } = message;
      for (const listener of this.#listeners.get(topic) ?? []) {
        const allowed = sendOnly.length === 0 || sendOnly.includes(listener.participantId);
        if (allowed) listener.deliver(topic, { ...message, persistId });
      }
    });
  }

  /** The session is over: what it kept is no longer counted. */
  sessionOver(): void {
    this.#keptBytes = 0;
  }

  #history(sessionId: string, topic: string, listener: TopicListener, limit: number): Promise<TopicMessage[]> {
    return this.#store.history(sessionId, topic, listener.participantId, limit, listener.privateAfter);
  }

  async #keep(sessionId: string, topic: string, message: TopicMessage): Promise<string> {
    const bytes = Buffer.byteLength(message.message) + message.payload.byteLength;
    if (this.#keptBytes + bytes > this.#limits.keptMessageBytes) throw new TopicLimitReached();
    this.#keptBytes += bytes;
    return this.#store.keep(sessionId, topic, message);
  }
}
