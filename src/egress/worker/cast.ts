// Who is in the picture: participants and their streams in, the tiles to paint and the streams to ask for out. What is
// told now concerns the picture as much later as its frames are shown later, so it waits; what is asked for does not.
import type { CompositionConfig } from '../../protocol/composition.ts';
import { arrange, type Tile } from '../../protocol/layout.ts';
import type { EgressParticipant, EgressStream, WantedStream } from '../ipc.ts';
import type { TileLook } from './picture/painter.ts';
import type { ReceivedFrame } from './rtp/stream-receiver.ts';
import type { Mixer } from './sound/mixer.ts';
import { AudioSource } from './sources/audio-source.ts';
import { VideoSource } from './sources/video-source.ts';

export interface CastOptions {
  config: CompositionConfig;
  width: number;
  height: number;
  mixer: Mixer;
  /** When position 0 of the composition was, on our clock. */
  beganAtMs: number;
  /** Our clock. */
  nowMs(): number;
  requestKey(streamId: string): void;
  /** Called when tiles came, went or moved. */
  onTilesChanged(tiles: readonly Tile[]): void;
  onWanted(streams: WantedStream[]): void;
}

interface Role {
  stream: EgressStream;
  source: VideoSource | AudioSource;
  /** From when on it sends nothing, or is gone; nothing while it sends. */
  pausesAtMs: number | undefined;
  endsAtMs: number | undefined;
}

/** Who is there and where, from a moment on. */
interface Scene {
  fromMs: number;
  participants: ReadonlyMap<string, EgressParticipant>;
  speakerId: string | null;
  tiles: Tile[];
}

/** A camera that has sent nothing for so long is gone, whatever was said of it. Screens may stand still for ever. */
const STALE_CAMERA_MS = 4000;

export class Cast {
  readonly #options: CastOptions;
  readonly #roles = new Map<string, Role>();
  /** Who spoke last: when nobody speaks, the picture stays with them. */
  #lastSpeakerId: string | null = null;
  /** What is painted, what has been told since, and the last of it, which says what is needed. */
  #shown: Scene = { fromMs: -Infinity, participants: new Map(), speakerId: null, tiles: [] };
  #coming: Scene[] = [];
  #latest: Scene = this.#shown;
  #wantedKey = '';

  constructor(options: CastOptions) {
    this.#options = options;
  }

  setParticipants(participants: readonly EgressParticipant[]): void {
    const byId = new Map(participants.map((participant) => [participant.id, participant]));
    this.#tell(byId, this.#latest.speakerId);
  }

  setActiveSpeaker(participantId: string | null): void {
    if (participantId !== null) this.#lastSpeakerId = participantId;
    this.#tell(this.#latest.participants, participantId);
  }

