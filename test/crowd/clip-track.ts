// A camera or a microphone that plays a clip: what a browser would encode is encoded already.
import { packetize } from '../harness/rtp-publisher.ts';
import type { Clip } from '../harness/test-clip.ts';

/** A packet as a track has it; where it goes gives it a stream and a number. */
export interface Payload {
  data: Buffer;
  timestamp: number;
  /** The last one of a frame. */
  marker: boolean;
}

export interface Played {
  clip: Clip;
  /** Size of a picture. */
  width?: number;
  height?: number;
  /** Whether the microphone hears anything right now; silence is not sent. */
  isLoud?: () => boolean;
}

const TICK_MS = 5;
const packets = new WeakMap<Clip, Buffer[][]>();
const playing = new Set<ClipTrack>();

/** As much of a MediaStreamTrack as clients look at. */
export class ClipTrack extends EventTarget {
  readonly id = crypto.randomUUID();
  readonly kind: 'audio' | 'video';
  readonly enabled = true;
  readyState: MediaStreamTrackState = 'live';
  /** Resolves when there is somewhere to play to. */
  readonly played: Promise<void>;
  readonly #played: Played;
  /** Frames of different tracks are due at different times, as cameras are not in step. */
  readonly #began = performance.now() - Math.random() * 1000;
  readonly #playing = Promise.withResolvers<void>();
  #deliver: ((payload: Payload) => void) | undefined;
  #next = 0;
  /** How far the pictures are ahead of their times, after jumps. */
  #ahead = 0;

  constructor(played: Played) {
    super();
    this.kind = played.clip.codec === 'opus' ? 'audio' : 'video';
    this.#played = played;
    this.played = this.#playing.promise;
  }

  getSettings(): MediaTrackSettings {
    const { width, height } = this.#played;
    return { ...(width && { width }), ...(height && { height }) };
  }

  /** Begins to hand out what is due from now on, from a keyframe. */
  play(deliver: (payload: Payload) => void): void {
    this.#deliver = deliver;
    this.#next = this.#due + 1;
    this.jumpToKeyframe();
    playing.add(this);
    this.#playing.resolve();
  }

  /** Goes on with the nearest keyframe, as an encoder does that is asked for one. */
  jumpToKeyframe(): void {
    const { frames } = this.#played.clip;
    while (!frames[(this.#next + this.#ahead) % frames.length]?.isKey) this.#ahead += 1;
  }

  stop(): void {
    this.readyState = 'ended';
    playing.delete(this);
  }

  /** Hands out what is due. */
  tick(): void {
    const { clip, isLoud } = this.#played;
    for (; this.#next <= this.#due; this.#next++) {
      if (isLoud && !isLoud()) continue;
      const pieces = packetsOf(clip)[(this.#next + this.#ahead) % clip.frames.length] ?? [];
      const timestamp = (this.#next * clip.ticksPerFrame) % 2 ** 32;
      for (const [index, data] of pieces.entries()) {
        this.#deliver?.({ data, timestamp, marker: this.kind === 'video' && index === pieces.length - 1 });
      }
    }
  }

  get #due(): number {
    const { clockRate, ticksPerFrame } = this.#played.clip;
    return Math.floor(((performance.now() - this.#began) * clockRate) / 1000 / ticksPerFrame);
  }
}

/** Plays all tracks, for as long as the process has something else to do: one timer for everybody. */
export function playAll(): void {
  setInterval(() => {
    for (const track of playing) track.tick();
  }, TICK_MS).unref();
}

function packetsOf(clip: Clip): Buffer[][] {
  let all = packets.get(clip);
  if (!all) {
    all = clip.frames.map(({ data, isKey }) => packetize(clip.codec, data, isKey));
    packets.set(clip, all);
  }
  return all;
}
