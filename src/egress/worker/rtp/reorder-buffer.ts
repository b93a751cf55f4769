// Puts packets back into order. A gap is asked for again and waited for, for a bounded time; then it is told as lost.
import type { RtpPacket } from './packet.ts';
import { Unwrapper } from './unwrap.ts';

export interface OrderedPacket extends RtpPacket {
  /** Counts on over wrap-arounds. */
  index: number;
  arrivedAtMs: number;
}

export interface ReorderEvents {
  /** Called with each packet, in order, once. */
  onPacket(packet: OrderedPacket): void;
  /** Called before the first packet after a gap that was given up. */
  onGap(lost: number): void;
}

interface Missing {
  sinceMs: number;
  askedAtMs: number;
  asked: number;
}

/** Longer would make frames late for the canvas, whose delay this has to fit into together with the decoding. */
const PATIENCE_MS = 250;
/** Packets overtake one another on real networks; asking at once would ask for many that are on their way. */
const FIRST_NACK_MS = 10;
const NACK_INTERVAL_MS = 40;
const MAX_NACKS = 5;
/** A jump further than this is a new beginning of the stream, not loss. Also bounds the buffer. */
const MAX_JUMP = 1500;

export class ReorderBuffer {
  readonly #events: ReorderEvents;
  readonly #unwrapper = new Unwrapper(16);
  readonly #waiting = new Map<number, OrderedPacket>();
  readonly #missing = new Map<number, Missing>();
  #next: number | undefined;
  #highest = -1;
  received = 0;
  recovered = 0;
  lost = 0;

  constructor(events: ReorderEvents) {
    this.#events = events;
  }

  get highestIndex(): number {
    return this.#highest;
  }

  push(packet: RtpPacket, nowMs: number): void {
    const index = this.#unwrapper.unwrap(packet.sequence);
    this.#next ??= index;
    if (index < this.#next || this.#waiting.has(index)) return;
    this.received += 1;
    if (index - this.#next > MAX_JUMP) this.#beginAgainAt(index);
    if (this.#missing.delete(index)) this.recovered += 1;
    for (let gap = Math.max(this.#highest + 1, this.#next); gap < index; gap++) {
      this.#missing.set(gap, { sinceMs: nowMs, askedAtMs: -Infinity, asked: 0 });
    }
    this.#highest = Math.max(this.#highest, index);
    this.#waiting.set(index, { ...packet, index, arrivedAtMs: nowMs });
    this.drain(nowMs);
  }

  /** Hands on what is in order, and gives up on gaps that have lasted too long. */
  drain(nowMs: number): void {
    let given = 0;
    while (this.#next !== undefined && this.#waiting.size > 0) {
      const packet = this.#waiting.get(this.#next);
      if (packet) {
        if (given > 0) this.#events.onGap(given);
        given = 0;
        this.#waiting.delete(this.#next);
        this.#next += 1;
        this.#events.onPacket(packet);
        continue;
      }
      const gap = this.#missing.get(this.#next);
      if (gap && nowMs - gap.sinceMs < PATIENCE_MS) break;
      this.#missing.delete(this.#next);
      this.#next += 1;
      this.lost += 1;
      given += 1;
    }
  }

  /** Packets to ask for now, ascending. */
  dueNacks(nowMs: number): number[] {
    const due: number[] = [];
    for (const [index, gap] of this.#missing) {
      if (nowMs - gap.sinceMs < FIRST_NACK_MS || nowMs - gap.askedAtMs < NACK_INTERVAL_MS) continue;
      if (gap.asked >= MAX_NACKS) continue;
      gap.asked += 1;
      gap.askedAtMs = nowMs;
      due.push(index);
    }
    return due;
  }

  #beginAgainAt(index: number): void {
    const skipped = index - (this.#next ?? index);
    this.#waiting.clear();
    this.#missing.clear();
    this.#next = index;
    this.#highest = index - 1;
    this.#events.onGap(skipped);
  }
}
