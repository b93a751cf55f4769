import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audioScore, lossRatio, videoScore } from './scores.ts';

const LINE = { loss: 0, jitterMs: 0, rttMs: 0 };
const PICTURE = { loss: 0, jitterMs: 0, pictureRequests: 0, missingLayers: 0, bitrate: 1_500_000, height: 720 };

describe('sound', () => {
  it.each([
    [LINE, 4.4],
    [{ ...LINE, rttMs: 200, jitterMs: 10 }, 4.33],
    [{ ...LINE, rttMs: 600 }, 3.48],
    [{ ...LINE, loss: 0.02 }, 4.24],
    [{ ...LINE, loss: 0.1 }, 3.39],
    [{ ...LINE, loss: 0.3 }, 2.1],
    [{ loss: 1, jitterMs: 500, rttMs: 2_000 }, 1],
  ])('over %j is worth %d', (network, score) => {
    expect(audioScore(network)).toBeCloseTo(score, 1);
  });
});

describe('a picture', () => {
  it.each([
    [{}, 5],
    [{ loss: 0.08 }, 3],
    [{ jitterMs: 30 }, 5],
    [{ jitterMs: 180 }, 3],
    [{ pictureRequests: 6 }, 3],
    [{ missingLayers: 1 }, 4.4],
    [{ bitrate: 20_000, height: 180 }, 4.74],
    [{ bitrate: 60_000 }, 3.33],
    [{ bitrate: 5_000, height: undefined }, 5],
  ])('with %j is worth %d', (wrong, score) => {
    expect(videoScore({ ...PICTURE, ...wrong })).toBeCloseTo(score, 1);
  });
});

describe('scores', () => {
  const network = { loss: fc.double({ min: 0, max: 1, noNaN: true }), jitterMs: fc.nat(10_000), rttMs: fc.nat(60_000) };
  const picture = {
    loss: network.loss,
    jitterMs: network.jitterMs,
    pictureRequests: fc.nat(10_000),
    missingLayers: fc.nat(3),
    bitrate: fc.nat(1_000_000_000),
    height: fc.option(fc.nat(5_000), { nil: undefined }),
  };

  it('stay on the scale, and more loss never improves one', () => {
    fc.assert(
      fc.property(fc.record(network), fc.record(picture), (line, image) => {
        for (const [score, worse] of [
          [audioScore(line), audioScore({ ...line, loss: 1 })],
          [videoScore(image), videoScore({ ...image, loss: 1 })],
        ] as const) {
          expect(score).toBeGreaterThanOrEqual(1);
          expect(score).toBeLessThanOrEqual(5);
          expect(worse).toBeLessThanOrEqual(score);
        }
      }),
    );
  });
});

describe('the share of what was lost', () => {
  it('counts few packets for little', () => {
    expect([lossRatio(1, 3), lossRatio(5, 100), lossRatio(0, 0), lossRatio(300, 200)]).toEqual([0.05, 0.05, 0, 1]);
  });
});
