// A recording. MP4 grows in fragments, so that it plays whenever its writer dies, and is put in order at the end.
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { SerialQueue } from '../../../kit/serial-queue.ts';
import type { FileFacts } from '../../ipc.ts';
import { type EncodedPacket, VIDEO_CLOCK } from '../encode/packet.ts';
import { SAMPLE_RATE } from '../ffmpeg.ts';
import { AvMuxer } from '../mux/av-muxer.ts';
import { Fragmenter } from '../mux/fragmenter.ts';
import { remuxForFastStart } from '../mux/remux.ts';
import { RoomOnDisk } from './full-disk.ts';
import { inBackgroundOf, reasonOf, type Sink, type SinkEvents, type Tracks } from './sink.ts';

/** What a killed process loses at most, besides the canvas's delay. */
const FRAGMENT_SECONDS = 1;
/** A disk that is this far behind is not going to catch up. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** How long the end of a recording waits for room on a full disk. */
const FINISH_PATIENCE_MS = 20_000;
const NO_SPACE = 'no space left on the disk';

/** How long something lasts, from the packets seen. */
class Extent {
  #end = 0;

  include({ kind, time, duration }: EncodedPacket): void {
    const clock = kind === 'video' ? VIDEO_CLOCK : SAMPLE_RATE;
    const length = kind === 'video' ? VIDEO_CLOCK / 30 : duration;
    this.#end = Math.max(this.#end, (time + length) / clock);
  }

  get seconds(): number {
    return Math.round(this.#end * 1000) / 1000;
  }
}

async function factsOf(path: string, seconds: number, { video }: Tracks): Promise<FileFacts> {
  const { size } = await stat(path);
  const facts: FileFacts = { path, size, duration: seconds };
  return video ? { ...facts, width: video.width, height: video.height } : facts;
}

export class Mp4FileSink implements Sink {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #tracks: Tracks;
  readonly #events: SinkEvents;
  readonly #fragmenter: Fragmenter;
  readonly #queue = new SerialQueue();
  readonly #extent = new Extent();
  readonly #room: RoomOnDisk;
  #position = 0;
  #waitingBytes = 0;
  #hasStarted = false;
  #isOver = false;
  /** Set once it ends: until then a full disk is waited for. */
  #patienceEndsMs = Infinity;
  #hasFailed = false;

  private constructor(path: string, file: FileHandle, tracks: Tracks, events: SinkEvents) {
    this.#path = path;
    this.#file = file;
    this.#tracks = tracks;
    this.#events = events;
    this.#fragmenter = new Fragmenter(tracks.video, tracks.audio);
    this.#room = new RoomOnDisk(events, () => this.#hasStarted && !this.#hasFailed && this.#hasPatience());
    this.#append(this.#fragmenter.initSegment);
  }

  static async open(path: string, tracks: Tracks, events: SinkEvents): Promise<Mp4FileSink> {
    return new Mp4FileSink(path, await open(path, 'w'), tracks, events);
  }

  write(packet: EncodedPacket): void {
    if (this.#isOver) return;
    const leads = packet.kind === (this.#tracks.video ? 'video' : 'audio');
    if (leads && this.#fragmenter.lengthAt(packet.time) >= FRAGMENT_SECONDS - 0.001) this.#cut(packet.time);
    this.#fragmenter.add(packet);
    this.#extent.include(packet);
  }

  async finish(): Promise<FileFacts | undefined> {
    if (this.#isOver) return undefined;
    this.#cut();
    this.#isOver = true;
    this.#patienceEndsMs = performance.now() + FINISH_PATIENCE_MS;
    await this.#queue.idle();
    if (this.#hasFailed) return undefined;
    await this.#file.close();
    await this.#putInOrder();
    return factsOf(this.#path, this.#extent.seconds, this.#tracks);
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#patienceEndsMs = 0;
    await this.#queue.idle();
    if (!this.#hasFailed) await this.#file.close();
  }

  #hasPatience(): boolean {
    return performance.now() < this.#patienceEndsMs;
  }

  /** The fragmented file is as good a recording, so whatever goes wrong here is not worth failing for. */
  async #putInOrder(): Promise<void> {
    const ordered = `${this.#path}.ordered`;
    try {
      await remuxForFastStart(this.#path, ordered);
      await rename(ordered, this.#path);
    } catch (error) {
      await rm(ordered, { force: true });
      this.#events.log('warn', 'recording left fragmented', { reason: reasonOf(error) });
    }
  }

  #cut(nextTime?: number): void {
    const fragment = this.#fragmenter.cut(nextTime);
    if (fragment) this.#append(fragment.data);
  }

  #append(data: Buffer): void {
    this.#waitingBytes += data.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#fail(this.#room.isMissing ? NO_SPACE : 'the disk is too slow to record on');
      return;
    }
    const isFragment = data !== this.#fragmenter.initSegment;
    this.#inTurn('write of a recording', async () => {
      if (this.#hasFailed) return;
      try {
        await this.#writeWhole(data);
        this.#waitingBytes -= data.length;
        if (isFragment && !this.#hasStarted) {
          this.#hasStarted = true;
          this.#events.onStarted();
        }
      } catch (error) {
        this.#fail(reasonOf(error));
      }
    });
  }

  /** A disk may take a part of it, and the rest when there is room again. */
  async #writeWhole(data: Buffer): Promise<void> {
    for (let from = 0; from < data.length; ) {
      const rest = data.length - from;
      const write = () => this.#file.write(data, from, rest, this.#position);
      const { bytesWritten } = await this.#room.write(write);
      from += bytesWritten;
      this.#position += bytesWritten;
    }
  }

  #inTurn(what: string, work: () => Promise<void>): void {
    inBackgroundOf(this.#events, what, () => this.#queue.run(work));
  }

  #fail(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#isOver = true;
    this.#inTurn('close of a recording', () => this.#file.close());
    this.#events.onFailed(reason, 'destination');
  }
}

export class WebmFileSink implements Sink {
  readonly #path: string;
  readonly #tracks: Tracks;
  readonly #events: SinkEvents;
  readonly #muxer: AvMuxer;
  readonly #extent = new Extent();
  #hasStarted = false;
  #isOver = false;

  private constructor(path: string, tracks: Tracks, events: SinkEvents, muxer: AvMuxer) {
    this.#path = path;
    this.#tracks = tracks;
    this.#events = events;
    this.#muxer = muxer;
    muxer.onFailure = (error) => this.#fail(error.message);
  }

  static async open(path: string, tracks: Tracks, events: SinkEvents): Promise<WebmFileSink> {
    const options = { cluster_time_limit: FRAGMENT_SECONDS * 1000, flush_packets: 1 };
    const muxer = await AvMuxer.open({ format: 'webm', url: path, options, ...tracks });
    return new WebmFileSink(path, tracks, events, muxer);
  }

  write(packet: EncodedPacket): void {
    if (this.#isOver) return;
    this.#extent.include(packet);
    this.#muxer.write(packet);
    if (this.#muxer.waitingBytes > MAX_WAITING_BYTES) this.#fail('the disk is too slow to record on');
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#events.onStarted();
  }

  async finish(): Promise<FileFacts | undefined> {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    await this.#muxer.finish();
    return factsOf(this.#path, this.#extent.seconds, this.#tracks);
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    await this.#muxer.abort();
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    inBackgroundOf(this.#events, 'abort of a recording', () => this.#muxer.abort());
    this.#events.onFailed(reason, 'destination');
  }
}
