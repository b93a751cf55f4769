// From packets in order to whole frames, one class for each codec.
import { Av1Depacketizer } from './av1.ts';
import type { Depacketizer } from './frame.ts';
import { H264Depacketizer } from './h264.ts';
import { OpusDepacketizer } from './opus.ts';
import { Vp8Depacketizer } from './vp8.ts';
import { Vp9Depacketizer } from './vp9.ts';

const DEPACKETIZERS: Record<string, new () => Depacketizer> = {
  'audio/opus': OpusDepacketizer,
  'video/vp8': Vp8Depacketizer,
  'video/vp9': Vp9Depacketizer,
  'video/h264': H264Depacketizer,
  'video/av1': Av1Depacketizer,
};

export function createDepacketizer(mimeType: string): Depacketizer | undefined {
  const Fitting = DEPACKETIZERS[mimeType.toLowerCase()];
  return Fitting && new Fitting();
}
