// One playing of a source in a video element: what the controls show, and what they do.
import { Observable } from '../client/observable.ts';
import type { Engine, EngineEvents, Source } from './engine.ts';
import { loadHls } from './hls-engine.ts';
import { PlainEngine } from './plain-engine.ts';

export interface PlaybackState {
  /** `loading` until there is a first picture. */
  phase: 'loading' | 'paused' | 'playing' | 'ended';
  /** Playing waits for the network. */
  buffering: boolean;
  /** Seconds since the beginning. */
  position: number;
  length: number;
  live: boolean;
  atEdge: boolean;
  muted: boolean;
  volume: number;
  /** The browser plays without sound only until somebody asks for it. */
  silenced: boolean;
  rate: number;
  /** What stands in the way, in words; `failed` when nothing more is tried. */
  trouble: string | undefined;
  failed: boolean;
}

const INITIAL: PlaybackState = {
  phase: 'loading',
  buffering: false,
  position: 0,
  length: 0,
  live: false,
  atEdge: false,
  muted: false,
  volume: 1,
  silenced: false,
  rate: 1,
  trouble: undefined,
  failed: false,
};

/** The bar of a live stream moves on while nothing plays. */
const TICK_MS = 1_000;
const VOLUME_KEPT_AS = 'roomful.volume';

export interface PlaybackOptions {
  autoplay: boolean;
  /** The picture is about to vanish until another source has one. */
  onLeaving: () => void;
  /** The stream has ended, or something stands in its way: the server may know more. */
  onInterrupted: () => void;
}

export class Playback {
  readonly state = new Observable<PlaybackState>(INITIAL);
  readonly #video: HTMLVideoElement;
  readonly #options: PlaybackOptions;
  readonly #listening = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #engine: Engine | undefined;
  #closed = false;

  constructor(video: HTMLVideoElement, source: Source, options: PlaybackOptions) {
    this.#video = video;
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), TICK_MS);
    const { volume, muted } = keptVolume();
    video.volume = volume;
    video.muted = muted;
    this.#listen();
    void this.#open(source);
  }

  toggle(): void {
    if (this.#video.paused || this.#video.ended) this.play();
    else this.#video.pause();
  }

  play(): void {
    this.#engine?.resume();
    void this.#start(false);
  }

  seek(position: number): void {
    const { length } = this.state.get();
    this.#engine?.seek(Math.max(0, Math.min(position, length)));
    this.#look();
  }

  skip(seconds: number): void {
    this.seek((this.#engine?.position ?? 0) + seconds);
  }

  goLive(): void {
    this.#engine?.goLive();
    void this.#start(false);
  }

  setMuted(muted: boolean): void {
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    keepVolume(this.#video);
    this.state.patch({ silenced: false });
  }

  setVolume(volume: number): void {
    this.#video.volume = Math.max(0, Math.min(1, volume));
    this.#video.muted = volume <= 0;
    keepVolume(this.#video);
    this.state.patch({ silenced: false });
  }

  setRate(rate: number): void {
    this.#video.playbackRate = rate;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#listening.abort();
    this.#engine?.close();
    this.#engine = undefined;
  }

  async #open(source: Source): Promise<void> {
    const events = this.#engineEvents();
    try {
      const open = source.kind === 'stream' ? await loadHls() : undefined;
      if (this.#closed) return;
      if (source.kind === 'file') this.#engine = new PlainEngine(this.#video, source.url, false, events);
      else if (open) this.#engine = open(this.#video, source, events);
      else this.#engine = new PlainEngine(this.#video, source.playbackUrl, source.live, events);
    } catch {
      events.troubled('The player could not be loaded.', true);
      return;
    }
    if (this.#options.autoplay) await this.#start(true);
  }

  #engineEvents(): EngineEvents {
    return {
      leaving: () => this.#options.onLeaving(),
      streamEnded: () => {
        this.#look();
        this.#options.onInterrupted();
      },
      troubled: (trouble, failed) => {
        if (this.#closed) return;
        this.state.patch({ trouble, failed: trouble !== undefined && failed });
        if (trouble !== undefined) this.#options.onInterrupted();
      },
    };
  }

  /** Browsers that refuse sound to a page nobody has touched yet let it play in silence. */
  async #start(mayBeSilent: boolean): Promise<void> {
    const video = this.#video;
    try {
      await video.play();
    } catch (error) {
      if ((error as DOMException).name !== 'NotAllowedError' || !mayBeSilent || video.muted || this.#closed) return;
      video.muted = true;
      this.state.patch({ silenced: true });
      await video.play().catch(() => undefined);
    }
  }

  #listen(): void {
    const on = (names: string, then: () => void) => {
      for (const name of names.split(' ')) this.#video.addEventListener(name, then, { signal: this.#listening.signal });
    };
    on('timeupdate durationchange progress seeking seeked', () => this.#look());
    on('loadeddata', () => this.#phase(this.#video.paused ? 'paused' : 'playing'));
    on('play playing', () => this.#phase('playing'));
    on('pause', () => this.state.get().phase === 'playing' && !this.#video.ended && this.#phase('paused'));
    on('ended', () => this.#phase('ended'));
    on('waiting', () => this.state.patch({ buffering: true }));
    on('playing canplay', () => this.state.patch({ buffering: false }));
    on('ratechange', () => this.state.patch({ rate: this.#video.playbackRate }));
    on('volumechange', () => this.#sound());
    this.#sound();
  }

  #phase(phase: PlaybackState['phase']): void {
    // Another source of the same stream begins with its first picture, which nobody has asked to see.
    if (phase === 'paused' && this.state.get().phase === 'ended') return;
    this.state.patch({ phase });
    this.#look();
  }

  #sound(): void {
    const { muted, volume } = this.#video;
    this.state.patch({ muted, volume });
  }

  #look(): void {
    const engine = this.#engine;
    if (!engine) return;
    const { length, live, atEdge } = engine;
    const position = Math.min(engine.position, length);
    const now = this.state.get();
    const same = now.position === position && now.length === length && now.live === live && now.atEdge === atEdge;
    if (!same) this.state.patch({ position, length, live, atEdge });
  }
}

function keptVolume(): { volume: number; muted: boolean } {
  try {
    const { volume = 1, muted = false } = JSON.parse(localStorage.getItem(VOLUME_KEPT_AS) ?? '{}');
    return { volume: Math.max(0, Math.min(1, Number(volume) || 0)), muted: muted === true };
  } catch {
    return { volume: 1, muted: false };
  }
}

function keepVolume({ volume, muted }: HTMLVideoElement): void {
  try {
    localStorage.setItem(VOLUME_KEPT_AS, JSON.stringify({ volume, muted }));
  } catch {
    // A browser that keeps nothing.
  }
}
