// Gathers packets and makes fragments of them. A picture lasts until the next one comes, so a fragment is cut when the
// first picture that is not in it is there.
import { type AudioTrack, type EncodedPacket, VIDEO_CLOCK, type VideoTrack } from '../encode/packet.ts';
import { SAMPLE_RATE } from '../ffmpeg.ts';
import { toLengthPrefixed } from './annex-b.ts';
import { AUDIO_TRACK_ID, fragment, initSegment, type Sample, VIDEO_TRACK_ID } from './boxes.ts';

export interface Fragment {
  data: Buffer;
  /** Seconds. */
  begin: number;
  duration: number;
  /** A player can begin with it. */
  isIndependent: boolean;
}

interface PendingSample extends Sample {
  time: number;
}

const LAST_FRAME_TICKS = VIDEO_CLOCK / 30;

export class Fragmenter {
  readonly #hasVideo: boolean;
  readonly initSegment: Buffer;
  #video: PendingSample[] = [];
  #audio: PendingSample[] = [];
  #sequence = 0;

  constructor(video: VideoTrack | undefined, audio: AudioTrack) {
    this.#hasVideo = video !== undefined;
    this.initSegment = initSegment(video, audio);
  }

  add({ kind, data, time, duration, isKey }: EncodedPacket): void {
    if (kind === 'audio') this.#audio.push({ data, time, duration, isKey });
    else this.#video.push({ data: toLengthPrefixed(data), time, duration, isKey });
  }

  /** Seconds of the track that leads (pictures, else sound) gathered so far, when the next packet begins at `nextTime`. */
  lengthAt(nextTime: number): number {
    const first = this.#leading[0];
    return first ? (nextTime - first.time) / this.#clock : 0;
  }

  /** Everything gathered; `nextTime` is when the leading track goes on, if it does. */
  cut(nextTime?: number): Fragment | undefined {
    const first = this.#leading[0];
    const last = this.#leading.at(-1);
    if (!first || !last) return undefined;
    const fallback = this.#hasVideo ? LAST_FRAME_TICKS : last.duration;
    const end = nextTime ?? last.time + fallback;
    this.#video.forEach((sample, index, all) => {
      sample.duration = Math.max(1, (all[index + 1]?.time ?? end) - sample.time);
    });
    this.#sequence += 1;
    const data = fragment(this.#sequence, [
      { trackId: VIDEO_TRACK_ID, decodeTime: this.#video[0]?.time ?? 0, samples: this.#video },
      { trackId: AUDIO_TRACK_ID, decodeTime: this.#audio[0]?.time ?? 0, samples: this.#audio },
    ]);
    this.#video = [];
    this.#audio = [];
    const clock = this.#clock;
    return { data, begin: first.time / clock, duration: (end - first.time) / clock, isIndependent: first.isKey };
  }

  get #leading(): PendingSample[] {
    return this.#hasVideo ? this.#video : this.#audio;
  }

  get #clock(): number {
    return this.#hasVideo ? VIDEO_CLOCK : SAMPLE_RATE;
  }
}
