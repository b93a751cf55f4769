// Lets an output begin where a player can: at a keyframe, which becomes time 0 of its picture and sound.
import { type EncodedPacket, VIDEO_CLOCK } from '../encode/packet.ts';
import { SAMPLE_RATE } from '../ffmpeg.ts';

/** Sound that may be waiting for the picture it belongs to: encoding a picture takes longer than encoding its sound. */
const MAX_HELD_PACKETS = 200;

export class Alignment {
  readonly #hasVideo: boolean;
  #held: EncodedPacket[] = [];
  #videoStart: number | undefined;
  #audioStart: number | undefined;

  constructor(hasVideo: boolean) {
    this.#hasVideo = hasVideo;
  }

  /** Seconds of the composition that went before; nothing as long as the output has not begun. */
  get startSeconds(): number | undefined {
    return this.#audioStart === undefined ? undefined : this.#audioStart / SAMPLE_RATE;
  }

  /** What the output gets now, on its own timeline; what is from before its beginning is left out. */
  align(packet: EncodedPacket): EncodedPacket[] {
    if (packet.kind === 'audio') {
      if (!this.#hasVideo) this.#audioStart ??= Math.max(0, packet.time);
      if (this.#audioStart !== undefined) return this.#sound(packet);
      this.#held.push(packet);
      if (this.#held.length > MAX_HELD_PACKETS) this.#held.shift();
      return [];
    }
    if (this.#videoStart !== undefined) return [{ ...packet, time: packet.time - this.#videoStart }];
    if (!packet.isKey) return [];
    this.#videoStart = packet.time;
    this.#audioStart = Math.round((packet.time * SAMPLE_RATE) / VIDEO_CLOCK);
    const sound = this.#held.flatMap((held) => this.#sound(held));
    this.#held = [];
    return [{ ...packet, time: 0 }, ...sound];
  }

  #sound(packet: EncodedPacket): EncodedPacket[] {
    const time = packet.time - (this.#audioStart ?? 0);
    return time < 0 ? [] : [{ ...packet, time }];
  }
}
