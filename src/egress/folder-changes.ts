// Tells of changes in a folder. Everybody who waits for the same folder shares one watcher: a stream with a thousand
// players shall not take a thousand handles of the system.
import { type FSWatcher, watch } from 'node:fs';

/** Changes are told by the system; where it does not, or has no handle left, they are looked for. */
const LOOK_EVERY_MS = 250;
/** Players that wait at this node at the same time; the next are told to ask again. */
const MAX_LISTENERS = 20_000;

interface Listener {
  /** Resolves with the next change since the last call, or after `timeoutMs`. */
  next(timeoutMs: number): Promise<void>;
  close(): void;
}

export class FolderChanges {
  static readonly #byFolder = new Map<string, FolderChanges>();
  static #listeners = 0;
  readonly #folder: string;
  readonly #watcher: FSWatcher | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #wakes = new Set<() => void>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => this.#wake(), LOOK_EVERY_MS);
    this.#watcher = watcherOf(folder, () => this.#wake());
  }

  /** The changes of a folder; undefined while too many wait for changes. */
  static of(folder: string): FolderChanges | undefined {
    if (FolderChanges.#listeners >= MAX_LISTENERS) return undefined;
    const known = FolderChanges.#byFolder.get(folder) ?? new FolderChanges(folder);
    FolderChanges.#byFolder.set(folder, known);
    return known;
  }

  /** To be closed by whoever called. */
  listen(): Listener {
    let hasChanged = false;
    let wakeUp: () => void = () => undefined;
    const wake = () => {
      hasChanged = true;
      wakeUp();
    };
    this.#wakes.add(wake);
    FolderChanges.#listeners += 1;
    return {
      next: async (timeoutMs) => {
        if (!hasChanged) {
          const { promise, resolve } = Promise.withResolvers<void>();
          const timer = setTimeout(resolve, timeoutMs);
          wakeUp = resolve;
          await promise;
          clearTimeout(timer);
        }
        hasChanged = false;
      },
      close: () => this.#leave(wake),
    };
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }

  #leave(wake: () => void): void {
    if (!this.#wakes.delete(wake)) return;
    FolderChanges.#listeners -= 1;
    if (this.#wakes.size > 0) return;
    clearInterval(this.#timer);
    this.#watcher?.close();
    FolderChanges.#byFolder.delete(this.#folder);
  }
}

/** Nothing where the folder is gone or the system has no handle left. */
function watcherOf(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
