// Adds all voices into one, on the composition's own timeline. Positions are samples since the composition began.

/** How far ahead of what has been taken sound may be laid down. */
const RING_SAMPLES = 48_000 * 4;
/** Below this nothing is changed; above it the sum is bent towards 1 without an edge. */
const KNEE = 0.8;

export class Mixer {
  readonly #left = new Float32Array(RING_SAMPLES);
  readonly #right = new Float32Array(RING_SAMPLES);
  #taken = 0;
  /** Samples that came after their time. */
  late = 0;

  get position(): number {
    return this.#taken;
  }

  /** Adds `count` samples at `position`; what is late or too far ahead is left out. */
  add(position: number, left: Float32Array, right: Float32Array, count: number): void {
    const skip = Math.max(0, this.#taken - position);
    if (skip > 0) this.late += Math.min(skip, count);
    const end = Math.min(count, this.#taken + RING_SAMPLES - position);
    let at = (position + skip) % RING_SAMPLES;
    for (let index = skip; index < end; index++) {
      this.#left[at] = (this.#left[at] as number) + (left[index] as number);
      this.#right[at] = (this.#right[at] as number) + (right[index] as number);
      at = at + 1 === RING_SAMPLES ? 0 : at + 1;
    }
  }

  /** Fills both from the timeline and moves on. */
  take(left: Float32Array, right: Float32Array): void {
    let at = this.#taken % RING_SAMPLES;
    for (let index = 0; index < left.length; index++) {
      left[index] = limited(this.#left[at] as number);
      right[index] = limited(this.#right[at] as number);
      this.#left[at] = 0;
      this.#right[at] = 0;
      at = at + 1 === RING_SAMPLES ? 0 : at + 1;
    }
    this.#taken += left.length;
  }
}

/** Many loud voices together approach full scale and never pass it. */
export function limited(sample: number): number {
  const size = Math.abs(sample);
  if (size <= KNEE) return sample;
  const bent = KNEE + (1 - KNEE) * Math.tanh((size - KNEE) / (1 - KNEE));
  return sample < 0 ? -bent : bent;
}
