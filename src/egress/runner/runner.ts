// What is composed on this node now: which compositions run, what waits for a slot, and the moves of each egress from
// launch to finished file. One session with equal settings is composed once, whatever is made of it.

import { mkdir } from 'node:fs/promises';
import { AppError, egressCalledOff, egressNotStarted } from '../../errors.ts';
import { inBackground } from '../../kit/in-background.ts';
import { Lifecycle, type Service } from '../../kit/lifecycle.ts';
import { PRIVATE } from '../../kit/private-folder.ts';
import { withoutPaths } from '../../kit/reason.ts';
import { within } from '../../kit/timeout.ts';
import { DEFAULT_LIMITS, type Limits } from '../../limits.ts';
import type { Logger } from '../../log.ts';
import type { Egress, EgressStatus } from '../../protocol/egress.ts';
import { newObjectId } from '../../protocol/ids.ts';
import { Completion } from '../completion.ts';
import type { Moves } from '../moves.ts';
import type { EgressStore, MoveFacts, SessionSource, Sessions } from '../ports.ts';
import { DiskSpace } from '../storage/disk-space.ts';
import type { Finisher } from '../storage/finisher.ts';
import { costOf, Slots } from './admission.ts';
import { Composition, type NotStarted } from './composition.ts';
import type { OutputEnd, OutputSpec } from './composition-output.ts';
import { CompositorProcess } from './compositor-process.ts';
import { CompositorProcesses } from './compositor-processes.ts';
import { EgressRun } from './egress-run.ts';
import { LaunchQueue } from './launch-queue.ts';
import { outputsOf } from './outputs.ts';
import { Recovery } from './recovery.ts';
import { Template, type TemplateDeps } from './template.ts';

export interface EgressRunnerDeps {
  nodeId: string;
  store: EgressStore;
  finisher: Finisher;
  sessions: Sessions;
  templates: TemplateDeps;
  moves: Moves;
  /** The compositor's program. */
  program: string;
  /** What the operator has opened although it is private. */
  outboundAllow: readonly string[];
  folder: string;
  /** 0 where nothing is composed at all. */
  slots: number;
  limits?: Pick<Limits, 'freeDiskBytes'>;
  log: Logger;
}

interface Running {
  composition: Composition;
  cost: number;
  sessionId: string;
  ownerId: string;
}

/** Files are finished in seconds; what takes longer is finished by the next start. */
const DRAIN_TIMEOUT_MS = 25_000;
const SWEEP_MS = 10 * 60_000;
/** What waits is offered to other nodes this often. */
const OFFER_MS = 5_000;
/** What is unknown here this long although it is for this node has been forgotten. */
const FORGOTTEN_MS = 15_000;

