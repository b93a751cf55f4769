import { describe, expect, test } from 'vitest';
import type { TimelineEvent } from '../../../src/protocol/rest/dashboard.ts';
import { egressSpans, marks, presentMs, ticks, toBar, worst } from './timeline-layout.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const at = (seconds: number) => new Date(T0 + seconds * 1000).toISOString();
const VIEW = { from: T0, to: T0 + 100_000 };

describe('a bar', () => {
  test.each([
    [10, 30, 10, 20],
    [-50, 50, 0, 50],
    [90, 500, 90, 10],
    [-10, 110, 0, 100],
  ])('from %d to %d s begins at %d % and is %d % wide', (start, end, left, width) => {
    expect(toBar('a', { start: at(start), end: at(end) }, VIEW, T0)).toMatchObject({ left, width });
  });

  test('that lasts goes to now', () => {
    expect(toBar('a', { start: at(20), end: null }, VIEW, T0 + 60_000)).toMatchObject({
      left: 20,
      width: 40,
      end: null,
    });
  });

  test('outside of what is shown is none', () => {
    expect(toBar('a', { start: at(-20), end: at(-10) }, VIEW, T0)).toBeUndefined();
    expect(toBar('a', { start: at(120), end: null }, VIEW, T0 + 130_000)).toBeUndefined();
  });
});

test.each([1_000, 100_000, 3_600_000, 8 * 3_600_000, 14 * 86_400_000])(
  'ticks of %d ms are few, even and inside',
  (length) => {
    const view = { from: T0 + 1, to: T0 + length };
    const found = ticks(view, 8);
    expect(found.length).toBeLessThanOrEqual(9);
    expect(found.every((tick) => tick >= view.from && tick <= view.to)).toBe(true);
    const steps = new Set(found.slice(1).map((tick, index) => tick - (found[index] ?? 0)));
    expect(steps.size).toBeLessThanOrEqual(1);
  },
);

test('events close to each other share a mark with the worst of their deliveries', () => {
  const event = (seconds: number, ...states: ('delivered' | 'dead' | 'pending')[]) =>
    ({ at: at(seconds), deliveries: states.map((status) => ({ status })) }) as TimelineEvent;
  const found = marks([event(-1), event(10, 'delivered'), event(11, 'dead'), event(50), event(70, 'pending')], VIEW);
  expect(found.map(({ left, state, events }) => [left, state, events.length])).toEqual([
    [10, 'dead', 2],
    [50, 'unsent', 1],
    [70, 'pending', 1],
  ]);
  expect(worst([])).toBe('unsent');
});

test('a recording is shown as it waited, ran and was interrupted', () => {
  const spans = (facts: Partial<Parameters<typeof egressSpans>[0]>) =>
    egressSpans({ createdAt: at(0), startedAt: null, endedAt: null, gaps: [], ...facts }).map(
      ({ kind, start, end }) => [
        kind,
        (Date.parse(start) - T0) / 1000,
        end === null ? null : (Date.parse(end) - T0) / 1000,
      ],
    );
  expect(spans({})).toEqual([['waited', 0, null]]);
  expect(spans({ startedAt: at(1) })).toEqual([['ran', 1, null]]);
  expect(spans({ startedAt: at(30), endedAt: at(60), gaps: [{ at: at(40), duration: 1.5 }] })).toEqual([
    ['waited', 0, 30],
    ['ran', 30, 60],
    ['gap', 40, 41.5],
  ]);
  expect(spans({ endedAt: at(1) })).toEqual([['waited', 0, 1]]);
});

test('time spent is the sum of all stays', () => {
  const stay = (start: number, end: number | null) => ({
    start: at(start),
    end: end === null ? null : at(end),
    disconnectedAt: null,
    leaveCode: null,
  });
  expect(presentMs({ stays: [stay(0, 10), stay(20, null)] }, T0 + 50_000)).toBe(40_000);
});
