// Streams of a session here that are sent to another node, which is told of them.
import type { WantedStream } from '../ipc.ts';
import type { SessionSource, Tap } from '../ports.ts';
import type { TappedStream, ToFollower, WantedTap } from './messages.ts';

type Tapped = Extract<ToFollower, { type: 'tapped' }>;

export class HostedTap {
  readonly #tap: Tap;
  readonly #facts: { sessionId: string; tapId: string };
  readonly #send: (message: Tapped) => void;
  readonly #streams = new Map<string, TappedStream>();
  #key: string | undefined;
  #isTelling = false;

  constructor(source: SessionSource, { id, ip, port, key }: WantedTap, send: (message: Tapped) => void) {
    this.#facts = { sessionId: source.sessionId, tapId: id };
    this.#send = send;
    this.#tap = source.openTap({
      port,
      elsewhere: { ip, sendKey: key },
      onSecured: ({ receive }) => {
        this.#key = receive;
        this.tell();
      },
      onStream: (stream) => {
        this.#streams.set(stream.id, { ...stream, isPaused: false });
        this.tell();
      },
      onStreamGone: (streamId) => {
        this.#streams.delete(streamId);
        this.tell();
      },
      onStreamPaused: (streamId, isPaused) => {
        const stream = this.#streams.get(streamId);
        if (stream) stream.isPaused = isPaused;
        this.tell();
      },
    });
  }

  want(streams: WantedStream[]): void {
    this.#tap.want(streams);
  }

  /** What the session's people send has changed. */
  refresh(): void {
    this.#tap.refresh();
  }

  /** Once for all that happens in one turn. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      if (this.#key === undefined) return;
      this.#send({ type: 'tapped', ...this.#facts, key: this.#key, streams: [...this.#streams.values()] });
    });
  }

  close(): void {
    this.#tap.close();
  }
}
