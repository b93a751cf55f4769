// How good sound and picture are on the mean opinion scale, from 1 (bad) to 5 (excellent), from what the network did to
// them. `docs/quality.md` explains both formulas. Pure.

/** Fewer packets than these in an interval say little: one lost of three is not a third of the speech. */
const FEW_PACKETS = 20;

export const WORST = 1;
const BEST = 5;

/** Share of packets that did not arrive, 0 to 1. */
export function lossRatio(lost: number, packets: number): number {
  return Math.min(1, Math.max(0, lost) / Math.max(packets, FEW_PACKETS));
}

interface Network {
  /** 0 to 1. */
  loss: number;
  jitterMs: number;
  rttMs: number;
}

/** Rating of narrow-band speech over a perfect line (ITU-T G.107). */
const BEST_RATING = 93.2;
/** Opus in packets of 30 ms, and what the receiver plays late so that nothing is missing. */
const CODEC_DELAY_MS = 40;
/** From this delay on people interrupt each other. */
const NOTICED_DELAY_MS = 177.3;
/** How well the codec hides losses; as G.711 with concealment does (ITU-T G.113). */
const LOSS_ROBUSTNESS = 25.1;

/** A simplified E-model: delay and loss take from the rating of a perfect line. */
export function audioScore({ loss, jitterMs, rttMs }: Network): number {
  const delayMs = CODEC_DELAY_MS + rttMs / 2 + 2 * jitterMs;
  const delayed = 0.024 * delayMs + 0.11 * Math.max(0, delayMs - NOTICED_DELAY_MS);
  const percent = loss * 100;
  const damaged = (95 * percent) / (percent + LOSS_ROBUSTNESS);
  const rating = Math.min(100, Math.max(0, BEST_RATING - delayed - damaged));
  return bounded(1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating));
}

interface Picture {
  /** 0 to 1, of packets that were not sent again in time. */
  loss: number;
  jitterMs: number;
  /** Times in a minute that the receiver could not go on and asked for a whole picture. */
  pictureRequests: number;
  /** Layers that should flow and do not. */
  missingLayers: number;
  /** bit/s. */
  bitrate: number;
  /** Pixels; undefined where it is not known. */
  height: number | undefined;
}

/** Percent of lost packets that halve what a picture is worth. */
const HALVING_LOSS = 8;
const UNNOTICED_JITTER_MS = 30;
const HALVING_JITTER_MS = 150;
/** Each is a picture that stands still for about half a second. */
const HALVING_REQUESTS = 6;
/** A picture of half the size. */
const MISSING_LAYER = 0.85;
/** bit/s for each pixel; with less it is blurred even when little moves: 23 kbit/s at 180 lines, 370 at 720. */
const LEAST_BITS_PER_PIXEL = 0.4;
const WIDTH_TO_HEIGHT = 16 / 9;

/** Each thing that goes wrong takes its share of what is left. */
export function videoScore(picture: Picture): number {
  const { loss, jitterMs, pictureRequests, missingLayers } = picture;
  const left =
    share(loss * 100, HALVING_LOSS) *
    share(Math.max(0, jitterMs - UNNOTICED_JITTER_MS), HALVING_JITTER_MS) *
    share(pictureRequests, HALVING_REQUESTS) *
    MISSING_LAYER ** missingLayers *
    sharpness(picture);
  return bounded(WORST + (BEST - WORST) * left);
}

function sharpness({ bitrate, height }: Picture): number {
  if (height === undefined || height === 0) return 1;
  const bitsPerPixel = bitrate / (height * height * WIDTH_TO_HEIGHT);
  return Math.min(1, 0.5 + (0.5 * bitsPerPixel) / LEAST_BITS_PER_PIXEL);
}

/** 1 for nothing wrong, a half at `halving`. */
function share(wrong: number, halving: number): number {
  return halving / (halving + wrong);
}

function bounded(score: number): number {
  return Math.min(BEST, Math.max(WORST, score));
}
