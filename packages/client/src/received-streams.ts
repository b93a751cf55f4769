// What this participant receives: the streams that the server offers, and in which layers they are wanted.
import type { ServerRequests } from '../../../src/protocol/signaling.ts';
import type { StreamKind } from '../../../src/protocol/stream-kinds.ts';
import type { MediaLink } from './media-link.ts';
import type { Stream } from './meeting-state.ts';
import { type LayerRequest, Views } from './views.ts';

type Offer = ServerRequests['newConsumer'];

export class ReceivedStreams {
  readonly #views: Views;
  readonly #received: (peerId: string, kind: StreamKind, stream: Stream) => void;
  #link: MediaLink | undefined;

  constructor(request: LayerRequest, received: (peerId: string, kind: StreamKind, stream: Stream) => void) {
    this.#views = new Views(request);
    this.#received = received;
  }

  /** Receives over this connection from now on. */
  start(link: MediaLink): void {
    this.#link = link;
  }

  stop(): void {
    this.#link = undefined;
    this.#views.forgetStreams();
  }

  close(): void {
    this.stop();
    this.#views.close();
  }

  setViewSize(id: string, kind: 'video' | 'share', size: { width: number; height: number } | undefined): void {
    this.#views.set(`${id} ${kind}`, size);
  }

  async accept(offer: Offer): Promise<void> {
    const link = this.#link;
    if (!link) throw new Error('There is no connection for media.');
    const { id: consumerId, track } = await link.consume(offer);
    if (link !== this.#link) return;
    const kind = kindOf(offer);
    const { peerId, appData: picture } = offer;
    this.#received(peerId, kind, { track, consumerId, picture, quality: 'good' });
    if (kind === 'video' || kind === 'share') this.#views.streamArrived(`${peerId} ${kind}`, { consumerId, picture });
  }

  closed(consumerId: string): void {
    this.#link?.consumers.get(consumerId)?.close();
    this.#views.streamGone(consumerId);
  }

  paused(consumerId: string): void {
    this.#link?.consumers.get(consumerId)?.pause();
  }

  resumed(consumerId: string): void {
    this.#link?.consumers.get(consumerId)?.resume();
  }
}

function kindOf({ kind, appData }: Offer): StreamKind {
  const share = appData.share === true;
  if (kind === 'audio') return share ? 'shareAudio' : 'audio';
  return share ? 'share' : 'video';
}
