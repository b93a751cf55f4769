// Runs asynchronous work one piece at a time for each key; keys do not wait for one another.
import { SerialQueue } from './serial-queue.ts';

export class KeyedQueue {
  /** Of keys that something is being done for. */
  readonly #queues = new Map<string, { queue: SerialQueue; waiting: number }>();

  /** How much work of the key has not settled. */
  waiting(key: string): number {
    return this.#queues.get(key)?.waiting ?? 0;
  }

  /** Runs `work` after all earlier work of the key has settled; its failure reaches only its own caller. */
  async run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    const entry = this.#queues.get(key) ?? { queue: new SerialQueue(), waiting: 0 };
    this.#queues.set(key, entry);
    entry.waiting += 1;
    try {
      return await entry.queue.run(work);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#queues.delete(key);
    }
  }
}
