// The bodies of RTMP's media messages, which are those of FLV tags.
import type { AudioTrack, EncodedPacket, VideoTrack } from '../../encode/packet.ts';
import { toLengthPrefixed } from '../../mux/annex-b.ts';
import { avcConfiguration } from '../../mux/boxes.ts';
import type { Tracks } from '../sink.ts';
import { encodeAmf } from './amf.ts';

const KEY_AVC = 0x17;
const INTER_AVC = 0x27;
/** AAC, and what the header of the format cannot say otherwise: 44 kHz, 16 bits, stereo. */
const AAC = 0xaf;

export function metadata({ video }: Tracks): Buffer {
  const picture = video && { width: video.width, height: video.height, framerate: 30, videocodecid: 7 };
  const sound = { audiocodecid: 10, audiosamplerate: 48_000, audiosamplesize: 16, stereo: true };
  return encodeAmf('@setDataFrame', 'onMetaData', { ...picture, ...sound, encoder: 'Roomful' });
}

export function videoHeader({ extraData }: VideoTrack): Buffer {
  return Buffer.concat([Buffer.from([KEY_AVC, 0, 0, 0, 0]), avcConfiguration(extraData ?? Buffer.alloc(0))]);
}

export function audioHeader({ extraData }: AudioTrack): Buffer {
  return Buffer.concat([Buffer.from([AAC, 0]), extraData ?? Buffer.alloc(0)]);
}

export function mediaBody({ kind, data, isKey }: EncodedPacket): Buffer {
  if (kind === 'audio') return Buffer.concat([Buffer.from([AAC, 1]), data]);
  return Buffer.concat([Buffer.from([isKey ? KEY_AVC : INTER_AVC, 1, 0, 0, 0]), toLengthPrefixed(data)]);
}
