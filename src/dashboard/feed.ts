// Tells open dashboards that something changed, on whichever node it happened, so that none of them has to ask.
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import { CHANGE_TOPICS, type ChangeTopic } from '../protocol/rest/dashboard.ts';

/** Notices gather this long: a room that fills up is one change. */
const GATHER_MS = 400;

/** Carries topics to every node, this one too. */
export interface ChangeChannel {
  listen(onChange: (topic?: string) => void): Promise<{ close(): Promise<void> }>;
  notify(topics: readonly string[]): Promise<void>;
}

type Listener = (topics: readonly ChangeTopic[]) => void;

export class Feed implements Service {
  readonly #channel: ChangeChannel;
  readonly #log: Logger;
  readonly #listeners = new Set<Listener>();
  readonly #outgoing = new Gathered<ChangeTopic>(GATHER_MS, (topics) => this.#send(topics));
  readonly #incoming = new Gathered<ChangeTopic>(GATHER_MS, (topics) => this.#tell(topics));
  #listening: { close(): Promise<void> } | undefined;
  readonly #lifecycle = new Lifecycle(
    async () => {
      this.#listening = await this.#channel.listen((topic) => this.#heard(topic));
    },
    async () => {
      this.#outgoing.stop();
      this.#incoming.stop();
      await this.#listening?.close();
    },
  );

  constructor({ channel, log }: { channel: ChangeChannel; log: Logger }) {
    this.#channel = channel;
    this.#log = log;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Calls `listener` with what has changed, some times a second at most, until the function returned is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says that something changed here. Cheap enough for every request. */
  changed(topic: ChangeTopic): void {
    this.#outgoing.add(topic);
  }

  #heard(topic: string | undefined): void {
    for (const known of CHANGE_TOPICS) if (topic === undefined || topic === known) this.#incoming.add(known);
  }

  #tell(topics: ChangeTopic[]): void {
    for (const listener of this.#listeners) listener(topics);
  }

  #send(topics: ChangeTopic[]): void {
    this.#channel
      .notify(topics)
      .catch((error: unknown) => this.#log.warn({ err: error }, 'dashboards were not told of a change'));
  }
}

/** Hands on the first item at once, and what comes within `everyMs` after it together. */
class Gathered<T> {
  readonly #everyMs: number;
  readonly #handOn: (items: T[]) => void;
  readonly #items = new Set<T>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(everyMs: number, handOn: (items: T[]) => void) {
    this.#everyMs = everyMs;
    this.#handOn = handOn;
  }

  add(item: T): void {
    this.#items.add(item);
    if (!this.#timer) this.#flush();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#stopped || this.#items.size === 0) return;
    const items = [...this.#items];
    this.#items.clear();
    this.#timer = setTimeout(() => this.#flush(), this.#everyMs);
    this.#timer.unref();
    this.#handOn(items);
  }
}
