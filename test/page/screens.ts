// Plays what arrives, as an app would, and counts the frames that were really shown.
import type { FramesWanted, Picture } from '../harness/sdk-page-api.ts';

/** Small, because drawing costs the same machine that everything else of a test runs on. */
const WIDTH_PX = 160;

class Screen {
  readonly #video = document.createElement('video');
  readonly #watchers = new Set<(width: number) => void>();
  readonly #onFrame: () => void;
  frames = 0;

  constructor(onFrame: () => void) {
    this.#onFrame = onFrame;
    this.#video.muted = true;
    this.#video.autoplay = true;
    this.#video.width = WIDTH_PX;
    document.body.append(this.#video);
    this.#count();
  }

  show(track: MediaStreamTrack | undefined): void {
    this.#video.srcObject = track ? new MediaStream([track]) : null;
  }

  get picture(): Picture {
    const { videoWidth: width, videoHeight: height } = this.#video;
    return { frames: this.frames, width, height };
  }

  /** Settles with the last of so many frames in a row of the wanted width. */
  awaitFrames(wanted: FramesWanted): Promise<Picture> {
    return new Promise((resolve) => {
      let left = wanted.frames;
      const watch = (width: number) => {
        left = wanted.width === undefined || width === wanted.width ? left - 1 : wanted.frames;
        if (left > 0) return;
        this.#watchers.delete(watch);
        resolve(this.picture);
      };
      this.#watchers.add(watch);
    });
  }

  #count(): void {
    this.#video.requestVideoFrameCallback((_now, { width }) => {
      this.frames += 1;
      this.#onFrame();
      for (const watch of [...this.#watchers]) watch(width);
      this.#count();
    });
  }
}

const screens = new Map<string, Screen>();
const speakers = new Map<string, HTMLAudioElement>();
let frameListener: () => void = () => undefined;

export function onFrame(listener: () => void): void {
  frameListener = listener;
}

/** The screen for a participant's stream, which stays while the stream comes and goes. */
export function screenOf(id: string, kind: string): Screen {
  const key = `${id} ${kind}`;
  let screen = screens.get(key);
  if (!screen) {
    screen = new Screen(() => frameListener());
    screens.set(key, screen);
  }
  return screen;
}

/** Sound is decoded only when something plays it. */
export function playSound(id: string, kind: string, track: MediaStreamTrack | undefined): void {
  const key = `${id} ${kind}`;
  let speaker = speakers.get(key);
  if (!speaker) {
    speaker = document.createElement('audio');
    speaker.autoplay = true;
    document.body.append(speaker);
    speakers.set(key, speaker);
  }
  speaker.srcObject = track ? new MediaStream([track]) : null;
}

/** The track that is being played of a participant. */
export function soundOf(id: string, kind: string): MediaStreamTrack | undefined {
  const source = speakers.get(`${id} ${kind}`)?.srcObject;
  return source instanceof MediaStream ? source.getAudioTracks()[0] : undefined;
}
