// Plays HLS by way of hls.js, which is loaded only here.
//
// A live stream has two playlists. The one of the live edge is short and is asked for three times a second; the one
// from the beginning grows with every segment. So the edge is played from the first, and whoever goes back gets the
// second, which is then asked for again only as they come close to what it knows:
//
//   edge ──(seek back, long pause)──▶ rewound ──(to the edge again)──▶ edge
//     └────────────(the stream ends)──▶ whole ◀──┘
import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { Engine, EngineEvents, StreamSource } from './engine.ts';
import { dateAt, timeAt } from './playlist-time.ts';

type HlsClass = typeof Hls;
type Where = 'edge' | 'rewound' | 'whole';

/** Farther behind than this is not live any more. */
const EDGE_SECONDS = 6;
/** A pause that was longer goes on where it began; a shorter one is forgotten. */
const PAUSE_FORGOTTEN_SECONDS = 10;
/** So close to the end of what is known, more of it is needed. */
const LOOK_AHEAD_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 60;
const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 2_000;
/** A server that restarts, or a phone in a tunnel. */
const RETRIES = 30;
/** hls.js's own choice of where to begin. */
const AS_USUAL = -1;

export type OpenHls = (video: HTMLVideoElement, source: StreamSource, events: EngineEvents) => Engine;

/** Answers nothing where the browser lacks what it takes. */
export async function loadHls(): Promise<OpenHls | undefined> {
  const { default: HlsLight } = await import('hls.js/light');
  if (!HlsLight.isSupported()) return undefined;
  return (video, source, events) => new HlsEngine(HlsLight, video, source, events);
}

class HlsEngine implements Engine {
  readonly #class: HlsClass;
  readonly #video: HTMLVideoElement;
  readonly #source: StreamSource;
  readonly #events: EngineEvents;
  readonly #listening = new AbortController();
  #hls: Hls | undefined;
  #where: Where;
  /** When the stream began, in milliseconds since 1970. */
  #began: number;
  /** Date that is being gone to, until something of it is there. */
  #wanted: number | undefined;
  #pausedAt: number | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ended: boolean;

