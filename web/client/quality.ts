// How good a connection is, in three words, from what mediasoup and the browser count. Pure.

export type Quality = 'good' | 'fair' | 'poor';

export interface Signs {
  /** mediasoup's score of a stream, 0 to 10. */
  score?: number | undefined;
  /** Share of packets that were lost, 0 to 1. */
  lossRatio?: number | undefined;
  rttMs?: number | undefined;
}

/** The worst sign decides. */
export function qualityOf({ score = 10, lossRatio = 0, rttMs = 0 }: Signs): Quality {
  if (score <= 4 || lossRatio > 0.08 || rttMs > 600) return 'poor';
  if (score <= 7 || lossRatio > 0.03 || rttMs > 300) return 'fair';
  return 'good';
}

/** The lower of the scores in a `producerScore` or `consumerScore`, whatever its shape. */
export function scoreIn(score: unknown): number | undefined {
  if (Array.isArray(score)) {
    // Layers that are not sent right now score 0: the sender's best layer tells.
    const best = Math.max(...score.map((it) => Number(it?.score)));
    return best > 0 ? best : undefined;
  }
  const { producerScore } = (score ?? {}) as { producerScore?: unknown };
  return typeof producerScore === 'number' && producerScore > 0 ? producerScore : undefined;
}

interface Counted {
  rttMs?: number | undefined;
  lost: number;
  sent: number;
}

/** Round trip and loss as the browser's report of the sending or receiving side has them. */
export function countIn(report: Iterable<Record<string, unknown>>): Counted {
  const counted: Counted = { lost: 0, sent: 0 };
  for (const entry of report) {
    if (entry.type === 'candidate-pair' && entry.nominated === true) {
      const rtt = entry.currentRoundTripTime;
      if (typeof rtt === 'number') counted.rttMs = rtt * 1000;
    }
    if (entry.type === 'inbound-rtp') {
      counted.lost += Number(entry.packetsLost ?? 0);
      counted.sent += Number(entry.packetsReceived ?? 0) + Number(entry.packetsLost ?? 0);
    }
    if (entry.type === 'remote-inbound-rtp') counted.lost += Number(entry.packetsLost ?? 0);
    if (entry.type === 'outbound-rtp') counted.sent += Number(entry.packetsSent ?? 0);
  }
  return counted;
}

/** Loss between two counts; too few packets say nothing. */
export function lossBetween(before: Counted, now: Counted): number | undefined {
  const sent = now.sent - before.sent;
  return sent < 20 ? undefined : Math.min(1, Math.max(0, (now.lost - before.lost) / sent));
}
