// How well media gets through to each participant: sampled while sessions last, and looked up afterwards.
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import type { QualitySample, StreamReading } from '../protocol/quality.ts';
import type { ParticipantSample, Present, QualityStore, ReadStreams } from './ports.ts';
import { type Interval, intervalOf, lossesAtSource, sampleOf } from './sample.ts';

export interface QualityDeps {
  store: QualityStore;
  /** Everybody who is in a session on this node. */
  present: () => Iterable<Present>;
  readStreams: ReadStreams;
  /** Called when there are new samples to look up. */
  onSampled: () => void;
  log: Logger;
  /** Shorter in tests. */
  intervalMs?: number;
}

/** Often enough to see a bad moment, seldom enough to cost nothing: some 360 rows for a participant and hour. */
const INTERVAL_MS = 10_000;

export class Quality implements Service {
  readonly #deps: QualityDeps;
  /** What is known of each stream: a first reading, then what happened since the one before. */
  #known = new Map<string, Interval | StreamReading>();
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> | undefined;
  /** One line tells of a database that is away, not one every few seconds. */
  #isTold = false;
  readonly #lifecycle = new Lifecycle(
    async () => {
      this.#timer = setInterval(() => this.#sampleOnce(), this.#deps.intervalMs ?? INTERVAL_MS);
    },
    async () => {
      clearInterval(this.#timer);
      await this.#pass;
    },
  );

  constructor(deps: QualityDeps) {
    this.#deps = deps;
  }

  /** Begins to sample. */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** A session as a whole: means and sums over its participants for each moment, oldest first. */
  ofSession(sessionId: string): Promise<QualitySample[]> {
    return this.#deps.store.ofSession(sessionId);
  }

  /** One participant of a session, by its object id; oldest first. */
  ofParticipant(id: string): Promise<QualitySample[]> {
    return this.#deps.store.ofParticipant(id);
  }

  /** A pass that takes longer than the interval is not overtaken by the next one. */
  #sampleOnce(): void {
    this.#pass ??= this.#sample().finally(() => {
      this.#pass = undefined;
    });
  }

  async #sample(): Promise<void> {
    const { store, onSampled, log } = this.#deps;
    try {
      const samples = await this.#samples();
      if (samples.length === 0) return;
      await store.insert(samples);
      this.#isTold = false;
      onSampled();
    } catch (error) {
      // What was measured meanwhile is of no use later on.
      if (!this.#isTold) log.warn({ err: error }, 'quality samples could not be kept');
      this.#isTold = true;
    }
  }

  async #samples(): Promise<ParticipantSample[]> {
    const present = [...this.#deps.present()];
    if (present.length === 0) {
      this.#known.clear();
      return [];
    }
    const intervals = this.#advance(await this.#deps.readStreams());
    const at = new Date();
    const atSource = lossesAtSource([...intervals.values()].flat());
    return present.flatMap(({ row, media }) => {
      const sample = sampleOf(intervals.get(media) ?? [], atSource, at);
      return sample ? [{ row, ...sample }] : [];
    });
  }

  /** What happened since the last pass, by whom; streams that are gone are forgotten. */
  #advance(readings: ReadonlyMap<object, readonly StreamReading[]>): Map<object, Interval[]> {
    const known = new Map<string, Interval | StreamReading>();
    const intervals = new Map<object, Interval[]>();
    for (const [media, streams] of readings) {
      const theirs = streams.flatMap((reading) => {
        const interval = intervalOf(reading, this.#known.get(reading.key));
        known.set(reading.key, interval ?? reading);
        return interval ?? [];
      });
      intervals.set(media, theirs);
    }
    this.#known = known;
    return intervals;
  }
}
