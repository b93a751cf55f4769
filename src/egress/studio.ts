// What is composed on this node now: which compositions run, what waits for a slot, and the moves of each egress from
// launch to finished file. One session with equal settings is composed once, whatever is made of it.
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, egressCalledOff, egressNotStarted } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { PRIVATE } from '../kit/private-folder.ts';
import { withoutPaths } from '../kit/reason.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { Egress, EgressStatus } from '../protocol/egress.ts';
import { newObjectId } from '../protocol/ids.ts';
import { costOf, Slots } from './admission.ts';
import { Children } from './children.ts';
import { Completion } from './completion.ts';
import { Composition, type NotStarted, type OutputEnd, type OutputSpec } from './composition.ts';
import { DiskSpace } from './disk-space.ts';
import type { Finisher } from './finisher.ts';
import type { Moves } from './moves.ts';
import { outputsOf } from './outputs.ts';
import type { EgressStore, MoveFacts, SessionSource, Sessions } from './ports.ts';
import { Run } from './run.ts';
import { Salvage } from './salvage.ts';
import { Template, type TemplateDeps } from './template.ts';
import { WaitingLine } from './waiting-line.ts';

export interface StudioDeps {
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

export class Studio implements Service {
  readonly #deps: StudioDeps;
  readonly #slots: Slots;
  readonly #children: Children;
  readonly #moves: Moves;
  /** By session and settings. */
  readonly #compositions = new Map<string, Running>();
  readonly #runs = new Map<string, Run>();
  /** On their way to a composition, with their sessions; and those of them that were stopped meanwhile. */
  readonly #launching = new Map<string, string>();
  readonly #calledOff = new Set<string>();
  readonly #waiting: WaitingLine;
  readonly #completion: Completion;
  readonly #salvage: Salvage;
  readonly #disk: DiskSpace;
  #salvaging: Promise<void> = Promise.resolve();
  /** For this node, but unknown here when it was last looked for. */
  #unknown: ReadonlySet<string> = new Set();
  #isTakingUp = false;
  #timers: NodeJS.Timeout[] = [];
  readonly #lifecycle = new Lifecycle(
    () => this.#recover(),
    () => this.#drain(),
  );

  constructor(deps: StudioDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.slots);
    this.#children = new Children(deps.folder, deps.log);
    this.#moves = deps.moves;
    this.#waiting = new WaitingLine(deps);
    this.#completion = new Completion(deps);
    const { freeDiskBytes } = deps.limits ?? DEFAULT_LIMITS;
    this.#disk = new DiskSpace({ folder: deps.folder, floorBytes: freeDiskBytes, log: deps.log });
    this.#salvage = new Salvage({
      ...deps,
      children: this.#children,
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
   * been told.
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
    const lack = await this.#lackFor(egress);
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