  addStream(stream: EgressStream): void {
    this.#drop(stream.id);
    const isVideo = stream.kind === 'video' || stream.kind === 'share';
    const source = isVideo
      ? new VideoSource({ mimeType: stream.mimeType, requestKey: () => this.#options.requestKey(stream.id) })
      : new AudioSource(this.#options.mixer, this.#options.beganAtMs);
    this.#roles.set(stream.id, { stream, source, pausesAtMs: undefined, endsAtMs: undefined });
    this.#applyPauses(-Infinity);
  }

  removeStream(streamId: string): void {
    const role = this.#roles.get(streamId);
    if (role) role.endsAtMs ??= this.#options.nowMs();
  }

  setStreamPaused(streamId: string, isPaused: boolean): void {
    const role = this.#roles.get(streamId);
    if (!role) return;
    if (!isPaused) role.pausesAtMs = undefined;
    else role.pausesAtMs ??= this.#options.nowMs();
    this.#applyPauses(-Infinity);
  }

  onFrame(streamId: string, frame: ReceivedFrame): void {
    this.#roles.get(streamId)?.source.push(frame);
  }

  /** Brings everything to a moment, given on our clock and in samples of the composition. */
  advanceTo(timeMs: number, position: number): void {
    for (let next = this.#coming[0]; next && next.fromMs <= timeMs; next = this.#coming[0]) {
      this.#coming.shift();
      this.#show(next);
    }
    for (const [streamId, { source, endsAtMs }] of this.#roles) {
      if (endsAtMs !== undefined && endsAtMs <= timeMs) this.#drop(streamId);
      else if (source instanceof VideoSource) source.advanceTo(timeMs);
      else source.flushBefore(position);
    }
    this.#applyPauses(timeMs);
  }

  looks(timeMs: number): TileLook[] {
    const { tiles, participants, speakerId } = this.#shown;
    const isShared = tiles.length > 1;
    return tiles.map((tile) => {
      const participant = participants.get(tile.participantId);
      return {
        ...tile,
        name: participant?.name ?? '',
        isMuted: !participant?.micOn,
        isSpeaking: isShared && tile.kind === 'video' && tile.participantId === speakerId,
        source: this.#sourceOf(tile, timeMs),
      };
    });
  }

  close(): void {
    for (const { source } of this.#roles.values()) source.close();
    this.#roles.clear();
  }

  #drop(streamId: string): void {
    this.#roles.get(streamId)?.source.close();
    this.#roles.delete(streamId);
  }

  #sourceOf({ participantId, kind }: Tile, timeMs: number): VideoSource | undefined {
    const participant = this.#shown.participants.get(participantId);
    if (kind === 'video' && !participant?.camOn) return undefined;
    for (const { stream, source } of this.#roles.values()) {
      if (stream.participantId !== participantId || stream.kind !== kind || !(source instanceof VideoSource)) continue;
      if (!source.picture) continue;
      if (kind === 'video' && timeMs - source.shownAtMs > STALE_CAMERA_MS) continue;
      return source;
    }
    return undefined;
  }

  #tell(participants: Scene['participants'], speakerId: string | null): void {
    const { config, width, height } = this.#options;
    let tiles: Tile[] = [];
    if (config.mode === 'video-and-audio') {
      const activeSpeakerId = speakerId ?? this.#lastSpeakerId;
      tiles = arrange({
        participants: [...participants.values()],
        activeSpeakerId,
        layout: config.layout,
        width,
        height,
      });
    }
    const isFirst = this.#latest.participants.size === 0 && this.#coming.length === 0;
    this.#latest = { fromMs: this.#options.nowMs(), participants, speakerId, tiles };
    // A composition does not begin with an empty picture of a room that has people in it.
    if (isFirst) this.#show(this.#latest);
    else this.#coming.push(this.#latest);
    this.#applyPauses(-Infinity);
    this.#tellWanted();
  }

  #show(scene: Scene): void {
    const before = this.#shown.tiles;
    this.#shown = scene;
    if (JSON.stringify(before) !== JSON.stringify(scene.tiles)) this.#options.onTilesChanged(scene.tiles);
  }

  /** Nothing is decoded that is not seen, and nobody is heard who is muted. */
  #applyPauses(timeMs: number): void {
    for (const { stream, source, pausesAtMs } of this.#roles.values()) {
      // Sound that has come is laid out already, so it can stop at once.
      const untilMs = source instanceof AudioSource ? Infinity : timeMs;
      const isPaused = pausesAtMs !== undefined && (pausesAtMs <= untilMs || source.isPaused);
      source.setPaused(isPaused || !this.#isUsed(stream));
    }
  }

  #isUsed(stream: EgressStream): boolean {
    const participant = this.#latest.participants.get(stream.participantId);
    if (stream.kind === 'audio') return participant?.micOn === true;
    if (stream.kind === 'shareAudio') return participant?.shareOn === true;
    return isSeen(stream, this.#shown) || this.#coming.some((scene) => isSeen(stream, scene));
  }

  #tellWanted(): void {
    const { participants, tiles } = this.#latest;
    const wanted: WantedStream[] = [];
    for (const { id, micOn, shareOn } of participants.values()) {
      if (micOn) wanted.push({ participantId: id, kind: 'audio', width: 0, height: 0 });
      if (shareOn) wanted.push({ participantId: id, kind: 'shareAudio', width: 0, height: 0 });
    }
    for (const { participantId, kind, width, height } of tiles) {
      const isSent = kind === 'share' || participants.get(participantId)?.camOn;
      if (isSent) wanted.push({ participantId, kind, width, height });
    }
    const key = JSON.stringify(wanted);
    if (key === this.#wantedKey) return;
    this.#wantedKey = key;
    this.#options.onWanted(wanted);
  }
}

function isSeen({ participantId, kind }: EgressStream, { participants, tiles }: Scene): boolean {
  if (kind === 'video' && !participants.get(participantId)?.camOn) return false;
  return tiles.some((tile) => tile.participantId === participantId && tile.kind === kind);
}
