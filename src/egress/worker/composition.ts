// A composition that runs: pictures and sound of a scene on the beat of the clock, encoded into outputs.
import { type CompositionConfig, canvasSize, FRAME_RATE } from '../../protocol/composition.ts';
import type { FileFacts, PageSpec, SinkSpec } from '../ipc.ts';
import { SAMPLE_RATE } from './ffmpeg.ts';
import { MeetingScene } from './meeting-scene.ts';
import { Outputs } from './outputs.ts';
import { PageScene } from './page/page-scene.ts';
import type { Scene, SceneEvents, Stage } from './scene.ts';
import type { Blame } from './sinks/sink.ts';
import { Mixer } from './sound/mixer.ts';

export interface CompositionEvents extends SceneEvents {
  onSinkStarted(sinkId: string): void;
  onSinkPlayable(sinkId: string): void;
  onSinkFinished(sinkId: string, file: FileFacts | undefined): void;
  onSinkFailed(sinkId: string, reason: string, blame: Blame): void;
}

export interface CompositionOptions {
  config: CompositionConfig;
  /** Given, this page is filmed instead of composing the meeting. */
  page: PageSpec | undefined;
  /** The meeting's streams come from another machine. */
  isSecure: boolean;
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

/** Every time is in milliseconds of one clock that never jumps, near the wall's. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

export class Composition {
  /** What is composed, unless a page is filmed. */
  readonly meeting: MeetingScene | undefined;
  readonly #scene: Scene;
  readonly #stage: Stage;
  readonly #outputs: Outputs;
  readonly #left = new Float32Array(BLOCK_SAMPLES);
  readonly #right = new Float32Array(BLOCK_SAMPLES);
  #nextTick = 0;
  #lastEncodedTick = -IDLE_TICKS;
  #lastKeyTick = -KEYFRAME_TICKS;
  #keyIsWanted = false;
  #endsAtMs = Infinity;
  #stopping: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();
  /** Pictures that were due and could not be made in time. */
  droppedTicks = 0;

  private constructor({ outboundAllow, events }: CompositionOptions, stage: Stage, scene: Scene) {
    this.#stage = stage;
    this.#scene = scene;
    this.meeting = scene instanceof MeetingScene ? scene : undefined;
    this.#outputs = new Outputs({
      size: stage.size,
      frameRate: FRAME_RATE,
      matrix: scene.matrix,
      beganAt: stage.beganAtMs,
      outboundAllow,
      onStarted: (sinkId) => events.onSinkStarted(sinkId),
      onPlayable: (sinkId) => events.onSinkPlayable(sinkId),
      onFinished: (sinkId, file) => events.onSinkFinished(sinkId, file),
      onFailed: (sinkId, reason, blame) => events.onSinkFailed(sinkId, reason, blame),
      onNeedsKey: () => {
        this.#keyIsWanted = true;
      },
      onBroken: (error) => events.onBroken(`encoding failed: ${String(error)}`, 'us'),
      log: (level, msg, facts) => events.log(level, msg, facts),
    });
    this.#beat();
  }

  /** Resolves when there is something to see and hear. */
  static async open(options: CompositionOptions): Promise<Composition> {
    const { config, page, isSecure, outboundAllow = [], events } = options;
    const size = config.mode === 'video-and-audio' ? canvasSize(config) : undefined;
    const stage: Stage = { size, mixer: new Mixer(), beganAtMs: clockMs(), nowMs: clockMs };
    const scene = page
      ? await PageScene.open(stage, { ...page, size: canvasSize(config), outboundAllow }, events)
      : await MeetingScene.open(stage, { config, isSecure }, events);
    return new Composition(options, stage, scene);
  }

  get encodedFrames(): number {
    return this.#outputs.encodedFrames;
  }

  /** Milliseconds that the sound is ahead of the picture, where both are made: by less than a picture at most. */
  get driftMs(): number {
    if (!this.#stage.size || this.#nextTick === 0) return 0;
    const soundMs = (this.#stage.mixer.position * 1000) / SAMPLE_RATE;
    return soundMs - ((this.#nextTick - 1) * 1000) / FRAME_RATE;
  }

  facts(): Record<string, unknown> {
    return this.#scene.facts();
  }

  addSink(sink: SinkSpec): Promise<void> {
    return this.#outputs.add(sink, () => this.#stage.mixer.position);
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

  async #wind(): Promise<void> {
    this.#endsAtMs = clockMs() - this.#stage.beganAtMs;
    await this.#ended.promise;
    await this.#outputs.finishAll();
    await this.#scene.close();
  }

  /** Everything that is due, then again when the next thing is. */
  #beat(): void {
    const timeMs = clockMs() - this.#stage.beganAtMs - DELAY_MS;
    this.#scene.poll();
    this.#mixUpTo(Math.min(timeMs, this.#endsAtMs));
    const due = Math.floor((Math.min(timeMs, this.#endsAtMs) * FRAME_RATE) / 1000);
    if (due >= this.#nextTick && this.#stage.size) {
      if (this.#nextTick > 0) this.droppedTicks += due - this.#nextTick;
      this.#nextTick = due + 1;
      this.#picture(due);
    }
    if (timeMs >= this.#endsAtMs) {
      this.#ended.resolve();
      return;
    }
    const untilNextMs = (this.#nextTick * 1000) / FRAME_RATE - timeMs;
    setTimeout(() => this.#beat(), Math.max(1, Math.min(POLL_MS, untilNextMs)));
  }

  #picture(tick: number): void {
    const timeMs = this.#stage.beganAtMs + (tick * 1000) / FRAME_RATE;
    // A picture shows from the tick on that is nearest to its capture, so that it is early as often as late.
    this.#scene.advanceTo(timeMs + 500 / FRAME_RATE, this.#stage.mixer.position);
    if (this.#outputs.isEmpty) return;
    const painted = this.#scene.paint(timeMs);
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
    const { mixer, beganAtMs, size } = this.#stage;
    const wanted = Math.floor((timeMs * SAMPLE_RATE) / 1000);
    if (!size) this.#scene.advanceTo(beganAtMs + timeMs, mixer.position);
    for (let blocks = 0; mixer.position + BLOCK_SAMPLES <= wanted && blocks < MAX_CATCH_UP_BLOCKS; blocks++) {
      mixer.take(this.#left, this.#right);
      this.#outputs.encodeSound(this.#left, this.#right);
    }
  }
}
