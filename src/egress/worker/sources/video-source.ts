// One camera or screen: encoded frames wait here until the canvas reaches their time.
import type { ReceivedFrame } from '../rtp/stream-receiver.ts';
import { type Picture, VideoDecoder } from './video-decoder.ts';

export interface VideoSourceOptions {
  mimeType: string;
  requestKey(): void;
}

/** Three seconds at 60 frames; more means that the clock of the sender is wrong. */
const MAX_WAITING_FRAMES = 180;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export class VideoSource {
  readonly #options: VideoSourceOptions;
  readonly #decoder: VideoDecoder;
  #waiting: ReceivedFrame[] = [];
  #waitingBytes = 0;
  #needsKey = true;
  #isClosed = false;
  isPaused = false;
  /** Counts the pictures, so that a painter knows whether it has painted this one. */
  version = 0;
  rotation: ReceivedFrame['rotation'] = 0;
  /** When the picture that shows now was captured, on our clock. */
  shownAtMs = -Infinity;

  constructor(options: VideoSourceOptions) {
    this.#options = options;
    this.#decoder = new VideoDecoder(options.mimeType);
  }

  /** What there is to see; nothing before the first picture and while paused. */
  get picture(): Picture | undefined {
    return this.isPaused || this.version === 0 ? undefined : this.#decoder.picture;
  }

  push(frame: ReceivedFrame): void {
    if (this.#isClosed || this.isPaused) return;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.data.length;
    if (this.#waiting.length > MAX_WAITING_FRAMES || this.#waitingBytes > MAX_WAITING_BYTES) this.#beginAnew();
  }

  /** Decodes everything captured up to `timeMs`. */
  advanceTo(timeMs: number): void {
    let next = this.#waiting[0];
    while (next && next.capturedAtMs <= timeMs) {
      this.#waiting.shift();
      this.#waitingBytes -= next.data.length;
      this.#decode(next);
      next = this.#waiting[0];
    }
  }

  /** A paused source shows nothing, and what it shows afterwards begins with a keyframe. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    this.version = 0;
    this.#beginAnew();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    this.#decoder.close();
  }

  #decode(frame: ReceivedFrame): void {
    if (frame.isKey) this.#needsKey = false;
    if (this.#needsKey) return;
    const result = this.#decoder.decode(frame.data);
    if (result === 'broken') {
      this.#needsKey = true;
      this.#options.requestKey();
    } else if (result === 'shown') {
      this.version += 1;
      this.rotation = frame.rotation;
      this.shownAtMs = frame.capturedAtMs;
    }
  }

  #beginAnew(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#needsKey = true;
    if (!this.isPaused) this.#options.requestKey();
  }
}
