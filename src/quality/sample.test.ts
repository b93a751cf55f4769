import { describe, expect, it } from 'vitest';
import type { QualitySample, StreamReading } from '../protocol/quality.ts';
import { type Interval, intervalOf, lossesAtSource, sampleOf } from './sample.ts';

const AT = new Date('2026-01-01T12:00:10.000Z');

function reading(facts: Partial<StreamReading> = {}): StreamReading {
  return {
    key: 'stream',
    producerId: 'producer',
    direction: 'send',
    kind: 'audio',
    atMs: 0,
    bytes: 0,
    packets: 0,
    lost: 0,
    repaired: 0,
    pictureRequests: 0,
    jitterMs: 1,
    rttMs: undefined,
    height: undefined,
    missingLayers: 0,
    paused: false,
    ...facts,
  };
}

/** What happened in ten seconds in which the counters rose from zero to these. */
function interval(facts: Partial<StreamReading>): Interval {
  const found = intervalOf(
    reading({ ...facts, atMs: 10_000 }),
    reading(facts.direction ? { direction: facts.direction } : {}),
  );
  if (!found) throw new Error('no interval');
  return found;
}

function sample(...intervals: Interval[]): QualitySample {
  const found = sampleOf(intervals, lossesAtSource(intervals), AT);
  if (!found) throw new Error('no sample');
  return found;
}

describe('an interval', () => {
  it('is what changed since the last reading', () => {
    const before = reading({ atMs: 1_000, bytes: 1_000, packets: 100, lost: 5 });
    const now = reading({ atMs: 11_000, bytes: 41_000, packets: 600, lost: 15, repaired: 4 });
    expect(intervalOf(now, before)).toMatchObject({
      bitrate: 32_000,
      packets: 506,
      lost: 10,
      missing: 6,
      isFresh: true,
    });
  });

  it('needs a reading before it', () => {
    expect(intervalOf(reading(), undefined)).toBeUndefined();
  });

  it('of a stream that was not read again keeps its rate and counts nothing twice', () => {
    const first = interval({ bytes: 40_000, packets: 500, lost: 20 });
    const again = intervalOf(first.reading, first);
    expect(again).toMatchObject({ bitrate: 32_000, packets: 0, lost: 0, isFresh: false });
    const later = intervalOf(reading({ ...first.reading, atMs: 30_000, bytes: 120_000 }), again);
    expect(later).toMatchObject({ bitrate: 32_000, isFresh: true });
  });

  it('does not count backwards, as when a counter began anew', () => {
    const before = reading({ bytes: 1_000, packets: 10, lost: 3 });
    const now = reading({ atMs: 10_000, bytes: 0, packets: 0, lost: 0 });
    expect(intervalOf(now, before)).toMatchObject({ bitrate: 0, packets: 0, lost: 0 });
  });
});

describe('a sample', () => {
  it('adds up streams of a kind and keeps directions apart', () => {
    const { audio, video, sentHeights } = sample(
      interval({ bytes: 40_000, packets: 500 }),
      interval({ direction: 'recv', producerId: 'a', bytes: 20_000, packets: 200, lost: 1, rttMs: 20 }),
      interval({ direction: 'recv', producerId: 'b', bytes: 30_000, packets: 300, lost: 2, rttMs: 40 }),
      interval({ kind: 'video', bytes: 1_000_000, packets: 900, height: 720 }),
    );
    expect(audio).toMatchObject({ sendBitrate: 32_000, recvBitrate: 40_000, recvPackets: 500, recvLost: 3, rttMs: 30 });
    expect(video).toMatchObject({ sendBitrate: 800_000, recvBitrate: 0, rttMs: null });
    expect(video.score).toBeCloseTo(5, 1);
    expect(sentHeights).toEqual([720]);
  });

  it('is missing for somebody who neither sends nor receives', () => {
    expect(sampleOf([], new Map(), AT)).toBeUndefined();
  });

  it('has no score while nothing flows, such as with a microphone that is off', () => {
    expect(sample(interval({ paused: true })).audio).toMatchObject({ score: null, rttMs: null, sendBitrate: 0 });
    expect(sample(interval({})).audio.score).toBeNull();
  });

  it('goes by the worse direction', () => {
    const { audio } = sample(
      interval({ packets: 400, lost: 100 }),
      interval({ direction: 'recv', producerId: 'a', packets: 500 }),
    );
    expect(audio.score).toBeLessThan(2.8);
  });

  it('is worst while a sender that is on sends nothing any more, for as long as that lasts', () => {
    let last = interval({ packets: 500 });
    for (const atMs of [20_000, 30_000]) {
      last = intervalOf(reading({ packets: 500, atMs }), last) as Interval;
      expect(sample(last).audio.score).toBe(1);
    }
    const held = intervalOf(reading({ packets: 500, atMs: 40_000, paused: true }), last) as Interval;
    expect(sample(held).audio.score).toBeNull();
  });

  it('is worst for whom no layer of a picture gets through', () => {
    const all = interval({ kind: 'video', direction: 'recv', missingLayers: 'all' });
    expect(sample(all).video.score).toBe(1);
  });

  it('does not hold against a receiver what was lost before it reached the server', () => {
    const sent = interval({ producerId: 'p', packets: 400, lost: 100 });
    const received = interval({ producerId: 'p', direction: 'recv', packets: 500, lost: 110 });
    const atSource = lossesAtSource([sent, received]);
    expect(sampleOf([received], atSource, AT)?.audio).toMatchObject({ recvLost: 10, recvPackets: 500 });
    expect(sampleOf([sent], atSource, AT)?.audio).toMatchObject({ sendLost: 100, sendPackets: 500 });
  });

  it('weighs streams by their packets', () => {
    const loud = interval({ direction: 'recv', producerId: 'a', packets: 1_000, lost: 300 });
    const quiet = interval({ direction: 'recv', producerId: 'b', packets: 25 });
    expect(sample(loud, quiet).audio.score).toBeLessThan(2.3);
  });
});
