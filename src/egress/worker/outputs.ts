// All outputs of a composition. Those that want the same codecs share one encode; each begins, fails and ends alone.
import type { FileFacts, SinkSpec } from '../ipc.ts';
import { AudioEncoder } from './encode/audio-encoder.ts';
import { type EncodedPacket, VIDEO_CLOCK } from './encode/packet.ts';
import { VideoEncoder } from './encode/video-encoder.ts';
import type { ColourMatrix } from './picture/colour.ts';
import type { Painted } from './picture/sheet.ts';
import { Alignment } from './sinks/alignment.ts';
import { createSink } from './sinks/create-sink.ts';
import { type Blame, inBackgroundOf, reasonOf, type Sink, type SinkEvents, type Tracks } from './sinks/sink.ts';
import { Framer } from './sound/framer.ts';

export interface OutputsOptions {
  /** Nothing when only sound is composed. */
  size: { width: number; height: number } | undefined;
  frameRate: number;
  matrix: ColourMatrix;
  /** Wall time of the composition's beginning, milliseconds since the epoch. */
  beganAt: number;
  /** What RTMP may reach although it is private. */
  outboundAllow: readonly string[] | undefined;
  onStarted(sinkId: string): void;
  onPlayable(sinkId: string): void;
  onFinished(sinkId: string, file: FileFacts | undefined): void;
  onFailed(sinkId: string, reason: string, blame: Blame): void;
  /** An output waits for a keyframe. */
  onNeedsKey(): void;
  /** Encoding itself has failed; nothing can be produced any more. */
  onBroken(error: unknown): void;
  log: SinkEvents['log'];
}

type Family = 'mpeg' | 'webm';

interface Encoders {
  video: VideoEncoder | undefined;
  audio: AudioEncoder;
  framer: Framer;
}

interface Output {
  spec: SinkSpec;
  family: Family;
  alignment: Alignment;
  sink: Sink;
  hasBegun: boolean;
}

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #opening = new Map<Family, Promise<Encoders>>();
  readonly #encoders = new Map<Family, Encoders>();
  readonly #outputs = new Map<string, Output>();
  readonly #known = new Set<string>();
  encodedFrames = 0;

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#outputs.size === 0;
  }

  /** Opens an output that begins at the next keyframe. `position` is where sound goes on, in samples. */
  async add(spec: SinkSpec, position: () => number): Promise<void> {
    if (this.#known.has(spec.id)) return;
    this.#known.add(spec.id);
    const family: Family = spec.kind === 'file' && spec.format === 'webm' ? 'webm' : 'mpeg';
    try {
      const encoders = await this.#encodersOf(family, position);
      const tracks: Tracks = { video: encoders.video?.track, audio: encoders.audio.track };
      const context = { outboundAllow: this.#options.outboundAllow };
      const sink = await createSink(spec, tracks, context, this.#eventsOf(spec.id));
      if (!this.#known.has(spec.id)) {
        await sink.abort();
        return;
      }
      const alignment = new Alignment(tracks.video !== undefined);
      this.#outputs.set(spec.id, { spec, family, alignment, sink, hasBegun: false });
      this.#options.onNeedsKey();
    } catch (error) {
      this.#options.onFailed(spec.id, reasonOf(error), 'destination');
    }
  }

  /** Ends one output in good form. */
  async finish(sinkId: string): Promise<void> {
    this.#known.delete(sinkId);
    const output = this.#outputs.get(sinkId);
    if (!output) return;
    // Pictures that are being encoded belong to it too.
    await this.#encoders.get(output.family)?.video?.idle();
    this.#outputs.delete(sinkId);
    try {
      this.#options.onFinished(sinkId, await output.sink.finish());
    } catch (error) {
      this.#options.onFailed(sinkId, reasonOf(error), 'destination');
    }
  }

  /** Encodes what is left and ends every output. */
  async finishAll(): Promise<void> {
    for (const { video, audio } of this.#encoders.values()) {
      audio.finish();
      await video?.finish().catch((error: unknown) => this.#options.onBroken(error));
    }
    this.#encoders.clear();
    await Promise.all([...this.#outputs.keys()].map((sinkId) => this.finish(sinkId)));
  }

  /** Hands a canvas to the encoders; `tick` counts pictures since the beginning. */
  encodePicture(painted: Painted, tick: number, isKey: boolean): void {
    const time = Math.round((tick * VIDEO_CLOCK) / this.#options.frameRate);
    for (const { video } of this.#encoders.values()) {
      if (!video) continue;
      painted.hold();
      video
        .encode(painted.canvas.frame, time, isKey)
        .catch((error: unknown) => this.#options.onBroken(error))
        .finally(() => painted.release());
    }
    this.encodedFrames += 1;
  }

  encodeSound(left: Float32Array, right: Float32Array): void {
    for (const { framer } of this.#encoders.values()) framer.add(left, right);
  }

  #encodersOf(family: Family, position: () => number): Promise<Encoders> {
    let opening = this.#opening.get(family);
    if (!opening) {
      opening = this.#openEncoders(family, position);
      this.#opening.set(family, opening);
      opening.catch(() => this.#opening.delete(family));
    }
    return opening;
  }

  async #openEncoders(family: Family, position: () => number): Promise<Encoders> {
    const { size, frameRate, matrix } = this.#options;
    const onPacket = (packet: EncodedPacket) => this.#deliver(family, packet);
    const codec = family === 'mpeg' ? 'h264' : 'vp8';
    const video = size && (await VideoEncoder.open({ codec, ...size, frameRate, matrix, onPacket }));
    const audio = await AudioEncoder.open(family === 'mpeg' ? 'aac' : 'opus', position, onPacket);
    const framer = new Framer(audio.frameSamples, (left, right) => audio.encode(left, right));
    const encoders = { video, audio, framer };
    this.#encoders.set(family, encoders);
    return encoders;
  }

  #deliver(family: Family, packet: EncodedPacket): void {
    for (const [sinkId, output] of this.#outputs) {
      if (output.family !== family) continue;
      const aligned = output.alignment.align(packet);
      if (aligned.length === 0) continue;
      try {
        if (!output.hasBegun) {
          output.hasBegun = true;
          output.sink.begin?.(this.#options.beganAt + (output.alignment.startSeconds ?? 0) * 1000);
        }
        for (const one of aligned) output.sink.write(one);
      } catch (error) {
        this.#drop(sinkId);
        this.#options.onFailed(sinkId, reasonOf(error), 'us');
      }
    }
  }

  #drop(sinkId: string): void {
    this.#known.delete(sinkId);
    const output = this.#outputs.get(sinkId);
    this.#outputs.delete(sinkId);
    if (output) inBackgroundOf(this.#eventsOf(sinkId), 'abort of an output', () => output.sink.abort());
  }

  #eventsOf(sinkId: string): SinkEvents {
    const { onStarted, onPlayable, onFailed, onNeedsKey, log } = this.#options;
    return {
      onStarted: () => onStarted(sinkId),
      onPlayable: () => onPlayable(sinkId),
      onNeedsKey,
      onFailed: (reason, blame) => {
        this.#known.delete(sinkId);
        this.#outputs.delete(sinkId);
        onFailed(sinkId, reason, blame);
      },
      log: (level, msg, facts) => log(level, msg, { sinkId, ...facts }),
    };
  }
}
