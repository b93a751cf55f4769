// The SFU: media workers, one router and one WebRtcServer port each, replaced when they die. This folder is the only
// importer of mediasoup.
import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import type { RtpCapabilities, TransportListenInfo } from 'mediasoup/types';
import { notYetReady } from '../errors.ts';
import { hostAndPort } from '../kit/addresses.ts';
import { inBackground } from '../kit/in-background.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { StartError } from '../kit/start-error.ts';
import type { Logger } from '../log.ts';
import type { StreamReading } from '../protocol/quality.ts';
import { MEDIA_CODECS } from './codecs.ts';
import { MediaWorker } from './media-worker.ts';
import { PeerMedia } from './peer-media.ts';
import { RoomMedia } from './room-media.ts';
import { StreamReader } from './stream-reader.ts';
import { launchWorker } from './worker-launcher.ts';

export interface MediaAddress {
  /** Address the WebRtcServers bind. */
  listenAddress: string;
  /** Address put into ICE candidates, when it is another. */
  announcedAddress?: string | undefined;
}

export interface MediaOptions {
  /** One at least; one of each family at most. */
  listen: readonly MediaAddress[];
  /** Port of the first worker, the others following; 0 lets the system choose for each. */
  firstPort: number;
  workers: number;
  workerBin: string;
  log: Logger;
  /** Consumers a worker may carry before new peers of its rooms are placed on other workers. */
  consumersPerWorker?: number;
  /** Seconds without an answer after which a worker is replaced. */
  silenceS?: number;
}

/** About what one core forwards comfortably: 22 people who all see and hear each other. */
const CONSUMERS_PER_WORKER = 1000;
/** A worker that dies at once, again and again, must not take the machine with it. */
const RESTART_DELAY_MS = 200;
/** How often each worker is asked whether it is still there. */
const WATCH_MS = 5_000;

const ABS_CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

interface MediaEvents {
  /** Emitted when a worker process has died and its peers' media is gone. */
  workerDied: [{ index: number; peers: PeerMedia[] }];
}