export class EgressRunner implements Service {
  readonly #deps: EgressRunnerDeps;
  readonly #slots: Slots;
  readonly #processes: CompositorProcesses;
  readonly #moves: Moves;
  /** By session and settings. */
  readonly #compositions = new Map<string, Running>();
  readonly #runs = new Map<string, EgressRun>();
  /** On their way to a composition, with their sessions; and those of them that were stopped meanwhile. */
  readonly #launching = new Map<string, string>();
  readonly #calledOff = new Set<string>();
  readonly #waiting: LaunchQueue;
  readonly #completion: Completion;
  readonly #recovery: Recovery;
  readonly #disk: DiskSpace;
  #recovering: Promise<void> = Promise.resolve();
  /** For this node, but unknown here when it was last looked for. */
  #unknown: ReadonlySet<string> = new Set();
  #isTakingUp = false;
  #timers: NodeJS.Timeout[] = [];
  readonly #lifecycle = new Lifecycle(
    () => this.#recover(),
    () => this.#drain(),
  );

  constructor(deps: EgressRunnerDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.slots);
    this.#processes = new CompositorProcesses(deps.folder, deps.log);
    this.#moves = deps.moves;
    this.#waiting = new LaunchQueue(deps);
    this.#completion = new Completion(deps);
    const { freeDiskBytes } = deps.limits ?? DEFAULT_LIMITS;
    this.#disk = new DiskSpace({ folder: deps.folder, floorBytes: freeDiskBytes, log: deps.log });
    this.#recovery = new Recovery({
      ...deps,
      processes: this.#processes,
      completion: this.#completion,
      launch: (egress) => this.launch(egress),
    });
  }

  /** Takes up what an earlier life of this node left unfinished. */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Finishes everything that runs. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /**
   * Begins an egress, or lets it wait for a slot. Rejects when it could not be begun; it has failed then, and that has
   * been reported.
   */
  async launch(egress: Egress): Promise<void> {
    if (this.#has(egress.id)) return;
    this.#launching.set(egress.id, egress.sessionId);
    try {
      await this.#tryLaunch(egress);
    } catch (error) {
      if (error instanceof AppError || this.#lifecycle.stopped) throw error;
      throw await this.#failed(egress, (error as Error).message);
    } finally {
      this.#launching.delete(egress.id);
      this.#calledOff.delete(egress.id);
      this.#letGo(egress.sessionId);
      if (this.#waiting.has(egress.id)) this.#nextInLine();
    }
  }

  async #tryLaunch(egress: Egress): Promise<void> {
    const lack = await this.#missingRequirement(egress);
    if (lack !== undefined) throw await this.#failed(egress, lack);
    const source = await this.#deps.sessions.open(egress.sessionId, egress.sessionNodeId);
    // What was not begun when this node went down is begun by its next start.
    if (this.#lifecycle.stopped) return;
    if (!source?.live) throw await this.#failed(egress, 'The session is over.');
    const composition = this.#compositionFor(egress, source);
    if (composition === 'no-slot') return this.#waiting.join(egress);
    try {
      const facts = { compositionId: composition.id, nodeId: this.#deps.nodeId };
      const started = await this.#moves.move(egress, 'starting', facts);
      if (!started) return;
      if (composition.open) await this.#attach(started, composition);
      else await this.#relaunch(started);
    } finally {
      // Whatever went wrong: one that nothing came of gives its slots back.
      if (composition.idle) composition.finish();
    }
  }

  /** Moves it to failed; returns the error for the caller. */
  async #failed(egress: Egress, reason: string): Promise<AppError> {
    await this.#moves.move(egress, 'failed', { reason });
    return egressNotStarted(egress.kind, withoutPaths(reason));
  }

  /** What this node would need to run it, and does not have. */
  async #missingRequirement({ config, kind }: Egress): Promise<string | undefined> {
    const { slots, templates } = this.#deps;
    if (slots === 0) return 'This server does not record or stream: its roles lack egress.';
    const isCaptured = config.templateUrl !== null;
    if (!isCaptured || templates.browser !== undefined) return kind === 'livestream' ? undefined : this.#disk.refusal();
    return 'This server has no browser to capture templateUrl with: its operator can install Chromium, or name one in ROOMFUL_BROWSER.';
  }

  /** Ends an egress of this node as asked; what it wrote is finished in the background. */
  async end(egressId: string): Promise<void> {
    const run = this.#runs.get(egressId);
    if (run) {
      await run.queue.run(() => this.#advance(run, 'stopping', {}));
      this.#release(run);
      return;
    }
    if (this.#launching.has(egressId)) {
      this.#calledOff.add(egressId);
      return;
    }
    const waiting = this.#waiting.leave(egressId);
    if (!waiting) return;
    this.#letGo(waiting.sessionId);
    await this.#moves.move(waiting, 'aborted', { reason: 'It was stopped before its turn came.' });
  }

  /** The store has moved everything of the session already, in the transaction that ended it. */
  sessionEnded(sessionId: string): void {
    this.#waiting.leaveAllOf(sessionId);
    for (const run of this.#runs.values()) {
      if (run.egress.sessionId === sessionId) this.#release(run);
    }
  }

  sessionChanged(sessionId: string): void {
    for (const { composition } of this.#of(sessionId)) composition.refresh();
  }

  spoke(sessionId: string, participantId: string | null): void {
    for (const { composition } of this.#of(sessionId)) composition.speaker(participantId);
  }

  /** Resolves when nothing of an egress runs here any more. */
  async settled(egressId: string): Promise<void> {
    await this.#runs.get(egressId)?.settled;
  }

  /** What runs here of a session, as it stands. */
  runningIn(sessionId: string): Egress[] {
    return [...this.#runs.values()].map(({ egress }) => egress).filter((egress) => egress.sessionId === sessionId);
  }

  /** For compositions that nothing takes now. */
  get freeSlots(): number {
    return this.#slots.free;
  }

  get counts() {
    const compositions = [...this.#compositions.values()].map(({ composition }) => composition);
    const sum = (of: (composition: Composition) => number) => compositions.reduce((total, it) => total + of(it), 0);
    return {
      slots: this.#deps.slots,
      slotsTaken: this.#deps.slots - this.#slots.free,
      running: this.#runs.size,
      waiting: this.#waiting.length,
      compositions: compositions.length,
      cpu: sum(({ stats }) => stats.cpu),
      memoryBytes: sum(({ stats }) => stats.rssBytes),
      droppedTicks: sum(({ stats }) => stats.droppedTicks),
      driftSeconds: Math.max(0, ...compositions.map(({ stats }) => Math.abs(stats.driftMs))) / 1000,
    };
  }

  *#of(sessionId: string): Generator<Running> {
    for (const running of this.#compositions.values()) if (running.sessionId === sessionId) yield running;
  }

  #compositionFor(egress: Egress, source: SessionSource): Composition | 'no-slot' {
    const key = keyOf(egress);
    const known = this.#compositions.get(key)?.composition;
    if (known?.open) return known;
    const cost = costOf(egress.config);
    if (!this.#slots.take(cost)) return 'no-slot';
    try {
      return this.#newComposition(key, egress, source, cost);
    } catch (error) {
      this.#slots.giveBack(cost);
      throw error;
    }
  }

  #newComposition(key: string, egress: Egress, source: SessionSource, cost: number): Composition {
    const { program, outboundAllow, log } = this.#deps;
    const { config, sessionId, ownerId } = egress;
    const id = newObjectId();
    const composition: Composition = new Composition({
      id,
      config,
      source,
      template: this.#templateOf(egress, source),
      launch: (start, options) => CompositorProcess.launch({ program, ...options }, start),
      outboundAllow,
      log: log.child({ compositionId: id, sessionId }),
      onProcess: (pid) => inBackground(log, 'note of a compositor', () => this.#processes.note(id, pid)),
      onClosed: () => {
        this.#slots.giveBack(cost);
        if (this.#compositions.get(key)?.composition === composition) this.#compositions.delete(key);
        this.#letGo(sessionId);
        this.#nextInLine();
      },
    });
    this.#compositions.set(key, { composition, cost, sessionId, ownerId });
    return composition;
  }

  #templateOf({ config, roomId, ownerId }: Egress, source: SessionSource): Template | undefined {
    const { templates } = this.#deps;
    const { templateUrl } = config;
    if (templateUrl === null || templates.browser === undefined) return undefined;
    return new Template({ ...templates, browser: templates.browser }, { templateUrl, roomId, ownerId }, source);
  }

  /** Releases a session that nothing here is made of: its node need not send it any more. */
  #letGo(sessionId: string): void {
    const isComposed = [...this.#compositions.values()].some((running) => running.sessionId === sessionId);
    const isAwaited = this.#waiting.hasSession(sessionId) || [...this.#launching.values()].includes(sessionId);
    if (!isComposed && !isAwaited) this.#deps.sessions.release(sessionId);
  }

  /** In turn: a large one that has no room yet blocks the queue, or it would wait for ever. */
  #nextInLine(): void {
    for (let next = this.#nextWaiting; next && this.#hasRoomFor(next); next = this.#nextWaiting) {
      const { id } = next;
      // It is being offered to other nodes, and its own launch looks again when that is over.
      if (this.#launching.has(id)) return;
      this.#waiting.leave(id);
      this.launch(next).catch((error) => this.#deps.log.warn({ err: error, egressId: id }, 'egress not started'));
    }
  }

  get #nextWaiting(): Egress | undefined {
    const slotsOf = new Map<string, number>();
    for (const { ownerId, cost } of this.#compositions.values()) {
      slotsOf.set(ownerId, (slotsOf.get(ownerId) ?? 0) + cost);
    }
    return this.#waiting.next(slotsOf);
  }

  #hasRoomFor(egress: Egress): boolean {
    return this.#compositions.get(keyOf(egress))?.composition.open === true || this.#slots.fits(costOf(egress.config));
  }

  /** The composition closed while the move was written: another one takes its place. */
  async #relaunch(egress: Egress): Promise<void> {
    const source = await this.#deps.sessions.open(egress.sessionId, egress.sessionNodeId);
    const composition = source && this.#compositionFor(egress, source);
    if (composition instanceof Composition) return this.#attach(egress, composition);
    throw await this.#failed(egress, 'The compositor ended while it was being started.');
  }

  async #attach(egress: Egress, composition: Composition): Promise<void> {
    const log = this.#deps.log.child({ egressId: egress.id, kind: egress.kind, sessionId: egress.sessionId });
    const run = new EgressRun(egress, composition, log);
    this.#runs.set(egress.id, run);
    // Its session may have ended, or it may have been stopped, while the start was being written.
    run.released = this.#calledOff.delete(egress.id) || !composition.source.live;
    for (const spec of await this.#prepared(egress)) {
      run.expect(spec.id);
      composition.add(spec, {
        started: () => this.#flows(run),
        playable: () => this.#plays(run),
        interrupted: (gap) => {
          log.warn({ gap }, 'egress interrupted');
          inBackground(log, 'record of a gap', () => this.#moves.addGap(egress, gap));
        },
        ended: (end) => this.#outputEnded(run, spec.id, end),
      });
    }
    if (run.released) await this.end(egress.id);
    try {
      await composition.ready;
    } catch (error) {
      if (run.released) throw egressCalledOff(egress.kind, 'it was stopped before it had begun.');
      throw egressNotStarted(egress.kind, withoutPaths((error as Error).message), (error as NotStarted).blame);
    }
  }

  /** The outputs, with the folders that they write into. */
  async #prepared(egress: Egress): Promise<OutputSpec[]> {
    const outputs = outputsOf(egress, this.#deps.folder);
    try {
      const folders = outputs.flatMap((spec) => ('folder' in spec ? [spec.folder] : []));
      for (const folder of folders) await mkdir(folder, { recursive: true, mode: PRIVATE });
    } catch (error) {
      const reason = `there is no folder to write to: ${(error as Error).message}`;
      this.#runs.delete(egress.id);
      throw await this.#failed(egress, reason);
    }
    return outputs;
  }

  #flows(run: EgressRun): void {
    this.#inTurn(run, () => this.#advance(run, 'active', {}));
  }

  #plays(run: EgressRun): void {
    this.#inTurn(run, async () => {
      // A player must not see it before it counts as started.
      await this.#advance(run, 'active', {});
      const egress = await this.#moves.playable(run.egress);
      if (egress) run.egress = egress;
    });
  }

  #outputEnded(run: EgressRun, outputId: string, end: OutputEnd): void {
    if (end.failure) run.log.warn({ outputId, ...end.failure }, 'egress output failed');
    if (!run.ended(outputId, end)) return;
    this.#inTurn(run, async () => {
      try {
        await this.#completion.complete(run.egress, run);
      } finally {
        // What could not be written now is taken up again.
        this.#runs.delete(run.egress.id);
        run.settle();
      }
    });
  }

  /** What runs here of sessions on other nodes, and was not asked to end. */
  #runningForOthers(): Egress[] {
    const runs = [...this.#runs.values()].filter(({ released, composition }) => !released && composition.source.live);
    return runs.filter(({ composition }) => composition.source.isElsewhere).map(({ egress }) => egress);
  }

  #release(run: EgressRun): void {
    run.released = true;
    for (const id of run.open) run.composition.remove(id);
  }

  #inTurn(run: EgressRun, work: () => Promise<unknown>): void {
    run.queue.run(work).catch((error) => run.log.error({ err: error }, 'egress could not be moved'));
  }

  async #advance(run: EgressRun, to: EgressStatus, facts: Partial<MoveFacts>): Promise<void> {
    const moved = await this.#moves.move(run.egress, to, facts);
    if (!moved) return;
    run.egress = moved;
    if (to === 'active') run.log.info({ compositionId: moved.compositionId }, 'egress started');
  }

  async #recover(): Promise<void> {
    const every = (ms: number, what: string, work: () => Promise<void>) =>
      setInterval(() => inBackground(this.#deps.log, what, work), ms);
    this.#timers = [
      every(SWEEP_MS, 'look for lost egresses', () => this.#recovery.giveUpLost()),
      every(OFFER_MS, 'offer of waiting egresses', () => this.#waiting.offerAll()),
      every(FORGOTTEN_MS, 'look for forgotten egresses', () => this.#takeUpForgotten()),
    ];
    const left = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
    this.#recovering = this.#recovery
      .finishAll(left.filter(({ id }) => !this.#has(id)))
      .catch((error) => this.#deps.log.error({ err: error }, 'what was left unfinished could not be finished'));
  }

  /**
   * Begins or finishes what this node has to and knows nothing of: the database was away when the reply or the job
   * for it should have come, or when its end should have been written.
   */
  async #takeUpForgotten(): Promise<void> {
    if (this.#isTakingUp || this.#lifecycle.stopped) return;
    this.#isTakingUp = true;
    try {
      await this.#recovering;
      const left = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
      const unknown = left.filter(({ id }) => !this.#has(id));
      const forgotten = unknown.filter(({ id }) => this.#unknown.has(id));
      this.#unknown = new Set(unknown.map(({ id }) => id));
      for (const egress of forgotten) await this.#recovery.takeUp(egress);
    } finally {
      this.#isTakingUp = false;
    }
  }

  #has(id: string): boolean {
    return this.#runs.has(id) || this.#launching.has(id) || this.#waiting.has(id);
  }

  async #drain(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#recovery.stop();
    this.#completion.giveUp();
    for (const { id, sessionNodeId } of this.#runningForOthers()) {
      await this.#deps.store.sendTo(sessionNodeId, { command: 'continue-egress', egressId: id }).catch((error) => {
        this.#deps.log.warn({ err: error, egressId: id }, 'continuation on another node not requested');
      });
    }
    for (const { composition } of this.#compositions.values()) composition.finish();
    const settled = Promise.all([...[...this.#runs.values()].map(({ settled }) => settled), this.#recovering]);
    if ((await within(settled, DRAIN_TIMEOUT_MS)) === 'late') {
      this.#deps.log.warn({ egresses: this.#runs.size }, 'egresses are finished by the next start');
      for (const { composition } of this.#compositions.values()) composition.kill();
    }
    this.#moves.giveUp();
  }
}

/** Equal settings of one session are composed once. */
function keyOf({ sessionId, config }: Egress): string {
  return `${sessionId} ${JSON.stringify(config)}`;
}
