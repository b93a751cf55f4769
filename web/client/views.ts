// How large each remote picture is shown, turned into layers asked for and streams paused.
import type { RequestData } from '../../src/protocol/signaling.ts';
import { layerFor, type SentPicture } from './sizing.ts';

/** Tiles come, go and change size in bursts; the server is asked once they have settled. */
const SETTLE_MS = 200;
const HIGHEST_TEMPORAL_LAYER = 2;

interface RemotePicture {
  consumerId: string;
  picture: SentPicture;
  paused: boolean;
  layer: number | undefined;
}

type Ask = <N extends 'setConsumerPreferredLayers' | 'pauseConsumer' | 'resumeConsumer'>(
  method: N,
  data: RequestData<N>,
) => Promise<unknown>;

export class Views {
  readonly #ask: Ask;
  readonly #sizes = new Map<string, { width: number; height: number }>();
  readonly #streams = new Map<string, RemotePicture>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  set(key: string, size: { width: number; height: number } | undefined): void {
    if (size) this.#sizes.set(key, size);
    else this.#sizes.delete(key);
    this.#schedule();
  }

  streamArrived(key: string, stream: { consumerId: string; picture: SentPicture }): void {
    this.#streams.set(key, { ...stream, paused: false, layer: undefined });
    this.#schedule();
  }

  streamGone(key: string): void {
    this.#streams.delete(key);
  }

  forgetStreams(): void {
    this.#streams.clear();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#streams.clear();
    this.#sizes.clear();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const [key, stream] of this.#streams) this.#adjust(stream, this.#sizes.get(key));
    }, SETTLE_MS);
  }

  /** The server is not told twice; a request that fails is forgotten, so that the next change asks again. */
  #adjust(stream: RemotePicture, size: { width: number; height: number } | undefined): void {
    const { consumerId } = stream;
    if (!size) {
      if (stream.paused) return;
      stream.paused = true;
      this.#ask('pauseConsumer', { consumerId }).catch(() => {
        stream.paused = false;
      });
      return;
    }
    const layer = layerFor(size, stream.picture);
    if (layer !== stream.layer) {
      stream.layer = layer;
      const wish = { consumerId, spatialLayer: layer, temporalLayer: HIGHEST_TEMPORAL_LAYER };
      this.#ask('setConsumerPreferredLayers', wish).catch(() => {
        stream.layer = undefined;
      });
    }
    if (stream.paused) {
      stream.paused = false;
      this.#ask('resumeConsumer', { consumerId }).catch(() => {
        stream.paused = true;
      });
    }
  }
}
