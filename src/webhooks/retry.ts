// When a delivery is tried again, decided from the stage that its last attempt reached. Pure.

/** How far an attempt came. */
export type Outcome =
  /** The guard refused the destination; nothing was sent. */
  | { stage: 'refused'; error: string }
  /** No connection came about: name, network, TLS. */
  | { stage: 'unreached'; error: string }
  /** The request may have arrived, but no answer came. */
  | { stage: 'unanswered'; error: string }
  | {
      stage: 'answered';
      status: number;
      /** How long the receiver asked to be left alone, in its `Retry-After`. */
      retryAfterMs?: number | undefined;
    };

export type Lane = 'fast' | 'slow';

export type NextStep =
  | { state: 'delivered' }
  | { state: 'pending'; lane: Lane; delayMs: number }
  | { state: 'dead'; reason: string }
  /** Dead, and so is everything else for that endpoint. */
  | { state: 'gone'; reason: string };

export interface Progress {
  lane: Lane;
  /** Attempts made in this lane before the one just ended. */
  laneAttempts: number;
  /** The endpoint has failed for others as well, so waiting for it would only hold up the stream. */
  endpointFailing: boolean;
}

/** Short enough that a receiver's restart or hiccup delays its stream by seconds only. */
const FAST_DELAYS_MS = [200, 1_000, 3_000];
const SLOW_FIRST_MS = 30_000;
const SLOW_LONGEST_MS = 8 * 3_600_000;
/** Doubling from 30 s up to 8 h, this many attempts span about three days. */
const SLOW_ATTEMPTS = 18;
/** Delays vary by this share either way, so that a receiver that comes back is not met by all at once. */
const JITTER = 0.2;

/** A receiver that asks for no more than this is waited for in order; its stream stands still meanwhile. */
const FAST_LONGEST_MS = 5_000;
/** As long as a receiver may ask to be left alone; beyond it counts as this. */
const ASKED_LONGEST_MS = 3_600_000;

/** Decides what happens after an attempt; `random` is from 0 to 1. */
export function nextStep(outcome: Outcome, progress: Progress, random: number): NextStep {
  switch (outcome.stage) {
    case 'refused':
      return { state: 'dead', reason: outcome.error };
    case 'answered':
      if (outcome.status >= 200 && outcome.status < 300) return { state: 'delivered' };
      if (outcome.status === 410) return { state: 'gone', reason: 'answered 410 Gone' };
      return atLeast(retry(progress, random), outcome.retryAfterMs ?? 0, random);
    case 'unreached':
    case 'unanswered':
      return retry(progress, random);
  }
}

function retry({ lane, laneAttempts, endpointFailing }: Progress, random: number): NextStep {
  if (lane === 'fast') {
    const fastDelayMs = endpointFailing ? undefined : FAST_DELAYS_MS[laneAttempts];
    return fastDelayMs === undefined
      ? { state: 'pending', lane: 'slow', delayMs: slowDelayMs(0, random) }
      : { state: 'pending', lane: 'fast', delayMs: jittered(fastDelayMs, random) };
  }
  const made = laneAttempts + 1;
  if (made >= SLOW_ATTEMPTS) return { state: 'dead', reason: 'gave up after about three days' };
  return { state: 'pending', lane: 'slow', delayMs: slowDelayMs(made, random) };
}

/** A step that waits no shorter than the receiver asked for, within bounds; never shorter than without its asking. */
function atLeast(step: NextStep, askedMs: number, random: number): NextStep {
  if (step.state !== 'pending' || askedMs <= step.delayMs) return step;
  if (step.lane === 'fast' && askedMs <= FAST_LONGEST_MS) return { ...step, delayMs: askedMs };
  const ownMs = step.lane === 'fast' ? slowDelayMs(0, random) : step.delayMs;
  return { state: 'pending', lane: 'slow', delayMs: Math.max(ownMs, Math.min(askedMs, ASKED_LONGEST_MS)) };
}

/**
 * What a `Retry-After` header asks for, from `now` on: a number of seconds or a date (RFC 9110, 10.2.3). Undefined for
 * what is neither.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Dates begin with the day of the week; JavaScript takes much else for one.
  const at = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*\d/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

function slowDelayMs(retries: number, random: number): number {
  return jittered(Math.min(SLOW_FIRST_MS * 2 ** retries, SLOW_LONGEST_MS), random);
}

function jittered(ms: number, random: number): number {
  return Math.round(ms * (1 + JITTER * (2 * random - 1)));
}
