// Samples of quality that a test needs to exist.
import type { MediaQuality, QualitySample } from '../../src/protocol/quality.ts';

const GOOD: MediaQuality = {
  sendBitrate: 30_000,
  recvBitrate: 30_000,
  sendPackets: 300,
  recvPackets: 300,
  sendLost: 0,
  recvLost: 0,
  rttMs: 20,
  jitterMs: 2,
  score: 4.39,
};

/** A good one, but for what is given. */
export function qualitySample(
  at: Date,
  {
    audio,
    video,
    sentHeights = [720],
  }: { audio?: Partial<MediaQuality>; video?: Partial<MediaQuality>; sentHeights?: number[] } = {},
): QualitySample {
  return { at, audio: { ...GOOD, ...audio }, video: { ...GOOD, score: 4.8, ...video }, sentHeights };
}
