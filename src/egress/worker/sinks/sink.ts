// What every output has in common.
import { inBackground } from '../../../kit/in-background.ts';
import type { FileFacts } from '../../ipc.ts';
import type { AudioTrack, EncodedPacket, VideoTrack } from '../encode/packet.ts';

export type Blame = 'destination' | 'us';

export interface SinkEvents {
  /** The first picture or sound is where it belongs. */
  onStarted(): void;
  /** A player that fetches the playlist now would play. */
  onPlayable(): void;
  /** The output is over; nothing else is told of it afterwards. */
  onFailed(reason: string, blame: Blame): void;
  /** The sink wants to begin anew and needs a keyframe. */
  onNeedsKey(): void;
  log(level: 'debug' | 'info' | 'warn', msg: string, facts: Record<string, unknown>): void;
}

export interface Tracks {
  /** Nothing when only sound is composed. */
  video: VideoTrack | undefined;
  audio: AudioTrack;
}

/** Packets come in the order of their encoding; the first picture is a keyframe, and times begin at 0. */
export interface Sink {
  /** Called once, before the first packet, with the wall time of time 0. */
  begin?(atMs: number): void;
  write(packet: EncodedPacket): void;
  /** Completes the output. The facts are those of a file. */
  finish(): Promise<FileFacts | undefined>;
  /** Drops the output as it is. */
  abort(): Promise<void>;
}

/** Does what nobody waits for; its failure is logged, and ends nothing. */
export function inBackgroundOf(events: SinkEvents, what: string, work: () => unknown): void {
  const error = (facts: { err: unknown }, message: string) => {
    events.log('warn', message, { what, reason: reasonOf(facts.err) });
  };
  inBackground({ error }, what, work);
}

/** The words of an error, whoever made it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
