// One microphone or the sound of one screen.
import { SAMPLE_RATE } from '../ffmpeg.ts';
import type { ReceivedFrame } from '../rtp/stream-receiver.ts';
import type { Mixer } from '../sound/mixer.ts';
import { OpusDecoder } from './opus-decoder.ts';
import { Voice } from './voice.ts';

export class AudioSource {
  readonly #decoder = new OpusDecoder();
  readonly #voice: Voice;
  readonly #beganAtMs: number;
  #isClosed = false;
  isPaused = false;

  /** `beganAtMs` is when position 0 of the mixer was, on our clock. */
  constructor(mixer: Mixer, beganAtMs: number) {
    this.#voice = new Voice(mixer);
    this.#beganAtMs = beganAtMs;
  }

  get jumps(): number {
    return this.#voice.jumps;
  }

  push(frame: ReceivedFrame): void {
    if (this.#isClosed || this.isPaused) return;
    let { position } = frame;
    let offsetMs = frame.capturedAtMs - this.#beganAtMs;
    this.#decoder.decode(frame.data, (left, right, count) => {
      this.#voice.add(position, (offsetMs * SAMPLE_RATE) / 1000, left, right, count);
      position += count;
      offsetMs += (count * 1000) / SAMPLE_RATE;
    });
  }

  flushBefore(position: number): void {
    this.#voice.flushBefore(position);
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#voice.flushBefore(Infinity);
    this.#decoder.close();
  }
}
