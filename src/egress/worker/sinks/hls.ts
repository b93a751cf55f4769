// An HLS stream as files: fMP4 segments of two seconds, in parts of a third of one for low latency (RFC 8216bis), and
// two playlists, one to rewind to the beginning with and one of the live edge. Each file appears complete, by renaming.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE } from '../../../kit/private-folder.ts';
import { SerialQueue } from '../../../kit/serial-queue.ts';
import type { FileFacts } from '../../ipc.ts';
import type { EncodedPacket } from '../encode/packet.ts';
import { type Fragment, Fragmenter } from '../mux/fragmenter.ts';
import { RoomOnDisk } from './full-disk.ts';
import { type Part, PLAYLIST_NAMES, Playlist, SEGMENT_SECONDS } from './playlist.ts';
import { inBackgroundOf, reasonOf, type Sink, type SinkEvents, type Tracks } from './sink.ts';

/** Ten pictures, or sixteen frames of AAC. */
export const PART_SECONDS = 1 / 3;
/** Pictures and sound are never cut exactly where they should be. */
const TOLERANCE_SECONDS = 0.02;
/** Parts are no longer named in playlists three target durations behind the edge; players get a while longer. */
const PARTS_KEPT_SEGMENTS = 8;
/** Writes that wait for the disk; more means that it does not keep up. */
const MAX_WAITING_WRITES = 200;

interface OpenSegment {
  number: number;
  begin: number;
  parts: Fragment[];
}

export class HlsSink implements Sink {
  readonly #folder: string;
  readonly #events: SinkEvents;
  readonly #leads: EncodedPacket['kind'];
  readonly #fragmenter: Fragmenter;
  readonly #playlist: Playlist;
  readonly #queue = new SerialQueue();
  readonly #partFiles: { segment: number; name: string }[] = [];
  #segment: OpenSegment = { number: 0, begin: 0, parts: [] };
  readonly #room: RoomOnDisk;
  #waitingWrites = 0;
  #bytes = 0;
  #seconds = 0;
  #hasStarted = false;
  #isPlayable = false;
  #isOver = false;

  private constructor(folder: string, tracks: Tracks, events: SinkEvents) {
    this.#folder = folder;
    this.#events = events;
    // At the end a full disk is not waited for: what was written plays.
    this.#room = new RoomOnDisk(events, () => this.#hasStarted && !this.#isOver);
    this.#leads = tracks.video ? 'video' : 'audio';
    this.#fragmenter = new Fragmenter(tracks.video, tracks.audio);
    this.#playlist = new Playlist(PART_SECONDS + TOLERANCE_SECONDS);
    this.#store('init.mp4', this.#fragmenter.initSegment);
  }

  static async open(folder: string, tracks: Tracks, events: SinkEvents): Promise<HlsSink> {
    await mkdir(folder, { recursive: true, mode: PRIVATE });
    return new HlsSink(folder, tracks, events);
  }

  begin(atMs: number): void {
    this.#playlist.beganAt = atMs;
  }

  write(packet: EncodedPacket): void {
    if (this.#isOver) return;
    if (packet.kind === this.#leads) {
      const length = this.#fragmenter.lengthAt(packet.time);
      const endsSegment = this.#endsSegment(packet, length);
      if (length > 0 && (endsSegment || length >= PART_SECONDS - TOLERANCE_SECONDS)) this.#cutPart(packet.time);
      if (endsSegment && this.#segment.parts.length > 0) this.#closeSegment();
    }
    this.#fragmenter.add(packet);
  }

  async finish(): Promise<FileFacts | undefined> {
    if (this.#isOver) return undefined;
    this.#cutPart();
    if (this.#segment.parts.length > 0) this.#closeSegment();
    this.#isOver = true;
    this.#playlist.end();
    this.#storePlaylists();
    for (const { name } of this.#partFiles) this.#remove(name);
    await this.#queue.idle();
    return { path: this.#folder, size: this.#bytes, duration: Math.round(this.#seconds * 1000) / 1000 };
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    await this.#queue.idle();
  }

  /** A keyframe always begins a segment; sound alone can be cut anywhere. */
  #endsSegment({ kind, isKey }: EncodedPacket, length: number): boolean {
    if (kind === 'video') return isKey;
    const whole = this.#segment.parts.reduce((sum, { duration }) => sum + duration, length);
    return whole >= SEGMENT_SECONDS - TOLERANCE_SECONDS;
  }

  #cutPart(nextTime?: number): void {
    const fragment = this.#fragmenter.cut(nextTime);
    if (!fragment) return;
    const { number, parts } = this.#segment;
    if (parts.length === 0) this.#segment.begin = fragment.begin;
    const part: Part = {
      name: `part-${number}.${parts.length}.m4s`,
      duration: fragment.duration,
      isIndependent: fragment.isIndependent,
    };
    parts.push(fragment);
    this.#seconds = fragment.begin + fragment.duration;
    this.#partFiles.push({ segment: number, name: part.name });
    this.#store(part.name, fragment.data);
    this.#playlist.addPart(part, `part-${number}.${parts.length}.m4s`);
    this.#storePlaylists();
  }

  #closeSegment(): void {
    const { number, begin, parts } = this.#segment;
    const data = Buffer.concat(parts.map((part) => part.data));
    const duration = parts.reduce((sum, part) => sum + part.duration, 0);
    const name = `segment-${number}.m4s`;
    this.#store(name, data);
    this.#bytes += data.length;
    this.#segment = { number: number + 1, begin: 0, parts: [] };
    this.#playlist.closeSegment({ name, begin, duration }, `part-${number + 1}.0.m4s`);
    this.#storePlaylists();
    while (this.#partFiles[0] && this.#partFiles[0].segment < number - PARTS_KEPT_SEGMENTS) {
      this.#remove(this.#partFiles.shift()?.name ?? '');
    }
  }

  #storePlaylists(): void {
    this.#store(PLAYLIST_NAMES.rewind, this.#playlist.rewindable());
    this.#store(PLAYLIST_NAMES.live, this.#playlist.liveEdge());
    if (!this.#playlist.isPlayable || this.#isPlayable) return;
    this.#isPlayable = true;
    this.#inTurn('notice that a stream is playable', () => {
      if (!this.#isOver) this.#events.onPlayable();
    });
  }

  #store(name: string, data: Buffer | string): void {
    this.#waitingWrites += 1;
    if (this.#waitingWrites > MAX_WAITING_WRITES) {
      this.#fail(this.#room.isMissing ? 'no space left on the disk' : 'the disk is too slow to stream from');
      return;
    }
    this.#inTurn('write of a stream', async () => {
      const path = join(this.#folder, name);
      try {
        await this.#room.write(() => writeFile(`${path}.new`, data));
        await rename(`${path}.new`, path);
        this.#tellStart(name);
      } catch (error) {
        this.#fail(reasonOf(error));
      }
      this.#waitingWrites -= 1;
    });
  }

  #tellStart(name: string): void {
    if (this.#hasStarted || this.#isOver || !name.startsWith('part-')) return;
    this.#hasStarted = true;
    this.#events.onStarted();
  }

  #remove(name: string): void {
    this.#inTurn('removal of a part', () => rm(join(this.#folder, name), { force: true }));
  }

  #inTurn(what: string, work: () => Promise<void> | void): void {
    inBackgroundOf(this.#events, what, () => this.#queue.run(work));
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onFailed(reason, 'destination');
  }
}
