// What is composed on this node now: which compositions run, what waits for a slot, and the moves of each egress from
// launch to finished file. One session with equal settings is composed once, whatever is made of it.
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { egressNotStarted } from '../errors.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import type { Egress, EgressStatus } from '../protocol/egress.ts';
import { newObjectId } from '../protocol/ids.ts';
import { costOf, Slots } from './admission.ts';
import { Children } from './children.ts';
import { Composition, type Failure, type NotStarted, type OutputEnd, type OutputSpec } from './composition.ts';
import type { Finisher } from './finisher.ts';
import { Moves } from './moves.ts';
import { outputsOf } from './outputs.ts';
import type { EgressStore, MoveFacts, OpenTap, SessionSource, Tell } from './ports.ts';
import { Run } from './run.ts';
import { Template, type TemplateDeps } from './template.ts';

export interface StudioDeps {
  nodeId: string;
  store: EgressStore;
  finisher: Finisher;
  /** A session that lives here. */
  source: (sessionId: string) => SessionSource | undefined;
  openTap: OpenTap;
  templates: TemplateDeps;
  tell: Tell;
  /** The compositor's program. */
  program: string;
  /** What the operator has opened although it is private. */
  outboundAllow: readonly string[];
  folder: string;
  /** 0 where nothing is composed at all. */
  slots: number;
  log: Logger;
}

interface Running {
  composition: Composition;
  cost: number;
  sessionId: string;
}

/** Files are finished in seconds; what takes longer is finished by the next start. */
const DRAIN_TIMEOUT_MS = 25_000;
const SWEEP_MS = 10 * 60_000;
/** A node that is repaired within a day finishes what it has by itself. */
const GIVE_UP_AFTER_MS = 24 * 3600_000;

