// Publish and subscribe within a session: who listens to which topic, and what a topic keeps.
import { SerialQueue } from '../kit/serial-queue.ts';
import type { TopicMessage, TopicStore } from './ports.ts';

/** One connection that listens; `participantId` is who it authenticated as. */
export interface TopicListener {
  readonly participantId: string;
  deliver(topic: string, message: TopicMessage): void;
}

/** Most of a topic's kept messages that one subscription replays. */
const MAX_HISTORY = 10_000;

export class Topics {
  readonly #store: TopicStore;
  readonly #listeners = new Map<string, Set<TopicListener>>();
  readonly #queues = new Map<string, SerialQueue>();

  constructor(store: TopicStore) {
    this.#store = store;
  }

  /**
   * Starts to deliver a topic, and answers what it kept. `limit` -1 is everything, 0 nothing. Runs in the topic's order,
   * so that no message is both in the history and delivered, or in neither.
   */
  subscribe(sessionId: string, topic: string, listener: TopicListener, limit: number): Promise<TopicMessage[]> {
    return this.#queue(topic).run(async () => {
      const wanted = limit < 0 ? MAX_HISTORY : Math.min(limit, MAX_HISTORY);
      const history = wanted === 0 ? [] : await this.#store.history(sessionId, topic, listener.participantId, wanted);
      let listeners = this.#listeners.get(topic);
      if (!listeners) {
        listeners = new Set();
        this.#listeners.set(topic, listeners);
      }
      listeners.add(listener);
      return history;
    });
  }

  /** The latest `limit` kept messages that a participant may see, oldest first. */
  history(sessionId: string, topic: string, participantId: string, limit: number): Promise<TopicMessage[]> {
    return this.#store.history(sessionId, topic, participantId, Math.min(limit, MAX_HISTORY));
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

  /** Keeps the message where asked, then delivers it to whoever listens and may see it. */
  publish(sessionId: string, topic: string, message: TopicMessage, persist: boolean): Promise<void> {
    return this.#queue(topic).run(async () => {
      const persistId = persist ? await this.#store.keep(sessionId, topic, message) : '';
      const { sendOnly } = message;
      for (const listener of this.#listeners.get(topic) ?? []) {
        const allowed = sendOnly.length === 0 || sendOnly.includes(listener.participantId);
        if (allowed) listener.deliver(topic, { ...message, persistId });
      }
    });
  }

  #queue(topic: string): SerialQueue {
    let queue = this.#queues.get(topic);
    if (!queue) {
      queue = new SerialQueue();
      this.#queues.set(topic, queue);
    }
    return queue;
  }
}
