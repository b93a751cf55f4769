// The scene of a meeting: streams in on a UDP port, tiles painted and voices mixed.
import type { CompositionConfig } from '../protocol/composition.ts';
import type { EgressParticipant, EgressStream, SrtpKeys } from './ipc.ts';
import type { Painted } from './picture/canvas-buffer.ts';
import { Painter } from './picture/painter.ts';
import { RtpReceiver } from './rtp/rtp-receiver.ts';
import type { ReceivedFrame } from './rtp/stream-receiver.ts';
import type { Scene, SceneContext, SceneEvents } from './scene.ts';
import { SceneState } from './scene-state.ts';

/** The size that tiles are arranged for where nothing is painted. */
const NO_SIZE = { width: 0, height: 0 };

export class MeetingScene implements Scene {
  readonly matrix = 'bt601';
  readonly #events: SceneEvents;
  readonly #receiver: RtpReceiver;
  readonly #painter: Painter | undefined;
  readonly #state: SceneState;

  private constructor(context: SceneContext, config: CompositionConfig, events: SceneEvents, receiver: RtpReceiver) {
    this.#events = events;
    this.#receiver = receiver;
    this.#painter =
      context.size &&
      new Painter(context.size, config.theme, (error) =>
        events.log('warn', 'text rendering failed', { reason: String(error) }),
      );
    this.#state = new SceneState({
      config,
      ...(context.size ?? NO_SIZE),
      mixer: context.mixer,
      beganAtMs: context.beganAtMs,
      nowMs: context.nowMs,
      requestKey: (streamId) => receiver.requestKey(streamId),
      onTilesChanged: (tiles) => this.#painter?.layoutChanged(tiles),
      onWanted: (streams) => events.onWanted(streams),
    });
  }

  /** `isSecure` when its streams come from another machine. */
  static async open(
    context: SceneContext,
    { config, isSecure }: { config: CompositionConfig; isSecure: boolean },
    events: SceneEvents,
  ): Promise<MeetingScene> {
    let scene: MeetingScene | undefined;
    const receiver = await RtpReceiver.open({
      isSecure,
      nowMs: context.nowMs,
      onFrame: (streamId, frame) => scene?.onFrame(streamId, frame),
    });
    scene = new MeetingScene(context, config, events, receiver);
    return scene;
  }

  /** Where streams are to be sent. */
  get port(): number {
    return this.#receiver.port;
  }

  secure(keys: SrtpKeys): void {
    this.#receiver.secure(keys);
  }

  setParticipants(participants: readonly EgressParticipant[]): void {
    this.#state.setParticipants(participants);
  }

  setActiveSpeaker(participantId: string | null): void {
    this.#state.setActiveSpeaker(participantId);
  }

  addStream(stream: EgressStream): void {
    const isKnown = this.#receiver.add(stream);
    if (isKnown) this.#state.addStream(stream);
    else this.#events.log('warn', 'stream in an unknown codec', { streamId: stream.id, mimeType: stream.mimeType });
  }

  removeStream(streamId: string): void {
    this.#receiver.remove(streamId);
    this.#state.removeStream(streamId);
  }

  setStreamPaused(streamId: string, isPaused: boolean): void {
    this.#state.setStreamPaused(streamId, isPaused);
  }

  onFrame(streamId: string, frame: ReceivedFrame): void {
    this.#state.onFrame(streamId, frame);
  }

  poll(): void {
    this.#receiver.poll();
  }

  advanceTo(timeMs: number, position: number): void {
    this.#state.advanceTo(timeMs, position);
  }

  paint(timeMs: number): Painted | undefined {
    return this.#painter?.paint(this.#state.looks(timeMs));
  }

  facts(): Record<string, unknown> {
    return this.#receiver.loss;
  }

  async close(): Promise<void> {
    this.#receiver.close();
    this.#state.close();
    this.#painter?.close();
  }
}
