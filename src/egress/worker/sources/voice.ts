// Lays decoded sound onto the mixer's timeline so that it neither drifts nor clicks: small distances between where
// sound is and where its clock says it should be are closed in the next pause or by stretching, large ones by a jump in
// a fade.
import type { Mixer } from '../sound/mixer.ts';

/** 5 ms: closer is as good as there. */
const CLOSE_SAMPLES = 240;
/** 60 ms: further is noticed with the picture, and stretching would take seconds. */
const FAR_SAMPLES = 2880;
/** About -40 dBFS: a pause between words, where a jump is not heard. */
const QUIET = 0.01;
/** Nobody hears a tempo that is off by a hundredth. */
const MAX_STRETCH = 0.01;
/** 2.5 ms at each end of what is not continuous. */
const FADE_SAMPLES = 120;
/** Opus frames are at most 60 ms and packets at most 120. */
const MAX_FRAME_SAMPLES = 5760;

export class Voice {
  readonly #mixer: Mixer;
  readonly #left = new Float32Array(MAX_FRAME_SAMPLES * 2);
  readonly #right = new Float32Array(MAX_FRAME_SAMPLES * 2);
  /** The last samples are held back until it is known whether sound follows them. */
  readonly #tailLeft = new Float32Array(FADE_SAMPLES);
  readonly #tailRight = new Float32Array(FADE_SAMPLES);
  #tailPosition: number | undefined;
  /** Where the next sample goes if it follows on, and the source position it would have. */
  #next: { position: number; source: number } | undefined;
  #isCorrecting = false;
  /** How often sound had to jump. */
  jumps = 0;

  constructor(mixer: Mixer) {
    this.#mixer = mixer;
  }

  /**
   * `source` counts the sender's samples, `position` is where the clock puts them on the mixer's timeline.
   */
  add(source: number, position: number, left: Float32Array, right: Float32Array, count: number): void {
    if (count > MAX_FRAME_SAMPLES || count < FADE_SAMPLES) return;
    const wanted = Math.round(position);
    const next = this.#next;
    const follows = next !== undefined && source === next.source;
    const error = next ? wanted - next.position : 0;
    const isFar = Math.abs(error) > FAR_SAMPLES;
    const isClosedUnheard = Math.abs(error) > CLOSE_SAMPLES && isQuiet(left, count);
    if (!next || !follows || isFar || isClosedUnheard) {
      if (next && follows && !isClosedUnheard) this.jumps += 1;
      this.#endTail();
      this.#lay(wanted, left, right, count, count, true);
      this.#next = { position: wanted + count, source: source + count };
      this.#isCorrecting = false;
      return;
    }
    if (Math.abs(error) > CLOSE_SAMPLES) this.#isCorrecting = true;
    else if (Math.abs(error) < CLOSE_SAMPLES / 4) this.#isCorrecting = false;
    const most = Math.floor(count * MAX_STRETCH);
    const stretch = this.#isCorrecting ? Math.max(-most, Math.min(most, error)) : 0;
    this.#joinTail();
    this.#lay(next.position, left, right, count, count + stretch, false);
    this.#next = { position: next.position + count + stretch, source: source + count };
  }

  /** Lets go of held sound whose time comes. */
  flushBefore(position: number): void {
    if (this.#tailPosition !== undefined && this.#tailPosition < position) {
      this.#endTail();
      this.#next = undefined;
    }
  }

  #lay(position: number, left: Float32Array, right: Float32Array, count: number, total: number, fadeIn: boolean): void {
    for (let index = 0; index < total; index++) {
      const at = total === count ? index : (index * (count - 1)) / (total - 1);
      const low = Math.floor(at);
      const high = Math.min(count - 1, low + 1);
      const part = at - low;
      const gain = fadeIn && index < FADE_SAMPLES ? index / FADE_SAMPLES : 1;
      this.#left[index] = gain * ((left[low] as number) * (1 - part) + (left[high] as number) * part);
      this.#right[index] = gain * ((right[low] as number) * (1 - part) + (right[high] as number) * part);
    }
    const body = total - FADE_SAMPLES;
    this.#mixer.add(position, this.#left, this.#right, body);
    this.#tailLeft.set(this.#left.subarray(body, total));
    this.#tailRight.set(this.#right.subarray(body, total));
    this.#tailPosition = position + body;
  }

  #joinTail(): void {
    if (this.#tailPosition === undefined) return;
    this.#mixer.add(this.#tailPosition, this.#tailLeft, this.#tailRight, FADE_SAMPLES);
    this.#tailPosition = undefined;
  }

  #endTail(): void {
    if (this.#tailPosition === undefined) return;
    for (let index = 0; index < FADE_SAMPLES; index++) {
      const gain = 1 - index / FADE_SAMPLES;
      this.#tailLeft[index] = (this.#tailLeft[index] as number) * gain;
      this.#tailRight[index] = (this.#tailRight[index] as number) * gain;
    }
    this.#joinTail();
  }
}

function isQuiet(samples: Float32Array, count: number): boolean {
  for (let index = 0; index < count; index += 4) {
    if (Math.abs(samples[index] as number) > QUIET) return false;
  }
  return true;
}
