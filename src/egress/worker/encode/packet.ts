// What encoders give to sinks: bytes with their place on the composition's timeline.
import type { ColourMatrix } from '../picture/colour.ts';

/** Ticks per second of picture times; sound counts samples. */
export const VIDEO_CLOCK = 90_000;

export interface EncodedPacket {
  kind: 'video' | 'audio';
  data: Buffer;
  /** In ticks of its kind's clock since the composition began. There are no B-frames, so it is the decoding time too. */
  time: number;
  /** Samples, of sound; of pictures it is known when the next one comes. */
  duration: number;
  isKey: boolean;
}

export interface VideoTrack {
  codec: 'h264' | 'vp8';
  width: number;
  height: number;
  matrix: ColourMatrix;
  /** SPS and PPS with start codes; nothing for VP8. */
  extraData: Buffer | undefined;
}

export interface AudioTrack {
  codec: 'aac' | 'opus';
  extraData: Buffer | undefined;
  /** Samples at the beginning that a player drops. */
  priming: number;
}
