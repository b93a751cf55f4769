import { describe, expect, it } from 'vitest';
import { SenderOrigin, StreamClock } from './stream-clock.ts';

/** Frames of one stream over a network, with reports; returns how far off each time of capture is, in ms. */
function run(options: {
  seconds: number;
  clockRate: number;
  /** Parts per million that the sender's clock is fast. */
  skew?: number;
  delay?: (at: number) => number;
  reportEveryMs?: number;
  ntpAheadMs?: number;
  origin?: SenderOrigin;
}): { at: number; error: number }[] {
  const { seconds, clockRate, skew = 0, delay = () => 20, reportEveryMs = 1000, ntpAheadMs = 0 } = options;
  const clock = new StreamClock(clockRate, options.origin ?? new SenderOrigin());
  const found: { at: number; error: number }[] = [];
  const speed = 1 + skew / 1e6;
  let reportAt = reportEveryMs;
  for (let at = 0; at < seconds * 1000; at += 20) {
    const timestamp = 1_000_000 + (at * speed * clockRate) / 1000;
    const captured = clock.onFrame(timestamp, at + delay(at));
    found.push({ at, error: captured - at });
    if (at >= reportAt) {
      reportAt += reportEveryMs;
      clock.onSenderReport(at * speed + ntpAheadMs, timestamp, at + delay(at));
    }
  }
  return found;
}

const jitter = (at: number) => 20 + ((at * 7919) % 60);

describe('a stream’s clock', () => {
  it('follows the least delay before there is a report', () => {
    const errors = run({ seconds: 5, clockRate: 48_000, delay: jitter, reportEveryMs: 1e9 }).slice(60);
    expect(Math.max(...errors.map(({ error }) => Math.abs(error - 20)))).toBeLessThan(3);
  });

  it('puts sound and picture of one sender at the same time, whatever the epoch of its clock', () => {
    const origin = new SenderOrigin();
    const common = { seconds: 60, ntpAheadMs: 1e12, origin, delay: jitter };
    const sound = run({ ...common, clockRate: 48_000, reportEveryMs: 5000 });
    const picture = run({ ...common, clockRate: 90_000, delay: (at) => jitter(at) + 80 });
    const late = sound.map(({ error }, index) => Math.abs(error - (picture[index]?.error ?? 0))).slice(1000);
    expect(Math.max(...late)).toBeLessThan(10);
  });

  it('does not drift away from a sender whose clock is fast, over an hour', () => {
    const errors = run({ seconds: 3600, clockRate: 48_000, skew: 80, delay: jitter });
    const worst = errors.slice(1000).reduce((most, { error }) => Math.max(most, Math.abs(error - 20)), 0);
    expect(worst).toBeLessThan(12);
  });

  it('never jumps by more than it may once it has settled', () => {
    const errors = run({ seconds: 120, clockRate: 48_000, skew: -60, delay: jitter }).slice(200);
    const steps = errors.slice(1).map(({ error }, index) => Math.abs(error - (errors[index]?.error ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(2.1);
  });

  it('begins again when a stream’s timestamps do', () => {
    const clock = new StreamClock(90_000, new SenderOrigin());
    clock.onFrame(90_000, 1000);
    expect(clock.onFrame(900_000_000, 1040)).toBe(1040);
  });

  it('disbelieves a report that makes no sense', () => {
    const clock = new StreamClock(90_000, new SenderOrigin());
    clock.onFrame(90_000, 1000);
    clock.onSenderReport(5000, 900_000_000, 1010);
    expect(clock.onFrame(93_600, 1040)).toBe(1040);
  });
});
