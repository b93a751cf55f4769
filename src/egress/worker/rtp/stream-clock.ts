// When was it captured? RTP timestamps count from nowhere, sender reports tie them to the sender's clock, and that clock
// has an epoch of its own. What comes out are milliseconds on our clock, the same for all streams of one sender.
import { RecentMinimum } from '../recent-minimum.ts';

/** Sender reports are a second apart for video and up to five for sound. */
const ORIGIN_WINDOW_MS = 30_000;
const ARRIVAL_WINDOW_MS = 10_000;
const REPORT_WINDOW_MS = 6_000;
/** Pictures may move this fast unseen; sound follows more slowly still, by being stretched (`Voice`). */
const SLEW_MS_PER_S = 100;
/** What is further off than this is wrong, and would be for longer than a jump is noticed. */
const FIRST_REPORT_JUMP_MS = 30;
const JUMP_MS = 300;
/** A report that puts its packet this far from its arrival is nonsense. */
const PLAUSIBLE_MS = 10_000;

/** Ties the clock of one sender (one CNAME) to ours: its reports reach us after at least their way's delay. */
export class SenderOrigin {
  readonly #offset = new RecentMinimum(ORIGIN_WINDOW_MS);

  /** Our time of a sender's time, as far as known from this report and those before. */
  toLocal(ntpMs: number, nowMs: number): number {
    return ntpMs + this.#offset.add(nowMs - ntpMs, nowMs);
  }
}

export class StreamClock {
  readonly #msPerTick: number;
  readonly #origin: SenderOrigin;
  readonly #arrivals = new RecentMinimum(ARRIVAL_WINDOW_MS);
  readonly #reports = new RecentMinimum(REPORT_WINDOW_MS);
  #reportCount = 0;
  #offset: number | undefined;
  #slewedAtMs = 0;

  constructor(clockRate: number, origin: SenderOrigin) {
    this.#msPerTick = 1000 / clockRate;
    this.#origin = origin;
  }

  /** `timestamp` is unwrapped. Returns when it was captured, in our time. */
  onFrame(timestamp: number, arrivedAtMs: number): number {
    const arrival = arrivedAtMs - timestamp * this.#msPerTick;
    if (this.#offset !== undefined && Math.abs(arrival - this.#offset) > PLAUSIBLE_MS) this.#forget();
    const earliest = this.#arrivals.add(arrival, arrivedAtMs);
    this.#approach(this.#reportCount > 0 ? this.#reports.value : earliest, arrivedAtMs);
    return this.timeOf(timestamp);
  }

  onSenderReport(ntpMs: number, timestamp: number, nowMs: number): void {
    const offset = this.#origin.toLocal(ntpMs, nowMs) - timestamp * this.#msPerTick;
    if (this.#offset !== undefined && Math.abs(offset - this.#offset) > PLAUSIBLE_MS) return;
    this.#reports.add(offset, nowMs);
    this.#reportCount += 1;
    const isFarOff = this.#offset !== undefined && Math.abs(this.#reports.value - this.#offset) > FIRST_REPORT_JUMP_MS;
    if (this.#reportCount === 1 && isFarOff) this.#offset = this.#reports.value;
  }

  timeOf(timestamp: number): number {
    return timestamp * this.#msPerTick + (this.#offset ?? 0);
  }

  #approach(target: number, nowMs: number): void {
    if (this.#offset === undefined || Math.abs(target - this.#offset) > JUMP_MS) {
      this.#offset = target;
    } else {
      const most = (SLEW_MS_PER_S * Math.min(1000, Math.max(0, nowMs - this.#slewedAtMs))) / 1000;
      const distance = target - this.#offset;
      // What arrived with less delay than anything before corrects at once: nothing was captured after it arrived.
      const isEarlier = this.#reportCount === 0 && distance < 0;
      this.#offset += isEarlier ? distance : Math.max(-most, Math.min(most, distance));
    }
    this.#slewedAtMs = nowMs;
  }

  #forget(): void {
    this.#arrivals.clear();
    this.#reports.clear();
    this.#reportCount = 0;
    this.#offset = undefined;
  }
}
