// What this node composes: takes egresses from their launch to the end of their files. What has no slot yet waits in the
// launch queue.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, egressNotStarted } from '../../errors.ts';
import { Lifecycle, type Service } from '../../kit/lifecycle.ts';
import { withoutPaths } from '../../kit/reason.ts';
import { DEFAULT_LIMITS, type Limits } from '../../limits.ts';
import type { Logger } from '../../log.ts';
import type { Egress } from '../../protocol/egress.ts';
import type { Moves } from '../moves.ts';
import type { EgressStore, SessionSource, Sessions } from '../ports.ts';
import { DiskSpace } from '../storage/disk-space.ts';
import type { Finisher } from '../storage/finisher.ts';
import { Completion } from './completion.ts';
import type { Composition } from './composition.ts';
import type { LaunchCompositor } from './composition-state.ts';
import { Compositions } from './compositions.ts';
import { CompositorProcesses } from './compositor-processes.ts';
import { EgressRun } from './egress-run.ts';
import { LaunchQueue } from './launch-queue.ts';
import { Recovery } from './recovery.ts';
import type { TemplateDeps } from './template.ts';

export interface EgressRunnerDeps {
  nodeId: string;
  store: EgressStore;
  finisher: Finisher;
  sessions: Sessions;
  templates: TemplateDeps;
  moves: Moves;
  launchCompositor: LaunchCompositor;
  /** What the operator has opened although it is private. */
  outboundAllow: readonly string[];
  folder: string;
  /** 0 where nothing is composed at all. */
  slots: number;
  limits?: Pick<Limits, 'freeDiskBytes'>;
  log: Logger;
}

/** One on its way to a composition. */
interface Launch {
  sessionId: string;
  /** It was stopped meanwhile. */
  isCalledOff: boolean;
}

/** Files are finished in seconds; what takes longer is finished by the next start. */
const DRAIN_TIMEOUT_MS = 25_000;

