// One session composed with one set of settings, and everything that is made of it: files, HLS, livestreams. It runs in
// a process that is restarted when it crashes; the outputs go on, files in another part.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompositorEvent, FileFacts, PageSpec } from '../../compositor/ipc.ts';
import { inBackground } from '../../kit/in-background.ts';
import type { Logger } from '../../log.ts';
import type { CompositionConfig } from '../../protocol/composition.ts';
import { setAside } from '../hls/hls-folder.ts';
import type { SessionSource } from '../ports.ts';
import { CompositionOutput, type Failure, type OutputListener, type OutputSpec } from './composition-output.ts';
import type { Compositor, LaunchCompositor, State } from './composition-state.ts';
import { SessionFeed } from './session-feed.ts';
import type { Template } from './template.ts';

export interface CompositionOptions {
  id: string;
  config: CompositionConfig;
  source: SessionSource;
  /** The captured page, where it is one. */
  template: Pick<Template, 'page' | 'close'> | undefined;
  launch: LaunchCompositor;
  /** What the operator has opened although it is private; the process checks RTMP servers against it. */
  outboundAllow: readonly string[];
  log: Logger;
  /** Called with the process behind it, so that one that outlives us can be found. */
  onProcess: (pid: number | undefined) => void;
  /** Called once, when its process is gone and nothing is left of it. */
  onClosed: () => void;
}

export interface CompositionStats {
  cpu: number;
  rssBytes: number;
  droppedTicks: number;
  encodedFrames: number;
  driftMs: number;
}

/** A process that crashes more often than this within the window will not stop crashing. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const RESTART_DELAY_MS = 100;
const REMOVE_TIMEOUT_MS = 130_000;
/** A browser has to be started and a page loaded; callers wait for half a minute at most. */
const PAGE_READY_TIMEOUT_MS = 25_000;

