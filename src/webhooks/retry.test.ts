import { describe, expect, test } from 'vitest';
import { type Lane, nextStep, type Outcome, retryAfterMs } from './retry.ts';

const FAILED: Outcome = { stage: 'answered', status: 500 };
const fresh = { lane: 'fast' as Lane, laneAttempts: 0, endpointFailing: false };

describe('nextStep', () => {
  test.each([200, 201, 204, 299])('%i is delivered', (status) => {
    expect(nextStep({ stage: 'answered', status }, fresh, 0.5)).toEqual({ state: 'delivered' });
  });

  test.each<Outcome>([
    { stage: 'answered', status: 100 },
    { stage: 'answered', status: 302 },
    { stage: 'answered', status: 401 },
    { stage: 'answered', status: 404 },
    { stage: 'answered', status: 429 },
    { stage: 'answered', status: 503 },
    { stage: 'unreached', error: 'the connection was refused' },
    { stage: 'unanswered', error: 'no answer within 10 s' },
  ])('%j is tried again', (outcome) => {
    expect(nextStep(outcome, fresh, 0.5)).toEqual({ state: 'pending', lane: 'fast', delayMs: 200 });
  });

  test('410 ends the endpoint', () => {
    expect(nextStep({ stage: 'answered', status: 410 }, fresh, 0.5)).toMatchObject({ state: 'gone' });
  });

  test('a forbidden destination is not tried again', () => {
    const step = nextStep({ stage: 'refused', error: '10.0.0.1 may not be reached' }, fresh, 0.5);
    expect(step).toEqual({ state: 'dead', reason: '10.0.0.1 may not be reached' });
  });

  test('a failing endpoint is not waited for in the fast lane', () => {
    expect(nextStep(FAILED, { ...fresh, endpointFailing: true }, 0.5)).toMatchObject({ lane: 'slow' });
  });

  test('the whole way: three quick retries within seconds, then about three days, then dead', () => {
    let progress = fresh;
    let fastMs = 0;
    let slowMs = 0;
    let attempts = 0;
    for (;;) {
      attempts++;
      const step = nextStep(FAILED, progress, 0.5);
      if (step.state !== 'pending') {
        expect(step).toMatchObject({ state: 'dead' });
        break;
      }
      if (step.lane === 'fast') fastMs += step.delayMs;
      else slowMs += step.delayMs;
      progress = {
        ...progress,
        lane: step.lane,
        laneAttempts: step.lane === progress.lane ? progress.laneAttempts + 1 : 0,
      };
    }
    expect(fastMs).toBe(4_200);
    expect(slowMs / 3_600_000).toBeGreaterThan(60);
    expect(slowMs / 3_600_000).toBeLessThan(80);
    expect(attempts).toBe(22);
  });

  test('jitter keeps within a fifth either way', () => {
    const delays = [0, 0.5, 1].map((random) => nextStep(FAILED, { ...fresh, lane: 'slow' }, random));
    expect(delays.map((step) => step.state === 'pending' && step.delayMs)).toEqual([48_000, 60_000, 72_000]);
  });
});

describe('a receiver that says when to come again', () => {
  const NOW = new Date('2026-11-30T12:00:00Z');
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['9'.repeat(400), Number.POSITIVE_INFINITY],
    ['Mon, 30 Nov 2026 12:00:30 GMT', 30_000],
    ['Monday, 30-Nov-26 12:00:30 GMT', 30_000],
    ['Mon Nov 30 12:00:30 2026 GMT', 30_000],
    ['Sun, 29 Nov 2026 12:00:00 GMT', 0],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Mon, soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });

  const fast = { lane: 'fast' as const, laneAttempts: 0, endpointFailing: false };
  const slow = { lane: 'slow' as const, laneAttempts: 17 - 8, endpointFailing: false };
  const hour = 3_600_000;
  test.each([
    // asked, progress, lane, delay; our own is 200 ms at first, 30 s in the slow lane, and 8 h far on in it.
    [0, fast, 'fast', 200],
    [100, fast, 'fast', 200],
    [4_000, fast, 'fast', 4_000],
    [10_000, fast, 'slow', 30_000],
    [120_000, fast, 'slow', 120_000],
    [24 * hour, fast, 'slow', hour],
    [Number.POSITIVE_INFINITY, fast, 'slow', hour],
    [120_000, { ...slow, laneAttempts: 0 }, 'slow', 120_000],
    [60_000, slow, 'slow', 8 * hour],
  ])('%d ms asked after %j: %s lane, %d ms', (asked, progress, lane, delayMs) => {
    for (const status of [429, 503]) {
      const outcome: Outcome = { stage: 'answered', status, retryAfterMs: asked };
      expect(nextStep(outcome, progress, 0.5)).toEqual({ state: 'pending', lane, delayMs });
    }
  });

  test('asks for nothing where all is done', () => {
    expect(nextStep({ stage: 'answered', status: 200, retryAfterMs: 60_000 }, fast, 0.5)).toEqual({
      state: 'delivered',
    });
    expect(nextStep({ stage: 'answered', status: 410, retryAfterMs: 60_000 }, fast, 0.5)).toMatchObject({
      state: 'gone',
    });
    const last = { ...slow, laneAttempts: 17 };
    expect(nextStep({ stage: 'answered', status: 503, retryAfterMs: 60_000 }, last, 0.5)).toMatchObject({
      state: 'dead',
    });
  });
});
