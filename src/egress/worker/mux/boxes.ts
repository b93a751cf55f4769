// The boxes of ISO base media files (ISO/IEC 14496-12) that a fragmented MP4 with H.264 and AAC needs.
import type { AudioTrack, VideoTrack } from '../encode/packet.ts';
import { VIDEO_CLOCK } from '../encode/packet.ts';
import { SAMPLE_RATE } from '../ffmpeg.ts';
import { splitNals } from './annex-b.ts';

export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;

export interface Sample {
  data: Buffer;
  duration: number;
  isKey: boolean;
}

export interface TrackFragment {
  trackId: number;
  /** In the track's own clock. */
  decodeTime: number;
  samples: readonly Sample[];
}

const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
};
const u32 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
};
const u64 = (value: number) => u32(Math.floor(value / 2 ** 32), value % 2 ** 32);
const zeros = (count: number) => Buffer.alloc(count);
const text = (value: string) => Buffer.from(value, 'latin1');

function box(type: string, ...contents: Buffer[]): Buffer {
  const size = contents.reduce((sum, { length }) => sum + length, 8);
  return Buffer.concat([u32(size), text(type), ...contents], size);
}

function fullBox(type: string, version: number, flags: number, ...contents: Buffer[]): Buffer {
  return box(type, u32((version << 24) | flags), ...contents);
}

const IDENTITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** What comes before the first fragment; without a picture when there is no video track. */
export function initSegment(video: VideoTrack | undefined, audio: AudioTrack): Buffer {
  const tracks: Buffer[] = [];
  const extensions: Buffer[] = [];
  if (video) {
    tracks.push(track(VIDEO_TRACK_ID, VIDEO_CLOCK, 'vide', avcEntry(video), video));
    extensions.push(fullBox('trex', 0, 0, u32(VIDEO_TRACK_ID, 1, 0, 0, 0)));
  }
  tracks.push(track(AUDIO_TRACK_ID, SAMPLE_RATE, 'soun', aacEntry(audio), undefined));
  extensions.push(fullBox('trex', 0, 0, u32(AUDIO_TRACK_ID, 1, 0, 0, 0)));
  const header = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, 1000, 0, 0x10000),
    u16(0x0100),
    zeros(10),
    IDENTITY_MATRIX,
    zeros(24),
    u32(AUDIO_TRACK_ID + 1),
  );
  const brands = box('ftyp', text('iso6'), u32(0), text('iso6isommp41cmfc'));
  return Buffer.concat([brands, box('moov', header, ...tracks, box('mvex', ...extensions))]);
}

/** One `moof` with its `mdat`. */
export function fragment(sequence: number, tracks: readonly TrackFragment[]): Buffer {
  const filled = tracks.filter(({ samples }) => samples.length > 0);
  const sizeOfMoof = movieFragment(sequence, filled, 0).length;
  const payload = filled.flatMap(({ samples }) => samples.map(({ data }) => data));
  return Buffer.concat([movieFragment(sequence, filled, sizeOfMoof + 8), box('mdat', ...payload)]);
}

function movieFragment(sequence: number, tracks: readonly TrackFragment[], firstOffset: number): Buffer {
  let offset = firstOffset;
  const boxes = tracks.map(({ trackId, decodeTime, samples }) => {
    const run = trackRun(samples, offset);
    offset += samples.reduce((sum, { data }) => sum + data.length, 0);
    return box('traf', fullBox('tfhd', 0, 0x020000, u32(trackId)), fullBox('tfdt', 1, 0, u64(decodeTime)), run);
  });
  return box('moof', fullBox('mfhd', 0, 0, u32(sequence)), ...boxes);
}

function trackRun(samples: readonly Sample[], dataOffset: number): Buffer {
  const entries = zeros(samples.length * 12);
  samples.forEach(({ data, duration, isKey }, index) => {
    entries.writeUInt32BE(duration, index * 12);
    entries.writeUInt32BE(data.length, index * 12 + 4);
    // Depends on nothing, or depends on others and is no place to begin at.
    entries.writeUInt32BE(isKey ? 0x02000000 : 0x01010000, index * 12 + 8);
  });
  return fullBox('trun', 0, 0x000701, u32(samples.length, dataOffset), entries);
}

function track(
  id: number,
  timescale: number,
  handler: 'vide' | 'soun',
  sampleEntry: Buffer,
  size: VideoTrack | undefined,
): Buffer {
  const header = fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, id, 0, 0),
    zeros(8),
    u16(0, 0, size ? 0 : 0x0100, 0),
    IDENTITY_MATRIX,
    u32((size?.width ?? 0) << 16, (size?.height ?? 0) << 16),
  );
  const mediaHeader = fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0));
  const name = handler === 'vide' ? 'Picture\0' : 'Sound\0';
  const handlerBox = fullBox('hdlr', 0, 0, u32(0), text(handler), zeros(12), text(name));
  const kind = size ? fullBox('vmhd', 0, 1, zeros(8)) : fullBox('smhd', 0, 0, zeros(4));
  const dataInformation = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const table = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), sampleEntry),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  );
  return box('trak', header, box('mdia', mediaHeader, handlerBox, box('minf', kind, dataInformation, table)));
}

function avcEntry({ width, height, matrix, extraData }: VideoTrack): Buffer {
  const colour = box('colr', text('nclx'), u16(1, 1, matrix === 'bt709' ? 1 : 6), u8(0));
  return box(
    'avc1',
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    zeros(32),
    u16(0x18, 0xffff),
    box('avcC', avcConfiguration(extraData ?? zeros(0))),
    colour,
    box('pasp', u32(1, 1)),
  );
}

/** ISO/IEC 14496-15, 5.3.3.1, from parameter sets with start codes. */
export function avcConfiguration(extraData: Buffer): Buffer {
  const units = splitNals(extraData);
  const sps = units.filter((unit) => (unit.readUInt8(0) & 0x1f) === 7);
  const pps = units.filter((unit) => (unit.readUInt8(0) & 0x1f) === 8);
  const first = sps[0];
  if (!first || first.length < 4) throw new Error('the H.264 encoder gave no parameter sets');
  const listed = (sets: Buffer[]) => sets.flatMap((set) => [u16(set.length), set]);
  const profile = first.readUInt8(1);
  const high = profile >= 100 ? u8(0xfd, 0xf8, 0xf8, 0) : zeros(0);
  return Buffer.concat([
    u8(1, profile, first.readUInt8(2), first.readUInt8(3), 0xff, 0xe0 | sps.length),
    ...listed(sps),
    u8(pps.length),
    ...listed(pps),
    high,
  ]);
}

function aacEntry({ extraData }: AudioTrack): Buffer {
  const specific = extraData ?? zeros(0);
  const descriptor = (tag: number, ...contents: Buffer[]) => {
    const body = Buffer.concat(contents);
    return Buffer.concat([u8(tag, body.length), body]);
  };
  const decoder = descriptor(4, u8(0x40, 0x15), zeros(3), u32(128_000, 128_000), descriptor(5, specific));
  const stream = descriptor(3, u16(AUDIO_TRACK_ID), u8(0), decoder, descriptor(6, u8(2)));
  return box(
    'mp4a',
    zeros(6),
    u16(1),
    zeros(8),
    u16(2, 16, 0, 0),
    u32(SAMPLE_RATE << 16),
    fullBox('esds', 0, 0, stream),
  );
}