export class EgressRunner implements Service {
  readonly #deps: EgressRunnerDeps;
  readonly #launches = new Map<string, Launch>();
  readonly #runs = new Map<string, EgressRun>();
  readonly #queue: LaunchQueue;
  readonly #compositions: Compositions;
  readonly #completion: Completion;
  readonly #recovery: Recovery;
  readonly #disk: DiskSpace;
  readonly #lifecycle = new Lifecycle(
    () => this.#start(),
    () => this.#drain(),
  );

  constructor(deps: EgressRunnerDeps) {
    this.#deps = deps;
    const processes = new CompositorProcesses(deps.folder, deps.log);
    this.#queue = new LaunchQueue(deps);
    this.#completion = new Completion(deps);
    this.#compositions = new Compositions({ ...deps, processes, onClosed: (id) => this.#compositionClosed(id) });
    this.#recovery = new Recovery({
      ...deps,
      processes,
      completion: this.#completion,
      has: (id) => this.#has(id),
      launch: (egress) => this.launch(egress),
    });
    const { freeDiskBytes } = deps.limits ?? DEFAULT_LIMITS;
    this.#disk = new DiskSpace({ folder: deps.folder, floorBytes: freeDiskBytes, log: deps.log });
  }

  /** Takes up what an earlier life of this node left unfinished. */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Finishes everything that runs. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Begins an egress, or queues it. Rejects with the error for the caller once it has been moved to `failed`. */
  async launch(egress: Egress): Promise<void> {
    if (this.#has(egress.id)) return;
    const launch: Launch = { sessionId: egress.sessionId, isCalledOff: false };
    this.#launches.set(egress.id, launch);
    try {
      await this.#launch(egress, launch);
    } catch (error) {
      if (error instanceof AppError || this.#lifecycle.stopped) throw error;
      throw await this.#fail(egress, (error as Error).message);
    } finally {
      this.#launches.delete(egress.id);
      this.#releaseUnused(egress.sessionId);
      if (this.#queue.has(egress.id)) this.#launchNext();
    }
  }

  async #launch(egress: Egress, launch: Launch): Promise<void> {
    const missing = await this.#missingRequirement(egress);
    if (missing !== undefined) throw await this.#fail(egress, missing);
    const source = await this.#openSession(egress);
    // What was not begun when this node went down is begun by its next start.
    if (this.#lifecycle.stopped) return;
    if (!source?.live) throw await this.#fail(egress, 'The session is over.');

    let composition = this.#compositions.take(egress, source);
    if (!composition) return this.#enqueue(egress, launch);
    try {
      const { nodeId } = this.#deps;
      const started = await this.#deps.moves.move(egress, 'starting', { compositionId: composition.id, nodeId });
      if (!started) return;
      // It may have closed while the move was written.
      if (!composition.open) composition = await this.#replacement(started);
      await this.#run(started, composition, launch);
    } finally {
      // Whatever went wrong: one that nothing came of gives its slots back.
      if (composition.idle) composition.finish();
    }
  }

  /** What this node would need to run it, and does not have. */
  async #missingRequirement({ config, kind }: Egress): Promise<string | undefined> {
    const { slots, templates } = this.#deps;
    if (slots === 0) return 'This server does not record or stream: its roles lack egress.';
    const hasBrowser = config.templateUrl === null || templates.browser !== undefined;
    if (hasBrowser) return kind === 'livestream' ? undefined : this.#disk.refusal();
    return 'This server has no browser to capture templateUrl with: its operator can install Chromium, or name one in ROOMFUL_BROWSER.';
  }

  #openSession({ sessionId, sessionNodeId }: Egress): Promise<SessionSource | undefined> {
    return this.#deps.sessions.open(sessionId, sessionNodeId);
  }

  async #replacement(egress: Egress): Promise<Composition> {
    const source = await this.#openSession(egress);
    const composition = source && this.#compositions.take(egress, source);
    if (!composition) throw await this.#fail(egress, 'The compositor ended while it was being started.');
    return composition;
  }

  /** Resolves when it runs. */
  async #run(egress: Egress, composition: Composition, launch: Launch): Promise<void> {
    const onSettled = () => this.#runs.delete(egress.id);
    const run = new EgressRun({ ...this.#deps, completion: this.#completion, onSettled }, egress, composition);
    this.#runs.set(egress.id, run);
    // Its session may have ended, or it may have been stopped, while the start was being written.
    if (launch.isCalledOff || !composition.source.live) run.release();
    await run.begin().catch(async (error: Error) => {
      throw await this.#fail(egress, error.message);
    });
    // Asked to end before there was anything to end.
    if (run.isReleased) await run.stop();
    await run.ready();
  }

  /** Moves it to `failed`; returns the error for the caller. */
  async #fail(egress: Egress, reason: string): Promise<AppError> {
    await this.#deps.moves.move(egress, 'failed', { reason });
    return egressNotStarted(egress.kind, withoutPaths(reason));
  }

  async #enqueue(egress: Egress, launch: Launch): Promise<void> {
    if (!launch.isCalledOff) await this.#queue.join(egress);
    // It was stopped while it was being launched, or offered to other nodes.
    if (launch.isCalledOff) await this.#abort(egress);
  }

  /** In turn: a large one that has no room yet blocks the queue, or it would wait for ever. */
  #launchNext(): void {
    const next = () => this.#queue.next(this.#compositions.slotsByOwner);
    for (let egress = next(); egress && this.#compositions.hasRoomFor(egress); egress = next()) {
      const { id } = egress;
      // It is being offered to other nodes, and its own launch looks again when that is over.
      if (this.#launches.has(id)) return;
      this.#queue.leave(id);
      this.launch(egress).catch((error) => this.#deps.log.warn({ err: error, egressId: id }, 'egress not started'));
    }
  }

  /** Ends an egress of this node as asked; what it wrote is finished in the background. */
  async end(egressId: string): Promise<void> {
    const run = this.#runs.get(egressId);
    if (run) return run.stop();
    const launch = this.#launches.get(egressId);
    if (launch) {
      launch.isCalledOff = true;
      return;
    }
    const waiting = this.#queue.get(egressId);
    if (waiting) await this.#abort(waiting);
  }

  async #abort(egress: Egress): Promise<void> {
    this.#queue.leave(egress.id);
    this.#releaseUnused(egress.sessionId);
    await this.#deps.moves.move(egress, 'aborted', { reason: 'It was stopped before its turn came.' });
  }

  /** The store has moved everything of the session already, in the transaction that ended it. */
  sessionEnded(sessionId: string): void {
    this.#queue.leaveAllOf(sessionId);
    for (const run of this.#runs.values()) if (run.egress.sessionId === sessionId) run.release();
  }

  sessionChanged(sessionId: string): void {
    for (const composition of this.#compositions.ofSession(sessionId)) composition.refresh();
  }

  spoke(sessionId: string, participantId: string | null): void {
    for (const composition of this.#compositions.ofSession(sessionId)) composition.speaker(participantId);
  }

  /** What runs here of a session, as it stands. */
  runningIn(sessionId: string): Egress[] {
    return [...this.#runs.values()].map(({ egress }) => egress).filter((egress) => egress.sessionId === sessionId);
  }

  /** For compositions that nothing takes now. */
  get freeSlots(): number {
    return this.#compositions.freeSlots;
  }

  get counts() {
    return { ...this.#compositions.counts, running: this.#runs.size, waiting: this.#queue.length };
  }

  #compositionClosed(sessionId: string): void {
    this.#releaseUnused(sessionId);
    this.#launchNext();
  }

  /** Releases a session that nothing here is made of: its node need not send it any more. */
  #releaseUnused(sessionId: string): void {
    const isLaunching = [...this.#launches.values()].some((launch) => launch.sessionId === sessionId);
    const isUsed = isLaunching || this.#compositions.hasSession(sessionId) || this.#queue.hasSession(sessionId);
    if (!isUsed) this.#deps.sessions.release(sessionId);
  }

  #has(id: string): boolean {
    return this.#runs.has(id) || this.#launches.has(id) || this.#queue.has(id);
  }

  async #start(): Promise<void> {
    this.#queue.start();
    await this.#recovery.start();
  }

  async #drain(): Promise<void> {
    this.#queue.stop();
    const recovered = this.#recovery.stop();
    this.#completion.giveUp();
    await this.#haveOthersContinue();
    for (const composition of this.#compositions.all) composition.finish();
    const settled = Promise.all([recovered, ...[...this.#runs.values()].map((run) => run.settled)]);
    const late = sleep(DRAIN_TIMEOUT_MS, 'late', { ref: false });
    if ((await Promise.race([settled, late])) === 'late') {
      this.#deps.log.warn({ egresses: this.#runs.size }, 'egresses are finished by the next start');
      for (const composition of this.#compositions.all) composition.kill();
    }
    this.#deps.moves.giveUp();
  }

  /** Asks the nodes whose sessions go on to have what runs here continued. */
  async #haveOthersContinue(): Promise<void> {
    for (const { isReleased, composition, egress } of this.#runs.values()) {
      const { live, isElsewhere } = composition.source;
      if (isReleased || !live || !isElsewhere) continue;
      const command = { command: 'continue-egress', egressId: egress.id } as const;
      await this.#deps.store.sendTo(egress.sessionNodeId, command).catch((error) => {
        this.#deps.log.warn({ err: error, egressId: egress.id }, 'continuation on another node not requested');
      });
    }
  }
}