  constructor(hls: HlsClass, video: HTMLVideoElement, source: StreamSource, events: EngineEvents) {
    this.#class = hls;
    this.#video = video;
    this.#source = source;
    this.#events = events;
    this.#began = source.startedAt.getTime();
    this.#ended = !source.live;
    this.#where = source.live ? 'edge' : 'whole';
    const { signal } = this.#listening;
    video.addEventListener('pause', () => this.#paused(), { signal });
    video.addEventListener('timeupdate', () => this.#caughtUp(), { signal });
    video.addEventListener('ended', () => this.#edgeEnded(), { signal });
    this.#load(this.#where);
  }

  get position(): number {
    const { currentTime } = this.#video;
    if (this.#where === 'whole') return currentTime;
    // Where it begins is not known before something plays.
    if (this.#where === 'edge' && currentTime === 0) return this.length;
    const date = this.#wanted ?? dateAt(this.#segments, currentTime);
    return date === undefined ? this.length : Math.max(0, (date - this.#began) / 1000);
  }

  get length(): number {
    if (this.#where === 'whole') return Number.isFinite(this.#video.duration) ? this.#video.duration : 0;
    return Math.max(0, (this.#newest() - this.#began) / 1000);
  }

  get live(): boolean {
    return !this.#ended;
  }

  get atEdge(): boolean {
    return this.live && this.#where === 'edge' && this.length - this.position < EDGE_SECONDS;
  }

  seek(position: number): void {
    if (this.#where === 'whole') {
      this.#video.currentTime = position;
      return;
    }
    const date = this.#began + position * 1000;
    const time = timeAt(this.#segments, date);
    if (this.live && this.length - position < EDGE_SECONDS / 2) this.goLive();
    else if (time !== undefined) this.#video.currentTime = time;
    else this.#load('rewound', position);
  }

  goLive(): void {
    if (!this.live) return;
    const newest = this.#where === 'edge' ? this.#hls?.liveSyncPosition : undefined;
    if (typeof newest === 'number') this.#video.currentTime = newest;
    else this.#load('edge');
  }

  resume(): void {
    const date = this.#pausedAt;
    this.#pausedAt = undefined;
    if (this.#where !== 'edge' || date === undefined) return;
    if (this.#newest() - date > PAUSE_FORGOTTEN_SECONDS * 1000) this.#load('rewound', (date - this.#began) / 1000);
  }

  close(): void {
    this.#listening.abort();
    clearTimeout(this.#retry);
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  get #segments() {
    return this.#hls?.latestLevelDetails?.fragments ?? [];
  }

  /** Date of the newest picture there is by now. */
  #newest(): number {
    const details = this.#hls?.latestLevelDetails;
    const known = details ? dateAt(details.fragments, details.edge) : undefined;
    if (!details || known === undefined) return this.#where === 'edge' ? Date.now() : this.#began;
    // Rewound, the playlist is asked for seldom; the stream goes on meanwhile.
    const since = this.#where === 'rewound' && this.live ? Math.min(details.age, 2 * LONGEST_WAIT_SECONDS) : 0;
    return known + since * 1000;
  }

  /** Plays another playlist, or the same one anew. Without a position it begins where one usually does. */
  #load(where: Where, position?: number): void {
    const isPlaying = !this.#video.paused && !this.#video.ended;
    if (this.#hls) this.#events.leaving();
    clearTimeout(this.#retry);
    this.#hls?.destroy();
    this.#where = where;
    this.#wanted = where === 'rewound' && position !== undefined ? this.#began + position * 1000 : undefined;
    const hls = new this.#class(this.#config(where, position));
    this.#hls = hls;
    const { Events } = this.#class;
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => this.#updated(hls, details.live));
    hls.on(Events.FRAG_BUFFERED, () => this.#flows());
    hls.on(Events.ERROR, (_, { fatal, type, response }) => {
      if (fatal) this.#failed(hls, type === this.#class.ErrorTypes.MEDIA_ERROR, response?.code);
    });
    hls.attachMedia(this.#video);
    hls.loadSource(where === 'edge' ? this.#source.liveUrl : this.#source.playbackUrl);
    // Another source pauses a video.
    if (isPlaying) void this.#video.play().catch(() => undefined);
  }

  #config(where: Where, position = where === 'edge' ? AS_USUAL : 0): Partial<HlsConfig> {
    return {
      // Segments are what media sources take: nothing is left to do for a worker.
      enableWorker: false,
      // From a single segment and parts of the next, hls.js loads the first one over and over.
      initialLiveManifestSize: 2,
      lowLatencyMode: where === 'edge',
      maxLiveSyncPlaybackRate: 1.2,
      backBufferLength: 60,
      startPosition: position,
      ...(where === 'rewound' ? { pLoader: this.#patientLoader() } : {}),
    };
  }

  /** Asks for the long playlist again only when what it knows is running out. */
  #patientLoader(): NonNullable<HlsConfig['pLoader']> {
    const isNeeded = () => this.#knownAhead() < LOOK_AHEAD_SECONDS;
    return class extends (this.#class.DefaultConfig.loader as new (config: HlsConfig) => PlaylistLoader) {
      #timer: ReturnType<typeof setTimeout> | undefined;

      override load(...wish: Parameters<PlaylistLoader['load']>): void {
        // By this a second wish for the same is told from another one.
        [this.context] = wish;
        const latest = Date.now() + LONGEST_WAIT_SECONDS * 1000;
        const look = () => {
          if (isNeeded() || Date.now() >= latest) super.load(...wish);
          else this.#timer = setTimeout(look, LOOK_EVERY_MS);
        };
        look();
      }

      override abort(): void {
        clearTimeout(this.#timer);
        super.abort();
      }

      override destroy(): void {
        clearTimeout(this.#timer);
        super.destroy();
      }
    } as unknown as NonNullable<HlsConfig['pLoader']>;
  }

  /** Seconds between what is seen and the end of what the playlist knows. */
  #knownAhead(): number {
    return (this.#hls?.latestLevelDetails?.edge ?? 0) - this.#video.currentTime;
  }

  #updated(hls: Hls, isLive: boolean): void {
    if (hls !== this.#hls) return;
    const [first] = this.#segments;
    if (this.#where === 'rewound' && first?.programDateTime) this.#began = first.programDateTime;
    this.#findWanted();
    if (isLive || this.#ended) return;
    this.#ended = true;
    if (this.#where === 'rewound') this.#where = 'whole';
    this.#events.streamEnded();
  }

  /** Breaks shift what was filmed when; only the playlist knows them. */
  #findWanted(): void {
    if (this.#wanted === undefined) return;
    const time = timeAt(this.#segments, this.#wanted);
    if (time !== undefined && Math.abs(time - this.#video.currentTime) > 1) this.#video.currentTime = time;
  }

  #flows(): void {
    this.#wanted = undefined;
    this.#failures = 0;
    this.#events.troubled(undefined, false);
  }

  #paused(): void {
    if (this.#where === 'edge') this.#pausedAt = dateAt(this.#segments, this.#video.currentTime);
  }

  /** Whoever watches faster than the stream goes on is live in the end. */
  #caughtUp(): void {
    const { paused } = this.#video;
    if (this.#where !== 'rewound' || paused || this.#wanted !== undefined) return;
    if (this.length - this.position < EDGE_SECONDS / 2) this.#load('edge');
  }

  /** The playlist of the edge has only the last moments: from here on there is the whole. */
  #edgeEnded(): void {
    if (this.#where === 'edge') this.#load('whole');
  }

  #failed(hls: Hls, isMedia: boolean, status: number | undefined): void {
    if (hls !== this.#hls) return;
    this.#failures += 1;
    if (status === 404 && this.#failures > 1) {
      this.#events.troubled('It is not there any more.', true);
    } else if (this.#failures > RETRIES) {
      this.#events.troubled('The server cannot be reached.', true);
    } else if (isMedia && this.#failures <= 2) {
      hls.recoverMediaError();
    } else if (isMedia) {
      this.#events.troubled('The browser could not play it.', true);
    } else {
      this.#events.troubled('The connection was lost. Trying again…', false);
      const position = this.#where === 'edge' ? undefined : this.position;
      this.#retry = setTimeout(() => this.#load(this.#where, position), RETRY_MS);
    }
  }
}

interface PlaylistLoader {
  context: unknown;
  load(context: unknown, config: unknown, callbacks: unknown): void;
  abort(): void;
  destroy(): void;
}