export class Studio implements Service {
  readonly #deps: StudioDeps;
  readonly #slots: Slots;
  readonly #children: Children;
  readonly #moves: Moves;
  /** By session and settings. */
  readonly #compositions = new Map<string, Running>();
  readonly #runs = new Map<string, Run>();
  /** On their way to a composition, and those of them that were stopped meanwhile. */
  readonly #launching = new Set<string>();
  readonly #calledOff = new Set<string>();
  /** First come, first served. */
  #waiting: Egress[] = [];
  #salvaging: Promise<void> = Promise.resolve();
  #sweep: NodeJS.Timeout | undefined;
  readonly #lifecycle = new Lifecycle(
    () => this.#recover(),
    () => this.#drain(),
  );

  constructor(deps: StudioDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.slots);
    this.#children = new Children(deps.folder, deps.log);
    this.#moves = new Moves(deps);
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
    this.#launching.add(egress.id);
    try {
      await this.#tryLaunch(egress);
    } finally {
      this.#launching.delete(egress.id);
      this.#calledOff.delete(egress.id);
    }
  }

  async #tryLaunch(egress: Egress): Promise<void> {
    const lack = this.#lackFor(egress);
    if (lack !== undefined) {
      await this.#moves.move(egress, 'failed', { reason: lack });
      throw egressNotStarted(egress.kind, lack);
    }
    const composition = this.#compositionFor(egress);
    if (composition === 'no-session') {
      const reason = 'The session is over, or lives on another node.';
      await this.#moves.move(egress, 'failed', { reason });
      throw egressNotStarted(egress.kind, reason);
    }
    if (composition === 'no-slot') {
      this.#waiting.push(egress);
      this.#deps.log.info({ egressId: egress.id, position: this.#waiting.length }, 'egress waits for a slot');
      return;
    }
    const started = await this.#moves.move(egress, 'starting', { compositionId: composition.id });
    if (!started) {
      if (composition.idle) composition.finish();
      return;
    }
    if (!composition.open) return this.#relaunch(started);
    await this.#attach(started, composition);
  }

  /** What this node would need to run it, and does not have. */
  #lackFor({ config }: Egress): string | undefined {
    const { slots, templates } = this.#deps;
    if (slots === 0) return 'This server does not record or stream: its roles lack egress.';
    if (config.templateUrl === null || templates.browser !== undefined) return undefined;
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
    const waiting = this.#waiting.find(({ id }) => id === egressId);
    this.#waiting = this.#waiting.filter(({ id }) => id !== egressId);
    if (waiting) await this.#moves.move(waiting, 'aborted', { reason: 'It was stopped before its turn came.' });
  }

  /** The store has moved everything of the session already, in the transaction that ended it. */
  sessionEnded(sessionId: string): void {
    this.#waiting = this.#waiting.filter((egress) => egress.sessionId !== sessionId);
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

  /** What runs of a session, as it stands. */
  runningIn(sessionId: string): Egress[] {
    return [...this.#runs.values()].map(({ egress }) => egress).filter((egress) => egress.sessionId === sessionId);
  }

  /** Place in the queue of what waits for a slot here, from 1. */
  positionOf(egressId: string): number | undefined {
    const index = this.#waiting.findIndex(({ id }) => id === egressId);
    return index === -1 ? undefined : index + 1;
  }

  get counts() {
    const compositions = [...this.#compositions.values()].map(({ composition }) => composition);
    const sum = (of: (composition: Composition) => number) => compositions.reduce((total, it) => total + of(it), 0);
    return {
      running: this.#runs.size,
      waiting: this.#waiting.length,
      compositions: compositions.length,
      cpu: sum(({ stats }) => stats.cpu),
      memoryBytes: sum(({ stats }) => stats.rssBytes),
      droppedTicks: sum(({ stats }) => stats.droppedTicks),
    };
  }

  *#of(sessionId: string): Generator<Running> {
    for (const running of this.#compositions.values()) if (running.sessionId === sessionId) yield running;
  }

  #compositionFor(egress: Egress): Composition | 'no-session' | 'no-slot' {
    const key = keyOf(egress);
    const known = this.#compositions.get(key)?.composition;
    if (known?.open) return known;
    const source = this.#deps.source(egress.sessionId);
    if (!source || this.#lifecycle.stopped) return 'no-session';
    const cost = costOf(egress.config);
    if (!this.#slots.take(cost)) return 'no-slot';
    return this.#newComposition(key, egress, source, cost);
  }

  #newComposition(key: string, egress: Egress, source: SessionSource, cost: number): Composition {
    const { openTap, program, outboundAllow, log } = this.#deps;
    const { config, sessionId } = egress;
    const id = newObjectId();
    const composition: Composition = new Composition({
      id,
      config,
      source,
      openTap,
      template: this.#templateOf(egress, source),
      program,
      outboundAllow,
      log: log.child({ compositionId: id, sessionId }),
      onChild: (pid) => void this.#children.note(id, pid),
      onClosed: () => {
        this.#slots.giveBack(cost);
        if (this.#compositions.get(key)?.composition === composition) this.#compositions.delete(key);
        this.#nextInLine();
      },
    });
    this.#compositions.set(key, { composition, cost, sessionId });
    return composition;
  }

  #templateOf({ config, roomId, ownerId }: Egress, source: SessionSource): Template | undefined {
    const { templates } = this.#deps;
    const { templateUrl } = config;
    if (templateUrl === null || templates.browser === undefined) return undefined;
    return new Template({ ...templates, browser: templates.browser }, { templateUrl, roomId, ownerId }, source);
  }

  /** In order: a large one that has no room yet lets nobody pass, or it would wait for ever. */
  #nextInLine(): void {
    for (let next = this.#waiting[0]; next && this.#hasRoomFor(next); next = this.#waiting[0]) {
      const { id } = next;
      this.#waiting.shift();
      this.launch(next).catch((error) => this.#deps.log.warn({ err: error, egressId: id }, 'egress not started'));
    }
  }

  #hasRoomFor(egress: Egress): boolean {
    return this.#compositions.get(keyOf(egress))?.composition.open === true || this.#slots.fits(costOf(egress.config));
  }

  /** The composition closed while the move was written: another one takes its place. */
  async #relaunch(egress: Egress): Promise<void> {
    const composition = this.#compositionFor(egress);
    if (composition instanceof Composition) return this.#attach(egress, composition);
    await this.#moves.move(egress, 'failed', { reason: 'The compositor ended while it was being started.' });
  }

  async #attach(egress: Egress, composition: Composition): Promise<void> {
    const log = this.#deps.log.child({ egressId: egress.id, kind: egress.kind, sessionId: egress.sessionId });
    const run = new Run(egress, composition, log);
    this.#runs.set(egress.id, run);
    // Its session may have ended, or somebody have stopped it, while the start was being written.
    run.released = this.#calledOff.delete(egress.id) || !this.#deps.source(egress.sessionId);
    for (const spec of await this.#prepared(egress, run)) {
      run.expect(spec.id);
      composition.add(spec, {
        started: () => this.#flows(run),
        playable: () => this.#plays(run),
        interrupted: (gap) => {
          log.warn({ gap }, 'egress.interrupted');
          void this.#deps.store.addGap(egress.id, gap).catch((error) => log.warn({ err: error }, 'gap not recorded'));
        },
        ended: (end) => this.#outputEnded(run, spec.id, end),
      });
    }
    if (run.released) await this.end(egress.id);
    try {
      await composition.ready;
    } catch (error) {
      throw egressNotStarted(egress.kind, (error as Error).message, (error as NotStarted).blame);
    }
  }

  /** The outputs, with the folders that they write into. */
  async #prepared(egress: Egress, run: Run): Promise<OutputSpec[]> {
    const outputs = outputsOf(egress, this.#deps.folder);
    try {
      for (const { folder } of outputs.filter((spec) => 'folder' in spec)) await mkdir(folder, { recursive: true });
    } catch (error) {
      const reason = `there is no folder to write to: ${(error as Error).message}`;
      this.#runs.delete(egress.id);
      if (run.composition.idle) run.composition.finish();
      await this.#moves.move(egress, 'failed', { reason });
      throw egressNotStarted(egress.kind, reason);
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
      await this.#finish(run.egress, run.parts, run.file, run.failure);
      this.#runs.delete(run.egress.id);
      run.settle();
    });
  }

  /** Makes what was written complete, and tells how it ended. */
  async #finish(
    egress: Egress,
    parts: readonly string[],
    file: OutputEnd['file'],
    failure: Failure | undefined,
  ): Promise<void> {
    const { finisher, log } = this.#deps;
    const finished = await finisher
      .finish(egress, parts, file)
      .catch((error: Error) => ({ failure: error.message, file: undefined, uploads: undefined }));
    const reason = failure?.reason ?? finished.failure;
    const facts: Partial<MoveFacts> = {
      ...(finished.file && { file: finished.file }),
      ...(finished.uploads && { uploads: finished.uploads }),
    };
    // What ended by itself was never asked to stop.
    if (reason === undefined) await this.#moves.move(egress, 'stopping', {});
    const done =
      reason === undefined
        ? await this.#moves.move(egress, 'completed', facts)
        : await this.#moves.move(egress, 'failed', { ...facts, reason });
    await finisher.settled(egress, done !== undefined && finished.failure === undefined);
    const level = reason === undefined ? 'info' : 'warn';
    log[level]({ egressId: egress.id, kind: egress.kind, reason, file: done?.file?.key }, 'egress.ended');
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
    if (moved) run.egress = moved;
  }

  async #recover(): Promise<void> {
    this.#sweep = setInterval(() => void this.#giveUpLost(), SWEEP_MS);
    const left = await this.#deps.store.unfinishedOn(this.#deps.nodeId);
    const mine = left.filter(({ id }) => !this.#runs.has(id) && !this.#waiting.some((it) => it.id === id));
    if (mine.length === 0) return;
    this.#deps.log.warn({ egresses: mine.length }, 'finishing what this node left unfinished when it went down');
    this.#salvaging = this.#salvageAll(mine);
  }

  async #salvageAll(egresses: readonly Egress[]): Promise<void> {
    await this.#children.endOrphans();
    for (const egress of egresses) {
      if (this.#lifecycle.stopped) return;
      try {
        await this.#salvage(egress);
      } catch (error) {
        this.#deps.log.error({ err: error, egressId: egress.id }, 'egress could not be finished');
      }
    }
  }

  async #salvage(egress: Egress): Promise<void> {
    if (egress.status === 'queued') {
      await this.#moves.move(egress, 'aborted', { reason: 'The server went down before its turn came.' });
      return;
    }
    const parts = await this.#deps.finisher.partsOf(egress);
    const lost = egress.kind === 'livestream' && !egress.startedAt;
    const failure: Failure | undefined = lost
      ? { reason: 'The server went down before it began.', blame: 'us' }
      : undefined;
    await this.#finish(egress, parts, undefined, failure);
  }

  /** What is on the disk of a node that does not come back is lost, and that is told in the end. */
  async #giveUpLost(): Promise<void> {
    try {
      const lost = await this.#deps.store.unfinishedOnLost(new Date(Date.now() - GIVE_UP_AFTER_MS));
      for (const egress of lost)
        await this.#moves.move(egress, 'failed', { reason: 'The server that it ran on is gone.' });
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'egresses of lost nodes could not be looked for');
    }
  }

  async #drain(): Promise<void> {
    clearInterval(this.#sweep);
    this.#waiting = [];
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
