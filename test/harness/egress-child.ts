// The real egress child, forked as the supervisor forks it, and what it said.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { EgressParticipant, EgressStream, FromChild, PageSpec, SinkSpec, ToChild } from '../../src/egress/ipc.ts';
import type { CompositionConfig } from '../../src/protocol/composition.ts';
import { RtpPublisher } from './rtp-publisher.ts';
import type { Clip } from './test-clip.ts';

const MAIN = resolve(import.meta.dirname, '../../src/egress/worker/main.ts');
const SAY_TIMEOUT_MS = 20_000;
const READY_TIMEOUT_MS = 30_000;

export const SMALL: CompositionConfig = {
  layout: { type: 'GRID', priority: 'SPEAKER', gridSize: 25 },
  theme: 'DARK',
  mode: 'video-and-audio',
  quality: 'low',
  orientation: 'landscape',
  templateUrl: null,
};

type Said<T extends FromChild['type']> = Extract<FromChild, { type: T }>;

export class TestChild {
  readonly process: ChildProcess;
  readonly said: FromChild[] = [];
  readonly folder: string;
  readonly people = new Map<string, EgressParticipant>();
  readonly publishers = new Map<string, RtpPublisher>();
  /** Wall time of the start message. */
  startedAt = 0;
  /** Wall time of its being ready. */
  readyAt = 0;
  port = 0;

  private constructor(process: ChildProcess, folder: string) {
    this.process = process;
    this.folder = folder;
    process.on('message', (message) => this.said.push(message as FromChild));
  }

  static async start(
    sinks: (folder: string) => SinkSpec[],
    config: Partial<CompositionConfig> = {},
    page?: PageSpec,
  ): Promise<TestChild> {
    const folder = mkdtempSync(join(tmpdir(), 'egress-test-'));
    const child = new TestChild(fork(MAIN, [], { stdio: 'inherit', execArgv: [] }), folder);
    child.startedAt = Date.now();
    child.tell({
      type: 'start',
      egressId: 'test',
      config: { ...SMALL, ...config },
      page,
      sinks: sinks(folder),
      outboundAllow: ['127.0.0.1'],
    });
    const ready = child.hears('ready', () => true, READY_TIMEOUT_MS);
    const fatal = child.hears('fatal', () => true, READY_TIMEOUT_MS);
    fatal.catch(() => undefined);
    ready.catch(() => undefined);
    const first = await Promise.race([ready, fatal]);
    if (first.type === 'fatal') {
      await child[Symbol.asyncDispose]();
      throw new Error(`${first.blame}: ${first.reason}`);
    }
    child.port = first.port ?? 0;
    child.readyAt = Date.now();
    return child;
  }

  /** Pictures the machine was too busy for, as told so far. */
  get droppedTicks(): number {
    return this.said.reduce((most, said) => (said.type === 'stats' ? Math.max(most, said.droppedTicks) : most), 0);
  }

  tell(message: ToChild): void {
    this.process.send(message);
  }

  /** The first message of a type that fits, said already or to come. */
  async hears<T extends FromChild['type']>(
    type: T,
    fits: (message: Said<T>) => boolean = () => true,
    timeoutMs = SAY_TIMEOUT_MS,
  ): Promise<Said<T>> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.said.find((message) => message.type === type && fits(message as Said<T>));
      if (found) return found as Said<T>;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`the child never said ${type}; it said ${JSON.stringify(this.said.slice(-8))}`);
      // Aborted when time is up, which the next round finds out.
      await once(this.process, 'message', { signal: AbortSignal.timeout(left) }).catch(() => undefined);
    }
  }

  /** Somebody joins and sends what is given. */
  async join(
    id: string,
    clips: { video?: Clip; audio?: Clip; share?: Clip },
    about: Partial<EgressParticipant> & { rtx?: boolean } = {},
  ): Promise<{ publisher: RtpPublisher; streams: EgressStream[] }> {
    const publisher = await RtpPublisher.open(id, this.port);
    this.publishers.set(id, publisher);
    const { rtx = false, ...rest } = about;
    this.change(id, {
      name: id,
      micOn: clips.audio !== undefined,
      camOn: clips.video !== undefined,
      shareOn: clips.share !== undefined,
      ...rest,
    });
    const streams: EgressStream[] = [];
    for (const kind of ['video', 'audio', 'share'] as const) {
      const clip = clips[kind];
      if (!clip) continue;
      const stream = publisher.publish(kind, clip, { rtx });
      this.tell({ type: 'add-stream', stream });
      streams.push(stream);
    }
    return { publisher, streams };
  }

  change(id: string, about: Partial<EgressParticipant>): void {
    const before = this.people.get(id) ?? {
      id,
      name: id,
      micOn: false,
      camOn: false,
      shareOn: false,
      pinned: false,
      joinedAt: Date.now() + this.people.size,
    };
    this.people.set(id, { ...before, ...about });
    this.#tellPeople();
  }

  leave(id: string): void {
    this.people.delete(id);
    this.publishers.get(id)?.close();
    this.publishers.delete(id);
    this.#tellPeople();
  }

  async stop(): Promise<void> {
    const gone = once(this.process, 'exit');
    if (this.process.connected) this.tell({ type: 'stop' });
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const publisher of this.publishers.values()) publisher.close();
    this.publishers.clear();
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    return Promise.resolve();
  }

  #tellPeople(): void {
    this.tell({ type: 'participants', participants: [...this.people.values()] });
  }
}
