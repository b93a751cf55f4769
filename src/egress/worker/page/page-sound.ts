// What a page plays, in the sample rate of the mixer.
import { AV_SAMPLE_FMT_FLTP } from 'node-av/constants';
import { SoftwareResampleContext } from 'node-av/lib';
import { check, SAMPLE_RATE, STEREO } from '../ffmpeg.ts';
import type { Stage } from '../scene.ts';
import { Voice } from '../sources/voice.ts';
import type { FilmedSound } from './camera.ts';

/** 100 ms: what a voice takes at once. */
const PIECE_SAMPLES = SAMPLE_RATE / 10;
/** As much as the camera ever sends at once, and more. */
const MAX_SAMPLES = SAMPLE_RATE * 2;

export class PageSound {
  readonly #stage: Stage;
  readonly #voice: Voice;
  readonly #left = new Float32Array(MAX_SAMPLES);
  readonly #right = new Float32Array(MAX_SAMPLES);
  #resampler: { context: SoftwareResampleContext; sampleRate: number } | undefined;
  /** Samples that went before, as the mixer counts them. */
  #source = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#voice = new Voice(stage.mixer);
  }

  add({ capturedAtMs, sampleRate, left, right }: FilmedSound): void {
    const count = check(
      this.#resamplerFor(sampleRate).convertSync(
        [bytesOf(this.#left), bytesOf(this.#right)],
        MAX_SAMPLES,
        [bytesOf(left), bytesOf(right)],
        left.length,
      ),
      'resample sound',
    );
    const begin = ((capturedAtMs - this.#stage.beganAtMs) * SAMPLE_RATE) / 1000;
    for (let from = 0; from < count; from += PIECE_SAMPLES) {
      const to = Math.min(count, from + PIECE_SAMPLES);
      const piece = [this.#left.subarray(from, to), this.#right.subarray(from, to)] as const;
      this.#voice.add(this.#source, begin + from, ...piece, to - from);
      this.#source += to - from;
    }
  }

  /** Lets go of held sound whose time comes. */
  flushBefore(position: number): void {
    this.#voice.flushBefore(position);
  }

  close(): void {
    this.#resampler?.context.free();
    this.#resampler = undefined;
  }

  #resamplerFor(sampleRate: number): SoftwareResampleContext {
    if (this.#resampler?.sampleRate === sampleRate) return this.#resampler.context;
    this.#resampler?.context.free();
    const context = new SoftwareResampleContext();
    const [to, from] = [
      [STEREO, AV_SAMPLE_FMT_FLTP, SAMPLE_RATE],
      [STEREO, AV_SAMPLE_FMT_FLTP, sampleRate],
    ] as const;
    check(context.allocSetOpts2(...to, ...from), 'set up resampling');
    check(context.init(), 'begin resampling');
    this.#resampler = { context, sampleRate };
    return context;
  }
}

function bytesOf(samples: Float32Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
