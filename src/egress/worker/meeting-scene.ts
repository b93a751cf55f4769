// The scene of a meeting: streams in on a UDP port, tiles painted and voices mixed.
import type { CompositionConfig } from '../../protocol/composition.ts';
import type { EgressParticipant, EgressStream, SrtpKeys } from '../ipc.ts';
import { Cast } from './cast.ts';
import { Painter } from './picture/painter.ts';
import type { Painted } from './picture/sheet.ts';
import { Intake } from './rtp/intake.ts';
import type { ReceivedFrame } from './rtp/stream-receiver.ts';
import type { Scene, SceneEvents, Stage } from './scene.ts';

/** The size that tiles are arranged for where nothing is painted. */
const NO_SIZE = { width: 0, height: 0 };

export class MeetingScene implements Scene {
  readonly matrix = 'bt601';
  readonly #events: SceneEvents;
  readonly #intake: Intake;
  readonly #painter: Painter | undefined;
  readonly #cast: Cast;

  private constructor(stage: Stage, config: CompositionConfig, events: SceneEvents, intake: Intake) {
    this.#events = events;
    this.#intake = intake;
    this.#painter =
      stage.size &&
      new Painter(stage.size, config.theme, (error) =>
        events.log('warn', 'lettering failed', { reason: String(error) }),
      );
    this.#cast = new Cast({
      config,
      ...(stage.size ?? NO_SIZE),
      mixer: stage.mixer,
      beganAtMs: stage.beganAtMs,
      nowMs: stage.nowMs,
      requestKey: (streamId) => intake.requestKey(streamId),
      onTilesChanged: (tiles) => this.#painter?.layoutChanged(tiles),
      onWanted: (streams) => events.onWanted(streams),
    });
  }

  /** `isSecure` when its streams come from another machine. */
  static async open(
    stage: Stage,
    { config, isSecure }: { config: CompositionConfig; isSecure: boolean },
    events: SceneEvents,
  ): Promise<MeetingScene> {
    let scene: MeetingScene | undefined;
    const intake = await Intake.open({
      isSecure,
      nowMs: stage.nowMs,
      onFrame: (streamId, frame) => scene?.onFrame(streamId, frame),
    });
    scene = new MeetingScene(stage, config, events, intake);
    return scene;
  }

  /** Where streams are to be sent. */
  get port(): number {
    return this.#intake.port;
  }

  secure(keys: SrtpKeys): void {
    this.#intake.secure(keys);
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

  onFrame(streamId: string, frame: ReceivedFrame): void {
    this.#cast.onFrame(streamId, frame);
  }

  poll(): void {
    this.#intake.poll();
  }

  advanceTo(timeMs: number, position: number): void {
    this.#cast.advanceTo(timeMs, position);
  }

  paint(timeMs: number): Painted | undefined {
    return this.#painter?.paint(this.#cast.looks(timeMs));
  }

  facts(): Record<string, unknown> {
    return this.#intake.loss;
  }

  async close(): Promise<void> {
    this.#intake.close();
    this.#cast.close();
    this.#painter?.close();
  }
}
