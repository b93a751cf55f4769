// What this participant sends: follows the own devices, one step at a time for each kind, and measures how well it
// goes out.
import type { StreamKind } from '../../../src/protocol/stream-kinds.ts';
import type { LocalMedia, LocalMediaState } from './local-media.ts';
import type { MediaLink } from './media-link.ts';
import type { MeetingState, Participant, Stream } from './meeting-state.ts';
import { lossBetween, type Quality, qualityOf } from './quality.ts';
import { updated } from './reactions.ts';

const STATS_INTERVAL_MS = 4_000;

const NAME_OF_KIND: Record<StreamKind, string> = {
  audio: 'microphone',
  video: 'camera',
  share: 'screen',
  shareAudio: 'screen’s sound',
};

export interface OwnStreamsListener {
  /** A track could not be sent: what the participant and what the server should know. Must not reject. */
  failed(notice: string, report: { mediaType: StreamKind; message: string }): Promise<void>;
  measured(quality: Quality): void;
}

export class OwnStreams {
  /** mediasoup's score of what is sent. */
  score: number | undefined;
  readonly #media: Pick<LocalMedia, 'state'>;
  readonly #listener: OwnStreamsListener;
  readonly #sending: Record<StreamKind, Promise<void>> = {
    audio: Promise.resolve(),
    video: Promise.resolve(),
    share: Promise.resolve(),
    shareAudio: Promise.resolve(),
  };
  #link: MediaLink | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #counted: Awaited<ReturnType<MediaLink['count']>> | undefined;

  constructor(media: Pick<LocalMedia, 'state'>, listener: OwnStreamsListener) {
    this.#media = media;
    this.#listener = listener;
  }

  /** Sends over this connection from now on. */
  start(link: MediaLink): void {
    this.stop();
    this.#link = link;
    this.#timer = setInterval(() => void this.#measure(), STATS_INTERVAL_MS);
    this.sync();
  }

  stop(): void {
    this.#link = undefined;
    clearInterval(this.#timer);
  }

  /** Sends what the devices give now. */
  sync(): void {
    for (const kind of Object.keys(this.#sending) as StreamKind[]) this.#syncKind(kind);
  }

  /** Clicks may come faster than answers: each step waits for the one before it, and sends what is wanted by then. */
  #syncKind(kind: StreamKind): void {
    if (!this.#link) return;
    this.#sending[kind] = this.#sending[kind].then(async () => {
      const link = this.#link;
      if (!link) return;
      try {
        await send(link, kind, tracksOf(this.#media.state.get())[kind]);
      } catch (error) {
        if (link !== this.#link) return;
        const notice = `Your ${NAME_OF_KIND[kind]} could not be sent: ${(error as Error).message}`;
        await this.#listener.failed(notice, { mediaType: kind, message: String(error) });
      }
    });
  }

  async #measure(): Promise<void> {
    const link = this.#link;
    const now = await link?.count().catch(() => undefined);
    if (!now || link !== this.#link) return;
    const before = this.#counted?.of === now.of ? this.#counted : undefined;
    this.#counted = now;
    const lossRatio = before && lossBetween(before, now);
    this.#listener.measured(qualityOf({ rttMs: now.rttMs, lossRatio, score: this.score }));
  }
}

/** The state after the own devices have changed. */
export function withOwnDevices(state: MeetingState, ownId: string, devices: LocalMediaState): MeetingState {
  const { audio, video, share, shareAudio } = tracksOf(devices);
  const streams: Record<StreamKind, Stream | undefined> = {
    audio: ownStream(audio),
    video: ownStream(video),
    share: ownStream(share),
    shareAudio: ownStream(shareAudio),
  };
  const on = { audio: !!audio, video: !!video, share: !!share, shareAudio: !!shareAudio };
  return updated(state, ownId, (it) => ({ ...it, on, streams: streams as Participant['streams'] }));
}

function tracksOf({ mic, camera, screen }: LocalMediaState): Record<StreamKind, MediaStreamTrack | undefined> {
  return { audio: mic.track, video: camera.track, share: screen?.video, shareAudio: screen?.audio };
}

function ownStream(track: MediaStreamTrack | undefined): Stream | undefined {
  return track && { track, consumerId: undefined, picture: {}, quality: 'good' };
}

async function send(link: MediaLink, kind: StreamKind, track: MediaStreamTrack | undefined): Promise<void> {
  const producer = link.producers.get(kind);
  if (!track) await link.unpublish(kind);
  else if (!producer) await link.publish(kind, track);
  else if (producer.track !== track) await producer.replaceTrack({ track });
}
