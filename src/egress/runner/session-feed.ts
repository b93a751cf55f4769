// What a running compositor gets of its session: who is there, who speaks, and the streams that it asks for.
import type { CompositorCommand, WantedStream } from '../../compositor/ipc.ts';
import type { SessionSource, Tap } from '../ports.ts';

export class SessionFeed {
  readonly #source: SessionSource;
  readonly #send: (command: CompositorCommand) => void;
  readonly #tap: Tap;
  #isRefreshing = false;
  #closed = false;

  /** `port` is the one that the compositor takes RTP on. */
  constructor(source: SessionSource, port: number, send: (command: CompositorCommand) => void) {
    this.#source = source;
    this.#send = send;
    this.#tap = source.openTap({
      port,
      onSecured: (keys) => send({ type: 'secure', keys }),
      onStream: (stream) => send({ type: 'add-stream', stream }),
      onStreamGone: (streamId) => send({ type: 'remove-stream', streamId }),
      onStreamPaused: (streamId, paused) => {
        send({ type: 'stream-paused', streamId, paused });
        this.refresh();
      },
    });
    this.#sendScene();
    this.speaker(source.activeSpeaker());
  }

  /** A participant came, left, or began or stopped to send. Sent once for all changes of one turn. */
  refresh(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    setImmediate(() => {
      this.#isRefreshing = false;
      if (!this.#closed) this.#sendScene();
    });
  }

  speaker(participantId: string | null): void {
    this.#send({ type: 'active-speaker', participantId });
  }

  want(streams: WantedStream[]): void {
    this.#tap.want(streams);
  }

  close(): void {
    this.#closed = true;
    this.#tap.close();
  }

  #sendScene(): void {
    this.#send({ type: 'participants', participants: this.#source.participants() });
    this.#tap.refresh();
  }
}
