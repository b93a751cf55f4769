// When a participant's microphone, camera and screen were on: one write after the other, so that an end never overtakes
// its beginning.
import { setTimeout as sleep } from 'node:timers/promises';
import { notYetReady } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { SerialQueue } from '../kit/serial-queue.ts';
import type { Logger } from '../log.ts';
import { persist } from './persist.ts';
import type { LiveStore, MediaSpanKind } from './ports.ts';

/** A publisher is refused when its stream could not be recorded for so long. */
const OPEN_TIMEOUT_MS = 5_000;

type SpanStore = Pick<LiveStore, 'openSpan' | 'closeSpan'>;

export class MediaSpans {
  readonly #store: SpanStore;
  readonly #log: Logger;
  readonly #writes = new SerialQueue();

  constructor(store: SpanStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Records that a stream begins. Rejects when that could not be written in time; it is not written later either. */
  async open(participant: string, kind: MediaSpanKind): Promise<void> {
    const late = new AbortController();
    const written = this.#writes.run(async () => {
      if (late.signal.aborted) return;
      await this.#store.openSpan(participant, kind, new Date());
      if (late.signal.aborted) this.close(participant, kind);
    });
    const timeout = sleep(OPEN_TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`not written within ${OPEN_TIMEOUT_MS} ms`);
    });
    try {
      await Promise.race([written, timeout]);
    } catch (error) {
      late.abort();
      this.#log.warn({ err: error, kind }, 'stream refused: its beginning could not be recorded');
      throw notYetReady('The server cannot record this stream now; try again in a moment.');
    }
  }

  /** Records that it has ended, which cannot be refused: it is written once the database takes it. */
  close(participant: string, kind: MediaSpanKind): void {
    const at = new Date();
    inBackground(this.#log, 'the end of a stream', () =>
      this.#writes.run(() => persist(() => this.#store.closeSpan(participant, kind, at), this.#log)),
    );
  }
}
