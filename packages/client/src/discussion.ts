// Chat and raised hands: the two topics that every meeting has, named as the official prebuilt pages name them, so that
// guests of both read each other.
import type { TopicMessage } from './pubsub-frames.ts';
import { Topics } from './topics.ts';

const CHAT_TOPIC = 'CHAT';
const HAND_TOPIC = 'RAISE_HAND';
const HAND_UP = 'up';
export const HAND_DOWN = 'down';
const ALL_HISTORY = -1;

export interface DiscussionListener {
  chatReceived(messages: readonly TopicMessage[]): void;
  handsMoved(messages: readonly TopicMessage[]): void;
}

export class Discussion {
  readonly #topics: Topics;

  constructor(ownId: string, listener: DiscussionListener) {
    this.#topics = new Topics(ownId);
    this.#topics.follow(CHAT_TOPIC, ALL_HISTORY, (messages) => listener.chatReceived(messages));
    this.#topics.follow(HAND_TOPIC, ALL_HISTORY, (messages) => listener.handsMoved(messages));
  }

  open(url: string): void {
    this.#topics.open(url);
  }

  close(): void {
    this.#topics.close();
  }

  async sendMessage(text: string): Promise<void> {
    await this.#topics.publish(CHAT_TOPIC, text, { persist: true });
  }

  async raiseHand(up: boolean): Promise<void> {
    await this.#topics.publish(HAND_TOPIC, up ? HAND_UP : HAND_DOWN, { persist: true });
  }
}
