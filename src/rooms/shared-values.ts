// The realtime store of a session: small named values that participants share and observe.
import type { Limits } from '../limits.ts';

/** Enough for any app, and a bound on what a hostile one can make the server hold. */
const MAX_KEYS = 1000;

export interface ValueObserver {
  valueChanged(key: string, value: string | null, updatedBy: string): void;
}

export class SharedValues {
  readonly #values = new Map<string, string>();
  readonly #observers = new Map<string, Set<ValueObserver>>();
  /** How many keys each observes. */
  readonly #observed = new Map<ValueObserver, number>();
  readonly #maxObserved: number;

  constructor({ observedKeys }: Pick<Limits, 'observedKeys'>) {
    this.#maxObserved = observedKeys;
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  /** Sets a value, or deletes it with null, and tells its observers. Answers false when there are too many keys. */
  set(key: string, value: string | null, updatedBy: string): boolean {
    if (value === null) this.#values.delete(key);
    else if (this.#values.size >= MAX_KEYS && !this.#values.has(key)) return false;
    else this.#values.set(key, value);
    for (const observer of this.#observers.get(key) ?? []) observer.valueChanged(key, value, updatedBy);
    return true;
  }

  /** Returns false, observing nothing, when the observer has as many keys as it may have. */
  observe(key: string, observer: ValueObserver): boolean {
    const observers = this.#observers.get(key) ?? new Set();
    if (observers.has(observer)) return true;
    const count = this.#observed.get(observer) ?? 0;
    if (count >= this.#maxObserved) return false;
    this.#observed.set(observer, count + 1);
    this.#observers.set(key, observers.add(observer));
    return true;
  }

  stopObserving(key: string, observer: ValueObserver): void {
    const observers = this.#observers.get(key);
    if (!observers?.delete(observer)) return;
    this.#observed.set(observer, (this.#observed.get(observer) ?? 1) - 1);
    if (observers.size === 0) this.#observers.delete(key);
  }

  forget(observer: ValueObserver): void {
    for (const key of [...this.#observers.keys()]) this.stopObserving(key, observer);
    this.#observed.delete(observer);
  }

  clear(): void {
    this.#values.clear();
  }
}
