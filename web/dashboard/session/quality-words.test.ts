import { expect, test } from 'vitest';
import { bands, bitrate, percent, reasons, suffered, withBreaks } from './quality-words.ts';

const FROM = Date.parse('2026-01-01T12:00:00.000Z');
const BODY = {
  from: new Date(FROM).toISOString(),
  to: new Date(FROM + 65_000).toISOString(),
  stepMs: 10_000,
  participants: [],
  troubles: [],
};
const FINE = { audioScore: 4.4, videoScore: 5, sendLoss: 0, recvLoss: 0, rttMs: 20, jitterMs: 2 };

test('neighbours of one grade are one band, which ends where the session does', () => {
  const seconds = bands([4.4, 4.1, null, 4.3, 3.5, 2, 1.5], BODY).map(({ from, to, grade, score }) => [
    (from - FROM) / 1000,
    (to - FROM) / 1000,
    grade,
    score,
  ]);
  expect(seconds).toEqual([
    [0, 20, 'good', 4.1],
    [30, 40, 'good', 4.3],
    [40, 50, 'fair', 3.5],
    [50, 65, 'poor', 1.5],
  ]);
});

test.each([
  [{ sendLoss: 0.234, audioScore: 2 }, '23 % of what was sent got lost', 'Sound 2.0'],
  [
    { recvLoss: 0.05, rttMs: 900, videoScore: 2.5 },
    '5.0 % of what was to be received got lost; 900 ms round trip',
    'Picture 2.5',
  ],
  [{ jitterMs: 120, audioScore: 3, videoScore: 1.2 }, '120 ms jitter', 'Sound 3.0, Picture 1.2'],
  [{ audioScore: 1 }, 'nothing got through', 'Sound 1.0'],
  [{ videoScore: 2.2, audioScore: null }, 'too little bandwidth', 'Picture 2.2'],
])('%j is told as "%s"', (wrong, words, what) => {
  const facts = { ...FINE, ...wrong };
  expect([reasons(facts).join('; '), suffered(facts)]).toEqual([words, what]);
});

test('shares and bitrates are as short as they are clear', () => {
  expect([percent(0), percent(0.004), percent(0.5), bitrate(31_400), bitrate(1_460_000)]).toEqual([
    '0 %',
    '0.4 %',
    '50 %',
    '31 kbit/s',
    '1.5 Mbit/s',
  ]);
});

test('a line breaks where somebody was away', () => {
  const point = (second: number) => ({
    ...{
      at: new Date(FROM + second * 1000).toISOString(),
      audioScore: 4,
      videoScore: null,
      audioSend: 1,
      audioRecv: 1,
    },
    ...{ videoSend: 0, videoRecv: 0, sendLoss: 0, recvLoss: 0, rttMs: 1, jitterMs: 1 },
  });
  const points = withBreaks([point(10), point(20), point(60)], 10_000);
  expect(points.map(({ time, audioScore }) => [(time - FROM) / 1000, audioScore])).toEqual([
    [10, 4],
    [20, 4],
    [30, undefined],
    [60, 4],
  ]);
});
