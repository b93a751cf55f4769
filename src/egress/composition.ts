// One session composed with one set of settings, and everything that is made of it: files, HLS, livestreams. It runs in
// a child process that is started anew when it crashes; the outputs go on, files in another part.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inBackground } from '../kit/in-background.ts';
import type { Logger } from '../log.ts';
import type { CompositionConfig } from '../protocol/composition.ts';
import type { FileFormat, Gap } from '../protocol/egress.ts';
import { setAside } from './hls-folder.ts';
import type { FileFacts, FromChild, PageSpec, SinkSpec } from './ipc.ts';
import type { SessionSource, Tap } from './ports.ts';
import { EgressChild } from './supervisor.ts';
import type { Template } from './template.ts';

export type OutputSpec =
  | { id: string; kind: 'file'; format: FileFormat; folder: string }
  | { id: string; kind: 'hls'; folder: string }
  | { id: string; kind: 'rtmp'; url: string };

export interface Failure {
  reason: string;
  blame: 'destination' | 'us';
}

export interface OutputEnd {
  /** The files that were written, in order. */
  parts: string[];
  /** Of the last of them, when its writer finished it. */
  file: FileFacts | undefined;
  failure: Failure | undefined;
}

/** Told of one output. */
export interface OutputListener {
  started(): void;
  playable(): void;
  /** The compositor crashed and goes on after a gap. */
  interrupted(gap: Gap): void;
  /** Called once, last. */
  ended(end: OutputEnd): void;
}

