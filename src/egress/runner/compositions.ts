// The compositions of this node and the slots that they take. One session with equal settings is composed once, whatever
// is made of it.
import { inBackground } from '../../kit/in-background.ts';
import type { Logger } from '../../log.ts';
import type { Egress } from '../../protocol/egress.ts';
import { newObjectId } from '../../protocol/ids.ts';
import { costOf } from '../plan.ts';
import type { SessionSource } from '../ports.ts';
import { Composition } from './composition.ts';
import type { LaunchCompositor } from './composition-state.ts';
import type { CompositorProcesses } from './compositor-processes.ts';
import { Slots } from './slots.ts';
import { Template, type TemplateDeps } from './template.ts';

export interface CompositionsDeps {
  /** 0 where nothing is composed at all. */
  slots: number;
  templates: TemplateDeps;
  launchCompositor: LaunchCompositor;
  processes: CompositorProcesses;
  /** What the operator has opened although it is private. */
  outboundAllow: readonly string[];
  /** One has ended, and given its slots back. */
  onClosed(sessionId: string): void;
  log: Logger;
}

interface Entry {
  composition: Composition;
  cost: number;
  sessionId: string;
  ownerId: string;
}

export class Compositions {
  readonly #deps: CompositionsDeps;
  readonly #slots: Slots;
  /** By session and settings. */
  readonly #entries = new Map<string, Entry>();

  constructor(deps: CompositionsDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.slots);
  }

  /** The one with the settings of an egress, or a new one. Returns undefined when that has to wait for a slot. */
  take(egress: Egress, source: SessionSource): Composition | undefined {
    const key = keyOf(egress);
    const known = this.#entries.get(key)?.composition;
    if (known?.open) return known;
    const cost = costOf(egress.config);
    if (!this.#slots.take(cost)) return undefined;
    try {
      return this.#create(key, egress, source, cost);
    } catch (error) {
      this.#slots.giveBack(cost);
      throw error;
    }
  }

  hasRoomFor(egress: Egress): boolean {
    return this.#entries.get(keyOf(egress))?.composition.open === true || this.#slots.fits(costOf(egress.config));
  }

  hasSession(sessionId: string): boolean {
    return this.ofSession(sessionId).length > 0;
  }

  ofSession(sessionId: string): Composition[] {
    const entries = [...this.#entries.values()].filter((entry) => entry.sessionId === sessionId);
    return entries.map(({ composition }) => composition);
  }

  get all(): Composition[] {
    return [...this.#entries.values()].map(({ composition }) => composition);
  }

  /** Slots that each owner has taken. */
  get slotsByOwner(): Map<string, number> {
    const taken = new Map<string, number>();
    for (const { ownerId, cost } of this.#entries.values()) taken.set(ownerId, (taken.get(ownerId) ?? 0) + cost);
    return taken;
  }

  get freeSlots(): number {
    return this.#slots.free;
  }

  get counts() {
    const stats = this.all.map((composition) => composition.stats);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      slots: this.#slots.total,
      slotsTaken: this.#slots.total - this.#slots.free,
      compositions: stats.length,
      cpu: sum(stats.map(({ cpu }) => cpu)),
      memoryBytes: sum(stats.map(({ rssBytes }) => rssBytes)),
      droppedTicks: sum(stats.map(({ droppedTicks }) => droppedTicks)),
      driftSeconds: Math.max(0, ...stats.map(({ driftMs }) => Math.abs(driftMs))) / 1000,
    };
  }

  #create(key: string, egress: Egress, source: SessionSource, cost: number): Composition {
    const { launchCompositor, outboundAllow, processes, onClosed, log } = this.#deps;
    const { config, sessionId, ownerId } = egress;
    const id = newObjectId();
    const composition: Composition = new Composition({
      id,
      config,
      source,
      template: this.#templateOf(egress, source),
      launch: launchCompositor,
      outboundAllow,
      log: log.child({ compositionId: id, sessionId }),
      onProcess: (pid) => inBackground(log, 'note of a compositor', () => processes.note(id, pid)),
      onClosed: () => {
        this.#slots.giveBack(cost);
        if (this.#entries.get(key)?.composition === composition) this.#entries.delete(key);
        onClosed(sessionId);
      },
    });
    this.#entries.set(key, { composition, cost, sessionId, ownerId });
    return composition;
  }

  #templateOf({ config, roomId, ownerId }: Egress, source: SessionSource): Template | undefined {
    const { templates } = this.#deps;
    const { templateUrl } = config;
    if (templateUrl === null || templates.browser === undefined) return undefined;
    return new Template({ ...templates, browser: templates.browser }, { templateUrl, roomId, ownerId }, source);
  }
}

function keyOf({ sessionId, config }: Egress): string {
  return `${sessionId} ${JSON.stringify(config)}`;
}
