import { describe, expect, it } from 'vitest';
import { countIn, lossBetween, qualityOf, scoreIn } from './quality.ts';

describe('the quality of a connection', () => {
  it('is as bad as its worst sign', () => {
    expect(qualityOf({})).toBe('good');
    expect(qualityOf({ score: 10, lossRatio: 0.01, rttMs: 80 })).toBe('good');
    expect(qualityOf({ score: 7 })).toBe('fair');
    expect(qualityOf({ rttMs: 350 })).toBe('fair');
    expect(qualityOf({ score: 10, lossRatio: 0.2 })).toBe('poor');
  });

  it('takes the best layer of a sender, and no score for silence', () => {
    expect(scoreIn([{ score: 0 }, { score: 9 }])).toBe(9);
    expect(scoreIn([{ score: 0 }])).toBeUndefined();
    expect(scoreIn({ score: 10, producerScore: 6 })).toBe(6);
    expect(scoreIn(null)).toBeUndefined();
  });

  it('counts loss between two reports only', () => {
    const before = countIn([
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.05 },
      { type: 'inbound-rtp', packetsReceived: 90, packetsLost: 10 },
    ]);
    expect(before).toEqual({ rttMs: 50, lost: 10, sent: 100 });
    const now = countIn([{ type: 'inbound-rtp', packetsReceived: 180, packetsLost: 20 }]);
    expect(lossBetween(before, now)).toBeCloseTo(0.1);
    expect(lossBetween(now, now)).toBeUndefined();
  });
});