interface Output {
  spec: OutputSpec;
  listener: OutputListener;
  parts: string[];
  /** The running child has been told of it. */
  handedOver: boolean;
  removing: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface CompositionOptions {
  id: string;
  config: CompositionConfig;
  source: SessionSource;
  /** The page that is filmed, where it is one. */
  template: Template | undefined;
  program: string;
  /** What the operator has opened although it is private; the child checks RTMP servers against it. */
  outboundAllow: readonly string[];
  log: Logger;
  /** Tells the process behind it, so that one that outlives us can be found. */
  onChild: (pid: number | undefined) => void;
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

/** A child that crashes more often than this within the window will not stop crashing. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const RESTART_DELAY_MS = 100;
const REMOVE_TIMEOUT_MS = 130_000;
/** A browser has to be started and a page loaded; whoever asked waits for half a minute at most. */
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
  readonly config: CompositionConfig;
  /** Resolves when the compositor runs, rejects when it could not be started at all. */
  readonly ready: Promise<void>;
  readonly #options: CompositionOptions;
  readonly #outputs = new Map<string, Output>();
  readonly #crashes: number[] = [];
  readonly #settleReady = Promise.withResolvers<void>();
  #child: EgressChild | undefined;
  #isRunning = false;
  #tap: Tap | undefined;
  #finishing = false;
  #closed = false;
  #launching = false;
  #everReady = false;
  #interruptedAt: Date | undefined;
  #refreshing = false;
  stats: CompositionStats = { cpu: 0, rssBytes: 0, droppedTicks: 0, encodedFrames: 0, driftMs: 0 };

  constructor(options: CompositionOptions) {
    this.#options = options;
    this.id = options.id;
    this.config = options.config;
    this.ready = this.#settleReady.promise;
    this.ready.catch(() => undefined);
  }

  get source(): SessionSource {
    return this.#options.source;
  }

  /** False once it only finishes what it has: another one has to be made then. */
  get open(): boolean {
    return !this.#finishing && !this.#closed;
  }

  /** Nothing was ever asked of it. */
  get idle(): boolean {
    return !this.#child && !this.#launching && this.#outputs.size === 0;
  }

  /** Adds an output; the first one starts the child. */
  add(spec: OutputSpec, listener: OutputListener): void {
    const output: Output = { spec, listener, parts: [], handedOver: false, removing: false, timer: undefined };
    this.#outputs.set(spec.id, output);
    if (!this.#child && !this.#launching) this.#inBackground('launch of a compositor', () => this.#launch());
    else if (this.#isRunning) this.#handOver(output);
  }

  /** Finishes one output, and with the last one all. */
  remove(id: string): void {
    const output = this.#outputs.get(id);
    if (!output || output.removing) return;
    output.removing = true;
    const others = [...this.#outputs.values()].some(({ removing }) => !removing);
    if (!others) this.finish();
    else if (!output.handedOver) this.#end(output, undefined);
    else {
      this.#child?.send({ type: 'remove-sink', sinkId: id });
      output.timer = setTimeout(() => this.#end(output, undefined), REMOVE_TIMEOUT_MS);
    }
  }

  /** Finishes every output, then the child. */
  finish(): void {
    if (this.#finishing || this.#closed) return;
    this.#finishing = true;
    for (const output of this.#outputs.values()) output.removing = true;
    if (this.#child) this.#child.finish();
    else this.#close();
  }

  /** Ends it now; files are left as they are. */
  kill(): void {
    this.#finishing = true;
    for (const output of this.#outputs.values()) output.removing = true;
    if (this.#child) this.#child.kill();
    else this.#close();
  }

  /** Somebody came, left, or began or stopped to send. Told once for all that happens in one turn. */
  refresh(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    setImmediate(() => {
      this.#refreshing = false;
      this.#showSession();
    });
  }

  speaker(participantId: string | null): void {
    if (this.#tap) this.#child?.send({ type: 'active-speaker', participantId });
  }

  async #launch(): Promise<void> {
    const { template } = this.#options;
    this.#launching = true;
    try {
      const page = await template?.page();
      // It may have been finished meanwhile.
      if (!this.#closed) this.#fork(page);
    } catch (error) {
      this.#giveUp({ reason: (error as Error).message, blame: 'us' });
    } finally {
      this.#launching = false;
    }
  }

  #fork(page: PageSpec | undefined): void {
    const { program, log, config, source, outboundAllow } = this.#options;
    const outputs = [...this.#outputs.values()].filter(({ removing }) => !removing);
    const child = EgressChild.launch(
      { program, log, readyTimeoutMs: page && PAGE_READY_TIMEOUT_MS },
      {
        type: 'start',
        egressId: this.id,
        config,
        page,
        isSecure: source.isElsewhere,
        sinks: outputs.map((output) => this.#sinkOf(output)),
        outboundAllow: [...outboundAllow],
      },
    );
    this.#child = child;
    this.#options.onChild(child.pid);
    child.on('message', (message) => this.#take(message));
    child.once('gone', (gone) => this.#childGone(child, gone));
    child.ready.then((port) => this.#childReady(child, port)).catch(() => undefined);
  }

  #childReady(child: EgressChild, port: number | undefined): void {
    if (this.#child !== child || this.#closed) return;
    this.#isRunning = true;
    if (port !== undefined) this.#openTap(child, port);
    for (const output of this.#outputs.values()) if (!output.handedOver) this.#handOver(output);
    this.#tellGap();
    this.#everReady = true;
    this.#settleReady.resolve();
  }

  #openTap(child: EgressChild, port: number): void {
    this.#tap = this.source.openTap({
      port,
      onSecured: (keys) => child.send({ type: 'secure', keys }),
      onStream: (stream) => child.send({ type: 'add-stream', stream }),
      onStreamGone: (streamId) => child.send({ type: 'remove-stream', streamId }),
      onStreamPaused: (streamId, paused) => {
        child.send({ type: 'stream-paused', streamId, paused });
        this.refresh();
      },
    });
    this.#showSession();
    this.speaker(this.source.activeSpeaker());
  }

  #handOver(output: Output): void {
    if (output.removing) return;
    this.#child?.send({ type: 'add-sink', sink: this.#sinkOf(output) });
  }

  /** A file goes on in another part after a crash, since the first one cannot be written to any more. */
  #sinkOf(output: Output): SinkSpec {
    output.handedOver = true;
    const { spec } = output;
    if (spec.kind !== 'file') return spec;
    const path = join(spec.folder, `part-${output.parts.length + 1}.${spec.format}`);
    output.parts.push(path);
    return { id: spec.id, kind: 'file', format: spec.format, path };
  }

  #showSession(): void {
    if (!this.#child || !this.#tap) return;
    this.#child.send({ type: 'participants', participants: this.source.participants() });
    this.#tap.refresh();
  }

  #take(message: FromChild): void {
    if (message.type === 'wanted') this.#tap?.want(message.streams);
    if (message.type === 'stats') this.stats = message;
    if (!('sinkId' in message)) return;
    const output = this.#outputs.get(message.sinkId);
    if (message.type === 'sink-started') output?.listener.started();
    if (message.type === 'sink-playable') output?.listener.playable();
    if (message.type === 'sink-finished') this.#end(output, undefined, message.file);
    if (message.type === 'sink-failed') this.#end(output, { reason: message.reason, blame: message.blame });
  }

  /** What was asked to stop has stopped, however; the rest goes on in a new child, or has failed. */
  #childGone(child: EgressChild, { reason, blame }: Failure): void {
    this.#tap?.close();
    this.#tap = undefined;
    this.#isRunning = false;
    this.#child = undefined;
    this.#options.onChild(undefined);
    for (const output of [...this.#outputs.values()]) if (output.removing) this.#end(output, undefined);
    if (this.#finishing || this.#outputs.size === 0) this.#close();
    else if (!this.#everReady || child.isFatal || !this.#mayRestart()) this.#giveUp({ reason, blame });
    else this.#restart(reason);
  }

  #restart(reason: string): void {
    this.#options.log.warn({ crashes: this.#crashes.length, reason }, 'compositor crashed, starting it anew');
    this.#interruptedAt ??= new Date();
    for (const output of this.#outputs.values()) output.handedOver = false;
    this.#inBackground('restart of a compositor', () => this.#relaunch());
  }

  #inBackground(what: string, work: () => Promise<void>): void {
    inBackground(this.#options.log, what, work);
  }

  async #relaunch(): Promise<void> {
    await sleep(RESTART_DELAY_MS);
    for (const { spec } of this.#outputs.values()) {
      if (spec.kind !== 'hls') continue;
      await setAside(spec.folder).catch((error) => this.#options.log.warn({ err: error }, 'HLS begins anew'));
    }
    if (!this.#closed && !this.#child) await this.#launch();
  }

  #mayRestart(): boolean {
    const now = Date.now();
    this.#crashes.push(now);
    while ((this.#crashes[0] ?? now) < now - CRASH_WINDOW_MS) this.#crashes.shift();
    return this.#crashes.length <= MAX_CRASHES;
  }

  #giveUp(failure: Failure): void {
    this.#settleReady.reject(new NotStarted(failure));
    for (const output of [...this.#outputs.values()]) this.#end(output, failure);
    this.#close();
  }

  #tellGap(): void {
    if (!this.#interruptedAt) return;
    const gap = { at: this.#interruptedAt, ms: Date.now() - this.#interruptedAt.getTime() };
    this.#interruptedAt = undefined;
    for (const { listener } of this.#outputs.values()) listener.interrupted(gap);
  }

  #end(output: Output | undefined, failure: Failure | undefined, file?: FileFacts): void {
    if (!output || !this.#outputs.delete(output.spec.id)) return;
    clearTimeout(output.timer);
    output.listener.ended({ parts: output.parts, file, failure });
    // The last output is gone: nothing is left to compose for.
    if (this.#outputs.size === 0 && !this.#finishing) this.finish();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const output of [...this.#outputs.values()]) this.#end(output, undefined);
    this.#options.template?.close();
    this.#settleReady.reject(new NotStarted({ reason: 'it was stopped before it began', blame: 'us' }));
    this.#options.onClosed();
  }
}
