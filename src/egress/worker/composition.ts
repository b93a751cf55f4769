// A composition that runs: streams in on a UDP port, pictures and sound on the beat of the clock, outputs.
import { CANVAS, type CompositionConfig, FRAME_RATE } from '../../protocol/composition.ts';
import type { EgressParticipant, EgressStream, FileFacts, SinkSpec, WantedStream } from '../ipc.ts';
import { Cast } from './cast.ts';
import { SAMPLE_RATE } from './ffmpeg.ts';
import { Outputs } from './outputs.ts';
import { Painter } from './picture/painter.ts';
import { Intake } from './rtp/intake.ts';
import type { Blame } from './sinks/sink.ts';
import { Mixer } from './sound/mixer.ts';

export interface CompositionEvents {
  onWanted(streams: WantedStream[]): void;
  onSinkStarted(sinkId: string): void;
  onSinkPlayable(sinkId: string): void;
  onSinkFinished(sinkId: string, file: FileFacts | undefined): void;
  onSinkFailed(sinkId: string, reason: string, blame: Blame): void;
  /** Nothing can be produced any more. */
  onBroken(reason: string): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', msg: string, facts: Record<string, unknown>): void;
}

export interface CompositionOptions {
  config: CompositionConfig;
  outboundAllow: readonly string[] | undefined;
  events: CompositionEvents;
}

/**
 * What the canvas shows was captured so long ago: the time that packets have to arrive, to be asked for again once or
 * twice, and to be decoded.
 */
const DELAY_MS = 400;
/** A picture that does not change is encoded this often all the same, so that streams never stand still for players. */
const IDLE_TICKS = 10;
const KEYFRAME_TICKS = 2 * FRAME_RATE;
/** Sound is mixed in pieces of 10 ms. */
const BLOCK_SAMPLES = SAMPLE_RATE / 100;
/** Streams are polled at least this often, for packets to be asked for again in time. */
const POLL_MS = 10;
/** After a standstill of the whole machine, sound goes on from now instead of making up for all of it at once. */
const MAX_CATCH_UP_BLOCKS = 300;

