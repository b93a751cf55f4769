// What the browser plays by itself: files, and HLS where it needs no help (Safari, iOS).
import type { Engine, EngineEvents } from './engine.ts';

/** Seconds behind the newest that still count as live: a browser buffers three segments by itself. */
const EDGE_SECONDS = 10;

export class PlainEngine implements Engine {
  readonly #video: HTMLVideoElement;
  readonly #wasLive: boolean;
  readonly #events: EngineEvents;
  readonly #listening = new AbortController();

  constructor(video: HTMLVideoElement, url: string, live: boolean, events: EngineEvents) {
    this.#video = video;
    this.#wasLive = live;
    this.#events = events;
    const { signal } = this.#listening;
    video.addEventListener('error', () => this.#failed(), { signal });
    video.addEventListener('durationchange', () => live && !this.live && events.streamEnded(), { signal });
    video.src = url;
  }

  get position(): number {
    return Math.max(0, this.#video.currentTime - this.#begin);
  }

  get length(): number {
    const { duration } = this.#video;
    return Number.isFinite(duration) ? duration : Math.max(0, this.#end - this.#begin);
  }

  get live(): boolean {
    return this.#wasLive && !Number.isFinite(this.#video.duration);
  }

  get atEdge(): boolean {
    return this.live && this.#end - this.#video.currentTime < EDGE_SECONDS;
  }

  seek(position: number): void {
    this.#video.currentTime = this.#begin + position;
  }

  goLive(): void {
    this.#video.currentTime = this.#end;
  }

  resume(): void {}

  close(): void {
    this.#listening.abort();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  get #begin(): number {
    const { seekable } = this.#video;
    return this.live && seekable.length > 0 ? seekable.start(0) : 0;
  }

  get #end(): number {
    const { seekable } = this.#video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : 0;
  }

  #failed(): void {
    const isGone = this.#video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
    const words = isGone ? 'It could not be loaded. It may have been deleted.' : 'The browser could not play it.';
    this.#events.troubled(words, true);
  }
}
