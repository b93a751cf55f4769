// Streams of a session on another node that arrive at a port of this one, encrypted.
import { randomBytes, randomUUID } from 'node:crypto';
import type { WantedStream } from '../ipc.ts';
import type { Tap, TapOptions } from '../ports.ts';
import type { TappedStream, ToFollower, WantedTap } from './messages.ts';

type Tapped = Extract<ToFollower, { type: 'tapped' }>;

/** 16 of the key and 12 of the salt: RFC 7714. */
const KEY_BYTES = 28;

interface RemoteTapContext {
  /** Where streams are sent to. */
  address: string;
  onChange(): void;
  onClose(id: string): void;
}

export class RemoteTap implements Tap {
  readonly id = randomUUID();
  readonly #options: TapOptions;
  readonly #context: RemoteTapContext;
  readonly #sendKey = randomBytes(KEY_BYTES).toString('base64');
  #receiveKey: string | undefined;
  #wanted: WantedStream[] = [];
  /** Whether each stream that there is, is paused. */
  readonly #streams = new Map<string, boolean>();
  #closed = false;

  constructor(options: TapOptions, context: RemoteTapContext) {
    this.#options = options;
    this.#context = context;
  }

  /** What the other node has to do for it. */
  get wanted(): WantedTap {
    const { port } = this.#options;
    return { id: this.id, ip: this.#context.address, port, key: this.#sendKey, streams: this.#wanted };
  }

  /** The other node knows itself what is sent there. */
  refresh(): void {}

  want(streams: WantedStream[]): void {
    this.#wanted = streams;
    this.#context.onChange();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.onClose(this.id);
    this.#context.onChange();
  }

  take({ key, streams }: Tapped): void {
    if (this.#closed) return;
    if (key !== this.#receiveKey) {
      this.#receiveKey = key;
      this.#options.onSecured?.({ send: this.#sendKey, receive: key });
    }
    const ids = new Set(streams.map(({ id }) => id));
    for (const id of this.#streams.keys()) if (!ids.has(id)) this.#drop(id);
    for (const stream of streams) this.#takeStream(stream);
  }

  #takeStream({ isPaused, ...stream }: TappedStream): void {
    const wasPaused = this.#streams.get(stream.id);
    this.#streams.set(stream.id, isPaused);
    if (wasPaused === undefined) this.#options.onStream(stream);
    if (isPaused !== (wasPaused ?? false)) this.#options.onStreamPaused(stream.id, isPaused);
  }

  #drop(id: string): void {
    this.#streams.delete(id);
    this.#options.onStreamGone(id);
  }
}
