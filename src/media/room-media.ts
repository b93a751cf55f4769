// A room on the SFU: where its peers are placed and who speaks.
import { EventEmitter } from 'node:events';
import type { AudioLevelObserver } from 'mediasoup/types';
import type { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';
import type { PeerMedia, Publication } from './peer-media.ts';

interface RoomMediaEvents {
  /** Emitted when somebody else is the loudest, or (null) when everybody has fallen silent. */
  activeSpeaker: [peer: PeerMedia | null];
}

/**
 * SDKs send audio packets of 30 to 60 ms with DTX, and the observer ignores producers with fewer than ten packets in
 * an interval, so it has to listen for about a second.
 */
const SPEAKER_INTERVAL_MS = 900;
const SPEAKER_THRESHOLD_DBVO = -65;

export class RoomMedia extends EventEmitter<RoomMediaEvents> {
  readonly #media: Media;
  #home: MediaWorker;
  /** One observer for each worker that the room's microphones are on, and the loudest it heard last. */
  readonly #observers = new Map<MediaWorker, Observing>();
  readonly #speakers = new Map<string, PeerMedia>();
  #active: PeerMedia | null = null;
  #closed = false;

  constructor(media: Media, home: MediaWorker) {
    super();
    this.#media = media;
    this.#home = home;
  }

  openPeer(): PeerMedia {
    if (this.#home.worker.closed) this.#moveHome();
    return this.#media.openPeer(this.#home);
  }

  /** Listens to a microphone for the active speaker. */
  async observe(peer: PeerMedia, publication: Publication): Promise<void> {
    if (this.#closed) return;
    this.#speakers.set(publication.producer.id, peer);
    publication.producer.observer.once('close', () => this.#speakers.delete(publication.producer.id));
    const observer = await this.#observerOn(publication.worker);
    // The producer may have closed while the observer was made.
    await observer.addProducer({ producerId: publication.producer.id }).catch(ignoreGone);
  }

  /** Stops listening to a microphone whose owner went to another room with it. */
  unobserve(publication: Publication): void {
    if (!this.#speakers.delete(publication.producer.id)) return;
    const entry = this.#observers.get(publication.worker);
    entry?.observer
      .then((observer) => observer.removeProducer({ producerId: publication.producer.id }))
      .catch(ignoreGone);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#home.rooms -= 1;
    for (const { observer } of this.#observers.values()) observer.then((it) => it.close()).catch(ignoreGone);
    this.removeAllListeners();
  }

  #moveHome(): void {
    const fresh = this.#media.openRoom();
    this.#home = fresh.#home;
  }

  #observerOn(worker: MediaWorker): Promise<AudioLevelObserver> {
    const known = this.#observers.get(worker);
    if (known) return known.observer;
    const entry: Observing = { observer: this.#makeObserver(worker), loudest: undefined };
    this.#observers.set(worker, entry);
    // The next microphone tries again.
    entry.observer.catch(() => this.#observers.delete(worker));
    return entry.observer;
  }

  async #makeObserver(worker: MediaWorker): Promise<AudioLevelObserver> {
    const observer = await worker.router.createAudioLevelObserver({
      maxEntries: 1,
      threshold: SPEAKER_THRESHOLD_DBVO,
      interval: SPEAKER_INTERVAL_MS,
    });
    const heard = (loudest: Loudest | undefined) => {
      const entry = this.#observers.get(worker);
      if (entry) entry.loudest = loudest;
      this.#chooseSpeaker();
    };
    observer.on('volumes', ([first]) => {
      const peer = first && this.#speakers.get(first.producer.id);
      heard(peer && first ? { peer, volume: first.volume } : undefined);
    });
    observer.on('silence', () => heard(undefined));
    observer.observer.once('close', () => this.#observers.delete(worker));
    return observer;
  }

  #chooseSpeaker(): void {
    let loudest: Loudest | undefined;
    for (const entry of this.#observers.values()) {
      if (entry.loudest && (!loudest || entry.loudest.volume > loudest.volume)) loudest = entry.loudest;
    }
    const active = loudest?.peer ?? null;
    if (active === this.#active) return;
    this.#active = active;
    this.emit('activeSpeaker', active);
  }
}

interface Loudest {
  peer: PeerMedia;
  volume: number;
}

interface Observing {
  observer: Promise<AudioLevelObserver>;
  loudest: Loudest | undefined;
}

/** The observer, its producer or the worker of both has closed meanwhile: there is nothing left to do. */
function ignoreGone(): void {}
