// How well a meeting might have gone: most have a good line, one a bad quarter of an hour, one a bad uplink now and then.
import type { QualitySample } from '../../src/protocol/quality.ts';
import { audioScore, videoScore } from '../../src/quality/scores.ts';

const INTERVAL_MS = 10_000;

interface Wish {
  row: string;
  index: number;
  from: Date;
  to: Date;
  random: () => number;
}

export function demoQuality({ row, index, from, to, random }: Wish): (QualitySample & { row: string })[] {
  const count = Math.floor((to.getTime() - from.getTime()) / INTERVAL_MS);
  return Array.from({ length: count }, (_, nth) => {
    const at = new Date(from.getTime() + (nth + 1) * INTERVAL_MS);
    return { row, ...sampleAt(at, network(index, nth / count, random), random) };
  });
}

interface Network {
  up: number;
  down: number;
  rttMs: number;
  jitterMs: number;
}

/** Somebody on a train, somebody with a busy uplink, and the others. */
function network(index: number, part: number, random: () => number): Network {
  const noise = random();
  if (index === 2 && part > 0.45 && part < 0.7) {
    const depth = Math.sin(((part - 0.45) / 0.25) * Math.PI);
    return { up: 0.02 + 0.1 * depth, down: 0.22 * depth * noise, rttMs: 90 + 700 * depth, jitterMs: 15 + 90 * depth };
  }
  if (index === 4 && Math.floor(part * 12) % 4 === 2) {
    return { up: 0.1 + 0.25 * noise, down: 0.004, rttMs: 140 + 60 * noise, jitterMs: 28 };
  }
  return {
    up: noise > 0.97 ? 0.03 : 0,
    down: 0.002 * noise,
    rttMs: 18 + index * 9 + 8 * noise,
    jitterMs: 2 + 3 * noise,
  };
}

function sampleAt(at: Date, { up, down, rttMs, jitterMs }: Network, random: () => number): QualitySample {
  const squeeze = 1 - Math.min(0.8, 4 * Math.max(up, down));
  const video = {
    sendBitrate: Math.round((1_300_000 + 400_000 * random()) * squeeze),
    recvBitrate: Math.round((2_100_000 + 500_000 * random()) * squeeze),
  };
  const loss = Math.max(up, down);
  const picture = { loss: loss / 2, jitterMs, pictureRequests: loss * 30, missingLayers: loss > 0.08 ? 1 : 0 };
  return {
    at,
    audio: {
      sendBitrate: Math.round(26_000 + 9_000 * random()),
      recvBitrate: Math.round(70_000 + 30_000 * random()),
      ...packets(300, 1_200, up, down),
      rttMs,
      jitterMs,
      score: audioScore({ loss, jitterMs, rttMs }),
    },
    video: {
      ...video,
      ...packets(1_400, 2_600, up, down),
      rttMs,
      jitterMs: jitterMs * 1.4,
      score: videoScore({ ...picture, bitrate: video.sendBitrate, height: 720 }),
    },
    sentHeights: [loss > 0.08 ? 360 : 720],
  };
}

function packets(sendPackets: number, recvPackets: number, up: number, down: number) {
  const lost = { sendLost: Math.round(sendPackets * up), recvLost: Math.round(recvPackets * down) };
  return { sendPackets, recvPackets, ...lost };
}
