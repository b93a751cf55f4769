// Cuts a continuous sound into the frames an encoder takes.

export class Framer {
  readonly #left: Float32Array;
  readonly #right: Float32Array;
  readonly #onFrame: (left: Float32Array, right: Float32Array) => void;
  #filled = 0;

  constructor(frameSamples: number, onFrame: (left: Float32Array, right: Float32Array) => void) {
    this.#left = new Float32Array(frameSamples);
    this.#right = new Float32Array(frameSamples);
    this.#onFrame = onFrame;
  }

  add(left: Float32Array, right: Float32Array): void {
    let from = 0;
    while (from < left.length) {
      const count = Math.min(left.length - from, this.#left.length - this.#filled);
      this.#left.set(left.subarray(from, from + count), this.#filled);
      this.#right.set(right.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled < this.#left.length) continue;
      this.#filled = 0;
      this.#onFrame(this.#left, this.#right);
    }
  }
}
