// Which worker a room and its peers go to, and who is on each.
import { notYetReady } from '../errors.ts';
import type { MediaWorker } from './media-worker.ts';
import { PeerMedia } from './peer-media.ts';
import type { Pipes } from './pipes.ts';

export interface PlacementOptions {
  /** Workers that run now. */
  workers(): readonly MediaWorker[];
  pipes: Pipes;
  /** Consumers a worker may carry before new peers of its rooms are placed on other workers. */
  consumersPerWorker?: number | undefined;
}

/** About what one core forwards comfortably: 22 people who all see and hear each other. */
const CONSUMERS_PER_WORKER = 1000;

/** What a worker has to do now. */
export interface WorkerLoad {
  index: number;
  pid: number;
  rooms: number;
  peers: number;
  /** Consumers and data consumers that it forwards to. */
  consumers: number;
}

interface Load {
  rooms: number;
  readonly peers: Set<PeerMedia>;
}

export class Placement {
  readonly #options: PlacementOptions;
  readonly #loads = new WeakMap<MediaWorker, Load>();

  constructor(options: PlacementOptions) {
    this.#options = options;
  }

  /** Throws when no worker runs at the moment. */
  leastLoaded(): MediaWorker {
    const [first, ...rest] = this.#options.workers();
    if (!first) throw notYetReady('The media server is being restarted; try again in a moment.');
    const load = (worker: MediaWorker) => this.#consumersOn(worker) + this.#loadOf(worker).rooms;
    return rest.reduce((least, worker) => (load(worker) < load(least) ? worker : least), first);
  }

  /** The worker for one more room, on which it counts until `removeRoom`. */
  placeRoom(): MediaWorker {
    const worker = this.leastLoaded();
    this.#loadOf(worker).rooms += 1;
    return worker;
  }

  removeRoom(worker: MediaWorker): void {
    this.#loadOf(worker).rooms -= 1;
  }

  /** Opens a peer on its room's worker, or elsewhere when that one has enough to do (or has died). */
  openPeer(home: MediaWorker): PeerMedia {
    const limit = this.#options.consumersPerWorker ?? CONSUMERS_PER_WORKER;
    const isUsable = !home.worker.closed && this.#consumersOn(home) < limit;
    const worker = isUsable ? home : this.leastLoaded();
    const { peers } = this.#loadOf(worker);
    const peer = new PeerMedia(this.#options.pipes, worker);
    peers.add(peer);
    peer.once('closed', () => peers.delete(peer));
    return peer;
  }

  peersOn(worker: MediaWorker): ReadonlySet<PeerMedia> {
    return this.#loadOf(worker).peers;
  }

  loads(): WorkerLoad[] {
    return this.#options.workers().map((worker) => {
      const { rooms, peers } = this.#loadOf(worker);
      const {
        index,
        worker: { pid },
      } = worker;
      return { index, pid, rooms, peers: peers.size, consumers: this.#consumersOn(worker) };
    });
  }

  /** What the load of a worker grows with. */
  #consumersOn(worker: MediaWorker): number {
    let count = 0;
    for (const peer of this.#loadOf(worker).peers) count += peer.consumerCount;
    return count;
  }

  #loadOf(worker: MediaWorker): Load {
    let load = this.#loads.get(worker);
    if (!load) {
      load = { rooms: 0, peers: new Set() };
      this.#loads.set(worker, load);
    }
    return load;
  }
}