export class Media extends EventEmitter<MediaEvents> implements Service {
  readonly #options: MediaOptions;
  readonly #workers: (MediaWorker | undefined)[] = [];
  readonly #pipes = new Map<string, Promise<void>>();
  readonly #reader = new StreamReader();
  #watch: NodeJS.Timeout | undefined;
  readonly #lifecycle = new Lifecycle(
    () => this.#startAll(),
    () => this.#stopAll(),
  );

  constructor(options: MediaOptions) {
    super();
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Workers that run now. */
  get workers(): MediaWorker[] {
    return this.#workers.filter((worker) => worker !== undefined);
  }

  get listen(): readonly MediaAddress[] {
    return this.#options.listen;
  }

  /** What to bind to send to an address: of its family. */
  listenAddressFor(ip: string): string {
    const fitting = this.listen.find(({ listenAddress }) => isIP(listenAddress) === isIP(ip));
    return fitting?.listenAddress ?? (isIP(ip) === 6 ? '::' : '0.0.0.0');
  }

  get ready(): boolean {
    return this.workers.length === this.#options.workers;
  }

  /** Resolves when every worker runs and answers; rejects with the reason. */
  async check(): Promise<void> {
    if (!this.ready) throw new Error('a media worker is being replaced');
    await Promise.all(this.workers.map((worker) => worker.probe()));
  }

  /**
   * What clients may send and receive. abs-capture-time is left out: mediasoup-client announces it without the browser
   * sending it, and mediasoup then waits for it before it switches simulcast layers, for ever.
   */
  get rtpCapabilities(): RtpCapabilities {
    const { codecs = [], headerExtensions = [] } = this.#leastLoaded().router.rtpCapabilities;
    return { codecs, headerExtensions: headerExtensions.filter((extension) => extension.uri !== ABS_CAPTURE_TIME) };
  }

  /** Places a room on the least loaded worker. */
  openRoom(): RoomMedia {
    const home = this.#leastLoaded();
    home.rooms += 1;
    return new RoomMedia(this, home);
  }

  /** Places a peer on its room's worker, or elsewhere when that one has enough to do (or has died). */
  openPeer(home: MediaWorker): PeerMedia {
    const limit = this.#options.consumersPerWorker ?? CONSUMERS_PER_WORKER;
    const usable = !home.worker.closed && home.consumers < limit;
    return new PeerMedia(this, usable ? home : this.#leastLoaded());
  }

  /** Makes what is produced on one worker consumable on another, once however often it is asked. */
  pipe(from: MediaWorker, to: MediaWorker, what: { producerId: string } | { dataProducerId: string }): Promise<void> {
    if (from === to) return Promise.resolve();
    const id = 'producerId' in what ? what.producerId : what.dataProducerId;
    const key = `${id} ${to.index}`;
    let pipe = this.#pipes.get(key);
    if (!pipe) {
      const forget = () => this.#pipes.delete(key);
      pipe = from.router.pipeToRouter({ ...what, router: to.router }).then(({ pipeConsumer, pipeDataConsumer }) => {
        pipeConsumer?.observer.once('close', forget);
        pipeDataConsumer?.observer.once('close', forget);
      });
      pipe.catch(forget);
      this.#pipes.set(key, pipe);
    }
    return pipe;
  }

  /** What has been counted of every stream, by who sends or receives it: one pass over each worker. */
  async readStreams(): Promise<Map<PeerMedia, StreamReading[]>> {
    const passes = await Promise.all(this.workers.map(({ peers }) => this.#reader.read(peers)));
    return new Map(passes.flatMap((pass) => [...pass]));
  }

  #leastLoaded(): MediaWorker {
    const [first, ...rest] = this.workers;
    if (!first) throw notYetReady('The media server is being restarted; try again in a moment.');
    const load = (worker: MediaWorker) => worker.consumers + worker.rooms;
    return rest.reduce((least, worker) => (load(worker) < load(least) ? worker : least), first);
  }

  async #startAll(): Promise<void> {
    const indexes = Array.from({ length: this.#options.workers }, (_, index) => index);
    await Promise.all(indexes.map((index) => this.#startWorker(index)));
    this.#watch = setInterval(() => {
      for (const worker of this.workers) this.#examine(worker);
    }, WATCH_MS);
    this.#watch.unref();
  }

  /** A worker that does not answer is replaced, and its people are told to reconnect. */
  #examine(worker: MediaWorker): void {
    inBackground(this.#options.log, 'a media worker that is examined', async () => {
      try {
        await worker.probe();
      } catch (error) {
        if (worker.worker.closed || this.#lifecycle.stopped) return;
        this.#options.log.error({ err: error, worker: worker.index, pid: worker.worker.pid }, 'media worker is stuck');
        worker.kill();
      }
    });
  }

  #suspect(worker: MediaWorker): void {
    this.#options.log.warn({ worker: worker.index }, 'a client sent what the media channel could not carry');
    this.#examine(worker);
  }

  async #startWorker(index: number): Promise<void> {
    const { listen, firstPort, workerBin, silenceS } = this.#options;
    const launch = { workerBin, port: firstPort, logLevel: 'warn' } as const;
    const { worker, isRoot } = await launchWorker(launch).catch((error: Error) => {
      throw new StartError(`The media worker ${workerBin || 'of mediasoup'} could not be run: ${error.message}`);
    });
    worker.once('died', () => this.#replace(index));
    const port = firstPort === 0 ? undefined : firstPort + index;
    try {
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: listen.flatMap((address) => listenInfosOf(address, port)),
      });
      const router = await worker.createRouter({ mediaCodecs: MEDIA_CODECS });
      const onSuspect = (suspect: MediaWorker) => this.#suspect(suspect);
      const bound = (await webRtcServer.dump()).tcpServers;
      const tcpHosts = listen.map(({ listenAddress, announcedAddress }, at) =>
        hostAndPort(announcedAddress ?? listenAddress, bound[at]?.port ?? port ?? 0),
      );
      this.#workers[index] = new MediaWorker({ index, worker, router, webRtcServer, tcpHosts, onSuspect, silenceS });
      this.#options.log.info({ worker: index, pid: worker.pid }, 'media worker started');
      if (isRoot) this.#options.log.warn({ worker: index }, 'media worker runs as root: no setpriv here');
    } catch (error) {
      worker.close();
      const where = listen.map(({ listenAddress: ip }) => (port === undefined ? ip : hostAndPort(ip, port))).join(', ');
      throw new StartError(`Media worker ${index} could not listen on ${where} (UDP and TCP): ${String(error)}`);
    }
  }

  #replace(index: number): void {
    const dead = this.#workers[index];
    this.#workers[index] = undefined;
    if (this.#lifecycle.stopped) return;
    this.#options.log.error({ worker: index, pid: dead?.worker.pid }, 'media worker died, replacing it');
    const peers = [...(dead?.peers ?? [])];
    inBackground(this.#options.log, 'replacing a media worker', async () => {
      await this.#startReplacement(index);
      this.emit('workerDied', { index, peers });
    });
  }

  async #startReplacement(index: number): Promise<void> {
    while (!this.#lifecycle.stopped) {
      try {
        await this.#startWorker(index);
        return;
      } catch (error) {
        this.#options.log.error({ worker: index, err: error }, 'media worker could not be started, trying again');
        await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      }
    }
  }

  async #stopAll(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all(this.workers.map((worker) => worker.close()));
  }
}

function listenInfosOf({ listenAddress: ip, announcedAddress }: MediaAddress, port: number | undefined) {
  return (['udp', 'tcp'] as const).map(
    (protocol): TransportListenInfo => ({
      protocol,
      ip,
      ...(announcedAddress !== undefined && { announcedAddress }),
      ...(port !== undefined && { port }),
      // All IPv6 addresses would be all IPv4 ones as well, which are bound beside them.
      ...(ip === '::' && { flags: { ipv6Only: true } }),
    }),
  );
}