  /** Tells that it could not be begun; returns the error for the caller. */
  async #failed(egress: Egress, reason: string): Promise<AppError> {
    await this.#moves.move(egress, 'failed', { reason });
    return egressNotStarted(egress.kind, withoutPaths(reason));
  }

  /** What this node would need to run it, and does not have. */
  async #lackFor({ config, kind }: Egress): Promise<string | undefined> {
    const { slots, templates } = this.#deps;
    if (slots === 0) return 'This server does not record or stream: its roles lack egress.';
    const isFilmed = config.templateUrl !== null;
    if (!isFilmed || templates.browser !== undefined) return kind === 'livestream' ? undefined : this.#disk.refusal();
    return 'This server has no browser to film templateUrl with: its operator can install Chromium, or name one in ROOMFUL_BROWSER.';
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
      program,
      outboundAllow,
      log: log.child({ compositionId: id, sessionId }),
      onChild: (pid) => inBackground(log, 'note of a compositor', () => this.#children.note(id, pid)),
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

  /** Whoever has the session need not tell of it any more, when nothing here is made of it. */
  #letGo(sessionId: string): void {
    const isComposed = [...this.#compositions.values()].some((running) => running.sessionId === sessionId);
    const isAwaited = this.#waiting.hasSession(sessionId) || [...this.#launching.values()].includes(sessionId);
    if (!isComposed && !isAwaited) this.#deps.sessions.release(sessionId);
  }

  /** In turn: a large one that has no room yet lets nobody pass, or it would wait for ever. */
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
    const run = new Run(egress, composition, log);
    this.#runs.set(egress.id, run);
    // Its session may have ended, or somebody have stopped it, while the start was being written.
    run.released = this.#calledOff.delete(egress.id) || !composition.source.live;
    for (const spec of await this.#prepared(egress)) {
      run.expect(spec.id);
      composition.add(spec, {
        started: () => this.#flows(run),
        playable: () => this.#plays(run),
        interrupted: (gap) => {
          log.warn({ gap }, 'egress.interrupted');
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

  #flows(run: Run): void {
    this.#inTurn(run, () => this.#advance(run, 'active', {}));
  }

  #plays(run: Run): void {
    this.#inTurn(run, async () => {
      // Whoever can play it knows that it has started.
      await this.#advance(run, 'active', {});
      const egress = await this.#moves.playable(run.egress);
      if (egress) run.egress = egress;
    });
  }

  #outputEnded(run: Run, outputId: string, end: OutputEnd): void {
    if (end.failure) run.log.warn({ outputId, ...end.failure }, 'egress.output-failed');
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

  #release(run: Run): void {
    run.released = true;
    for (const id of run.open) run.composition.remove(id);
  }

  #inTurn(run: Run, work: () => Promise<unknown>): void {
    run.queue.run(work).catch((error) => run.log.error({ err: error }, 'egress could not be moved'));
  }

  async #advance(run: Run, to: EgressStatus, facts: Partial<MoveFacts>): Promise<void> {
    const moved = await this.#moves.move(run.egress, to, facts);
    if (!moved) return;
    run.egress = moved;
    if (to === 'active') run.log.info({ compositionId: moved.compositionId }, 'egress.started');
  }

  async #recover(): Promise<void> {
    const every = (ms: number, what: string, work: () => Promise<void>) =>
      setInterval(() => inBackground(this.#deps.log, what, work), ms);
    this.#timers = [
      every(SWEEP_MS, 'look for lost egresses', () => this.#salvage.giveUpLost()),
      every(OFFER_MS, 'offer of waiting egresses', () => this.#waiting.offerAll()),
      every(FORGOTTEN_MS, 'look for forgotten egresses', () => this.#takeUpForgotten()),
    ];
    const left = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
    this.#salvaging = this.#salvage
      .finishAll(left.filter(({ id }) => !this.#has(id)))
      .catch((error) => this.#deps.log.error({ err: error }, 'what was left unfinished could not be finished'));
  }

  /**
   * Begins or finishes what this node has to and knows nothing of: the database was away when the answer or the job that
   * told of it should have come, or when its end should have been written.
   */
  async #takeUpForgotten(): Promise<void> {
    if (this.#isTakingUp || this.#lifecycle.stopped) return;
    this.#isTakingUp = true;
    try {
      await this.#salvaging;
      const left = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
      const unknown = left.filter(({ id }) => !this.#has(id));
      const forgotten = unknown.filter(({ id }) => this.#unknown.has(id));
      this.#unknown = new Set(unknown.map(({ id }) => id));
      for (const egress of forgotten) await this.#salvage.takeUp(egress);
    } finally {
      this.#isTakingUp = false;
    }
  }

  #has(id: string): boolean {
    return this.#runs.has(id) || this.#launching.has(id) || this.#waiting.has(id);
  }

  async #drain(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#salvage.stop();
    this.#completion.giveUp();
    for (const { id, sessionNodeId } of this.#runningForOthers()) {
      await this.#deps.store.sendTo(sessionNodeId, { command: 'continue-egress', egressId: id }).catch((error) => {
        this.#deps.log.warn({ err: error, egressId: id }, 'nobody was asked to continue');
      });
    }
    for (const { composition } of this.#compositions.values()) composition.finish();
    const settled = Promise.all([...[...this.#runs.values()].map(({ settled }) => settled), this.#salvaging]);
    const patience = new AbortController();
    const late = sleep(DRAIN_TIMEOUT_MS, 'late', { signal: patience.signal }).catch(() => undefined);
    if ((await Promise.race([settled, late])) === 'late') {
      this.#deps.log.warn({ egresses: this.#runs.size }, 'egresses are finished by the next start');
      for (const { composition } of this.#compositions.values()) composition.kill();
    }
    this.#moves.giveUp();
    patience.abort();
  }
}

/** Equal settings of one session are composed once. */
function keyOf({ sessionId, config }: Egress): string {
  return `${sessionId} ${JSON.stringify(config)}`;
}
