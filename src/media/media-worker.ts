// One media worker: a process, its router, its port, and who is on it.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router, Transport, WebRtcServer, Worker } from 'mediasoup/types';
import { brokeMedia } from '../errors.ts';
import type { PeerMedia } from './peer-media.ts';

/** A worker answers in a millisecond; one that is silent for so long forwards nothing either. */
const SILENCE_S = 10;
const CLOSE_TIMEOUT_MS = 2_000;

export class MediaWorker {
  readonly index: number;
  readonly worker: Worker;
  readonly router: Router;
  readonly webRtcServer: WebRtcServer;
  /** Each `host:port` that clients send to by TCP. */
  readonly tcpHosts: readonly string[];
  readonly peers = new Set<PeerMedia>();
  rooms = 0;
  readonly #onSuspect: (worker: MediaWorker) => void;
  readonly #silenceS: number;

  /** `onSuspect` is called when a client's message has upset the channel to the worker. */
  constructor(options: {
    index: number;
    worker: Worker;
    router: Router;
    webRtcServer: WebRtcServer;
    tcpHosts: readonly string[];
    onSuspect: (worker: MediaWorker) => void;
    /** Seconds without an answer after which a worker is taken for stuck. */
    silenceS?: number | undefined;
  }) {
    this.index = options.index;
    this.worker = options.worker;
    this.router = options.router;
    this.webRtcServer = options.webRtcServer;
    this.tcpHosts = options.tcpHosts;
    this.#onSuspect = options.onSuspect;
    this.#silenceS = options.silenceS ?? SILENCE_S;
    // Its own answer to a signal is to close at once; the owner closes it when everybody has been told.
    const { onSignal } = this.worker as unknown as { onSignal?: () => void };
    for (const signal of onSignal ? ['SIGINT', 'SIGTERM'] : []) process.removeListener(signal, onSignal as () => void);
  }

  /** Consumers and data consumers it forwards to: what its load grows with. */
  get consumers(): number {
    let count = 0;
    for (const peer of this.peers) count += peer.consumerCount;
    return count;
  }

  /**
   * Runs a request of `transport` that carries what a client sent. mediasoup writes a message before it sends it, into a
   * buffer that all requests to the worker share, and one that throws in the middle leaves it half written: every later
   * request would fail. It is cleared at once, before anybody else can use it, and the request is refused.
   */
  request<T>(transport: Transport, run: () => Promise<T>): Promise<T> {
    const answer = run();
    const builder = builderOf(transport);
    const isBroken = builder !== undefined && (builder.isNested || builder.offset() > 0) && !this.worker.closed;
    if (!isBroken) return answer;
    builder.clear();
    this.#onSuspect(this);
    return answer.then(
      () => Promise.reject(brokeMedia()),
      (cause: unknown) => Promise.reject(brokeMedia(cause)),
    );
  }

  /** Makes a real request. Rejects when the worker does not answer, or nothing can be asked of it. */
  async probe(): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([this.worker.getResourceUsage(), silence(this.#silenceS, done.signal)]);
    } finally {
      done.abort();
    }
  }

  /** Ends the process, in whatever state it is; whoever listens to its death replaces it. */
  kill(): void {
    try {
      process.kill(this.worker.pid, 'SIGKILL');
    } catch {
      // It is dead already.
    }
  }

  /** Ends the process in good order, and by force when it does not go. */
  async close(): Promise<void> {
    if (this.worker.subprocessClosed) return;
    const gone = once(this.worker, 'subprocessclose');
    try {
      this.worker.close();
    } catch {
      this.kill();
    }
    if ((await Promise.race([gone, sleep(CLOSE_TIMEOUT_MS, 'late', { ref: false })])) === 'late') this.kill();
  }
}

/** Counted in steps, so that a process that was itself held up does not take its worker for silent. */
async function silence(seconds: number, signal: AbortSignal): Promise<never> {
  for (let passed = 0; passed < seconds; passed++) await sleep(1_000, undefined, { signal, ref: false });
  throw new Error(`the media worker did not answer within ${seconds} s`);
}

interface Builder {
  isNested: boolean;
  offset(): number;
  clear(): void;
}

/** The buffer is no part of mediasoup's types; `media-worker.test.ts` fails when it is no longer there. */
function builderOf(transport: Transport): Builder | undefined {
  return (transport as unknown as { channel?: { bufferBuilder?: Builder } }).channel?.bufferBuilder;
}