/** `createdAtMs` and every other time is in milliseconds of one clock that never jumps, near the wall's. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

export class Composition {
  readonly #events: CompositionEvents;
  readonly #intake: Intake;
  readonly #cast: Cast;
  readonly #outputs: Outputs;
  readonly #painter: Painter | undefined;
  readonly #mixer = new Mixer();
  readonly #left = new Float32Array(BLOCK_SAMPLES);
  readonly #right = new Float32Array(BLOCK_SAMPLES);
  readonly #beganAtMs = clockMs();
  #nextTick = 0;
  #lastEncodedTick = -IDLE_TICKS;
  #lastKeyTick = -KEYFRAME_TICKS;
  #keyIsWanted = false;
  #endsAtMs = Infinity;
  #stopping: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();
  /** Pictures that were due and could not be made in time. */
  droppedTicks = 0;

  private constructor({ config, outboundAllow, events }: CompositionOptions, intake: Intake) {
    this.#events = events;
    this.#intake = intake;
    const { width, height } = canvasSize(config);
    const hasPicture = config.mode === 'video-and-audio';
    if (hasPicture) {
      this.#painter = new Painter({ width, height }, config.theme, (error) =>
        events.log('warn', 'lettering failed', { reason: String(error) }),
      );
    }
    this.#cast = new Cast({
      config,
      width,
      height,
      mixer: this.#mixer,
      beganAtMs: this.#beganAtMs,
      nowMs: clockMs,
      requestKey: (streamId) => intake.requestKey(streamId),
      onTilesChanged: (tiles) => this.#painter?.layoutChanged(tiles),
      onWanted: (streams) => events.onWanted(streams),
    });
    this.#outputs = new Outputs({
      size: hasPicture ? { width, height } : undefined,
      frameRate: FRAME_RATE,
      beganAt: this.#beganAtMs,
      outboundAllow,
      onStarted: (sinkId) => events.onSinkStarted(sinkId),
      onPlayable: (sinkId) => events.onSinkPlayable(sinkId),
      onFinished: (sinkId, file) => events.onSinkFinished(sinkId, file),
      onFailed: (sinkId, reason, blame) => events.onSinkFailed(sinkId, reason, blame),
      onNeedsKey: () => {
        this.#keyIsWanted = true;
      },
      onBroken: (error) => events.onBroken(`encoding failed: ${String(error)}`),
      log: (level, msg, facts) => events.log(level, msg, facts),
    });
    this.#beat();
  }

  static async open(options: CompositionOptions): Promise<Composition> {
    let composition: Composition | undefined;
    const intake = await Intake.open({
      nowMs: clockMs,
      onFrame: (streamId, frame) => composition?.onFrame(streamId, frame),
    });
    composition = new Composition(options, intake);
    return composition;
  }

  /** Where streams are to be sent. */
  get port(): number {
    return this.#intake.port;
  }

  get encodedFrames(): number {
    return this.#outputs.encodedFrames;
  }

  get loss(): { received: number; recovered: number; lost: number } {
    return this.#intake.loss;
  }

  setParticipants(participants: readonly EgressParticipant[]): void {
    this.#cast.setParticipants(participants);
  }

  setActiveSpeaker(participantId: string | null): void {
    this.#cast.setActiveSpeaker(participantId);
  }

  addStream(stream: EgressStream): void {
    const isKnown = this.#intake.add(stream);
    if (isKnown) this.#cast.addStream(stream);
    else this.#events.log('warn', 'stream in an unknown codec', { streamId: stream.id, mimeType: stream.mimeType });
  }

  removeStream(streamId: string): void {
    this.#intake.remove(streamId);
    this.#cast.removeStream(streamId);
  }

  setStreamPaused(streamId: string, isPaused: boolean): void {
    this.#cast.setStreamPaused(streamId, isPaused);
  }

  addSink(sink: SinkSpec): Promise<void> {
    return this.#outputs.add(sink, () => this.#mixer.position);
  }

  /** Ends one output with what is captured up to now. */
  async removeSink(sinkId: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    await this.#outputs.finish(sinkId);
  }

  /** Ends every output with what is captured up to now. */
  stop(): Promise<void> {
    this.#stopping ??= this.#wind();
    return this.#stopping;
  }

  onFrame(...[streamId, frame]: Parameters<Cast['onFrame']>): void {
    this.#cast.onFrame(streamId, frame);
  }

  async #wind(): Promise<void> {
    this.#endsAtMs = clockMs() - this.#beganAtMs;
    await this.#ended.promise;
    await this.#outputs.finishAll();
    this.#intake.close();
    this.#cast.close();
    this.#painter?.close();
  }

  /** Everything that is due, then again when the next thing is. */
  #beat(): void {
    const timeMs = clockMs() - this.#beganAtMs - DELAY_MS;
    this.#intake.poll();
    this.#mixUpTo(Math.min(timeMs, this.#endsAtMs));
    const due = Math.floor((Math.min(timeMs, this.#endsAtMs) * FRAME_RATE) / 1000);
    if (due >= this.#nextTick && this.#painter) {
      if (this.#nextTick > 0) this.droppedTicks += due - this.#nextTick;
      this.#nextTick = due + 1;
      this.#picture(due, this.#painter);
    }
    if (timeMs >= this.#endsAtMs) {
      this.#ended.resolve();
      return;
    }
    const untilNextMs = (this.#nextTick * 1000) / FRAME_RATE - timeMs;
    setTimeout(() => this.#beat(), Math.max(1, Math.min(POLL_MS, untilNextMs)));
  }

  #picture(tick: number, painter: Painter): void {
    const timeMs = this.#beganAtMs + (tick * 1000) / FRAME_RATE;
    // A picture shows from the tick on that is nearest to its capture, so that it is early as often as late.
    this.#cast.advanceTo(timeMs + 500 / FRAME_RATE, this.#mixer.position);
    if (this.#outputs.isEmpty) return;
    const painted = painter.paint(this.#cast.looks(timeMs));
    if (!painted) {
      this.droppedTicks += 1;
      return;
    }
    const isKey = this.#keyIsWanted || tick - this.#lastKeyTick >= KEYFRAME_TICKS;
    const isIdle = !painted.isNew && tick - this.#lastEncodedTick < IDLE_TICKS;
    if (isIdle && !isKey) return;
    if (isKey) {
      this.#keyIsWanted = false;
      this.#lastKeyTick = tick;
    }
    this.#lastEncodedTick = tick;
    this.#outputs.encodePicture(painted, tick, isKey);
  }

  #mixUpTo(timeMs: number): void {
    const wanted = Math.floor((timeMs * SAMPLE_RATE) / 1000);
    if (!this.#painter) this.#cast.advanceTo(this.#beganAtMs + timeMs, this.#mixer.position);
    for (let blocks = 0; this.#mixer.position + BLOCK_SAMPLES <= wanted && blocks < MAX_CATCH_UP_BLOCKS; blocks++) {
      this.#mixer.take(this.#left, this.#right);
      this.#outputs.encodeSound(this.#left, this.#right);
    }
  }
}

export function canvasSize({ quality, orientation }: CompositionConfig): { width: number; height: number } {
  const { width, height } = CANVAS[quality];
  return orientation === 'portrait' ? { width: height, height: width } : { width, height };
}