/** The compositor could not be started. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
  readonly blame: Failure['blame'];

  constructor({ reason, blame }: Failure) {
    super(reason);
    this.blame = blame;
  }
}

export class Composition {
  readonly id: string;
  /** Resolves when the compositor runs, rejects when it could not be started at all. */
  readonly ready: Promise<void>;
  stats: CompositionStats = { cpu: 0, rssBytes: 0, droppedTicks: 0, encodedFrames: 0, driftMs: 0 };
  readonly #options: CompositionOptions;
  readonly #outputs = new Map<string, CompositionOutput>();
  readonly #crashes: number[] = [];
  readonly #settleReady = Promise.withResolvers<void>();
  #state: State = { phase: 'idle' };

  constructor(options: CompositionOptions) {
    this.#options = options;
    this.id = options.id;
    this.ready = this.#settleReady.promise;
    this.ready.catch(() => undefined);
  }

  get source(): SessionSource {
    return this.#options.source;
  }

  /** False once it only finishes what it has: another one has to be made then. */
  get open(): boolean {
    return this.#state.phase !== 'finishing' && this.#state.phase !== 'closed';
  }

  /** Nothing was ever asked of it. */
  get idle(): boolean {
    return this.#state.phase === 'idle';
  }

  /** Adds an output; the first one launches the process. */
  add(spec: OutputSpec, listener: OutputListener): void {
    const output = new CompositionOutput(spec, listener);
    // It closed while the caller prepared the output.
    if (this.#state.phase === 'closed') {
      output.end(undefined, undefined);
      return;
    }
    this.#outputs.set(spec.id, output);
    if (this.#state.phase === 'idle') this.#prepare(undefined);
    else if (this.#state.phase === 'running') this.#handOver(output);
  }

  /** Finishes one output, and with the last one all. */
  remove(id: string): void {
    const output = this.#outputs.get(id);
    if (!output || output.isRemoving) return;
    output.isRemoving = true;
    const others = [...this.#outputs.values()].some(({ isRemoving }) => !isRemoving);
    if (!others) this.finish();
    else if (!output.isHandedOver) this.#end(output);
    else {
      this.#process?.send({ type: 'remove-sink', sinkId: id });
      output.endWithin(REMOVE_TIMEOUT_MS, () => this.#end(output));
    }
  }

  /** Finishes every output, then the process. */
  finish(): void {
    if (this.open) this.#finishWith((process) => process.finish());
  }

  /** Ends it now; files are left as they are. */
  kill(): void {
    this.#finishWith((process) => process.kill());
  }

  /** A participant came, left, or began or stopped to send. */
  refresh(): void {
    this.#feed?.refresh();
  }

  speaker(participantId: string | null): void {
    this.#feed?.speaker(participantId);
  }

  get #process(): Compositor | undefined {
    return 'process' in this.#state ? this.#state.process : undefined;
  }

  get #feed(): SessionFeed | undefined {
    return 'feed' in this.#state ? this.#state.feed : undefined;
  }

  // Transitions, in the order of the diagram.

  #prepare(interruptedAt: Date | undefined): void {
    const state: State = { phase: 'preparing', interruptedAt };
    this.#state = state;
    inBackground(this.#options.log, 'launch of a compositor', async () => {
      if (interruptedAt) await this.#setUpRestart();
      try {
        // It may have closed meanwhile.
        const page = this.#state === state ? await this.#options.template?.page() : undefined;
        if (this.#state === state) this.#launch(page, interruptedAt);
      } catch (error) {
        this.#close({ reason: (error as Error).message, blame: 'us' });
      }
    });
  }

  #launch(page: PageSpec | undefined, interruptedAt: Date | undefined): void {
    const { launch, log, config, source, outboundAllow } = this.#options;
    const outputs = [...this.#outputs.values()].filter(({ isRemoving }) => !isRemoving);
    const process = launch(
      {
        type: 'start',
        egressId: this.id,
        config,
        page,
        isSecure: source.isElsewhere,
        sinks: outputs.map((output) => output.handOver()),
        outboundAllow: [...outboundAllow],
      },
      { log, readyTimeoutMs: page && PAGE_READY_TIMEOUT_MS },
    );
    this.#state = { phase: 'launching', interruptedAt, process };
    this.#options.onProcess(process.pid);
    process.on('message', (message) => this.#take(message));
    process.once('gone', (gone) => this.#processGone(gone, process.isFatal));
    const started = process.ready.then(
      (port) => this.#processReady(process, port),
      // `gone` follows, with the reason.
      () => undefined,
    );
    inBackground(log, 'start of a compositor', () => started);
  }

  #processReady(process: Compositor, port: number | undefined): void {
    if (this.#process !== process) return;
    if (this.#state.phase === 'launching') {
      const { interruptedAt } = this.#state;
      const feed = port === undefined ? undefined : new SessionFeed(this.source, port, (it) => process.send(it));
      this.#state = { phase: 'running', process, feed };
      for (const output of this.#outputs.values()) if (!output.isHandedOver) this.#handOver(output);
      if (interruptedAt) this.#reportGap(interruptedAt);
    }
    this.#settleReady.resolve();
  }

  /** What was asked to end has ended, however; the rest goes on in a new process, or has failed. */
  #processGone({ reason, blame }: Failure, isFatal: boolean): void {
    const state = this.#state;
    this.#feed?.close();
    this.#options.onProcess(undefined);
    if (state.phase === 'finishing') {
      this.#close();
      return;
    }
    const interruptedAt = state.phase === 'launching' ? state.interruptedAt : new Date();
    const wasReady = interruptedAt !== undefined;
    // No process is left that an output would have to be taken from.
    this.#state = { phase: 'preparing', interruptedAt };
    for (const output of [...this.#outputs.values()]) if (output.isRemoving) this.#end(output);
    if (!this.open) return;
    if (wasReady && !isFatal && this.#mayRestart()) {
      this.#options.log.warn({ crashes: this.#crashes.length, reason }, 'compositor crashed, restarting it');
      this.#prepare(interruptedAt);
    } else this.#close({ reason, blame });
  }

  #finishWith(end: (process: Compositor) => void): void {
    const process = this.#process;
    if (!process) {
      this.#close();
      return;
    }
    this.#state = { phase: 'finishing', process, feed: this.#feed };
    for (const output of this.#outputs.values()) output.isRemoving = true;
    end(process);
  }

  #close(failure?: Failure): void {
    if (this.#state.phase === 'closed') return;
    this.#state = { phase: 'closed' };
    this.#settleReady.reject(new NotStarted(failure ?? { reason: 'it was stopped before it began', blame: 'us' }));
    for (const output of [...this.#outputs.values()]) this.#end(output, failure);
    this.#options.template?.close();
    this.#options.onClosed();
  }

  // What happens within a phase.

  #take(message: CompositorEvent): void {
    if (message.type === 'wanted') this.#feed?.want(message.streams);
    if (message.type === 'stats') this.stats = message;
    const output = 'sinkId' in message ? this.#outputs.get(message.sinkId) : undefined;
    if (!output) return;
    if (message.type === 'sink-started') output.listener.started();
    if (message.type === 'sink-playable') output.listener.playable();
    if (message.type === 'sink-finished') this.#end(output, undefined, message.file);
    if (message.type === 'sink-failed') this.#end(output, { reason: message.reason, blame: message.blame });
  }

  #handOver(output: CompositionOutput): void {
    if (!output.isRemoving) this.#process?.send({ type: 'add-sink', sink: output.handOver() });
  }

  #end(output: CompositionOutput, failure?: Failure, file?: FileFacts): void {
    if (!this.#outputs.delete(output.spec.id)) return;
    output.end(failure, file);
    // The last output is gone: nothing is left to compose for.
    if (this.#outputs.size === 0) this.finish();
  }

  async #setUpRestart(): Promise<void> {
    for (const output of this.#outputs.values()) output.isHandedOver = false;
    await sleep(RESTART_DELAY_MS);
    for (const { spec } of this.#outputs.values()) {
      if (spec.kind !== 'hls') continue;
      await setAside(spec.folder).catch((error) =>
        this.#options.log.warn({ err: error }, 'HLS folder could not be set aside'),
      );
    }
  }

  #mayRestart(): boolean {
    const now = Date.now();
    this.#crashes.push(now);
    while ((this.#crashes[0] ?? now) < now - CRASH_WINDOW_MS) this.#crashes.shift();
    return this.#crashes.length <= MAX_CRASHES;
  }

  #reportGap(at: Date): void {
    const gap = { at, ms: Date.now() - at.getTime() };
    for (const { listener } of this.#outputs.values()) listener.interrupted(gap);
  }
}
