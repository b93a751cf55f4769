// Is a library as good at RTP as our own parser? Parses and depacketises the same packets with both, in turns, and shows
// what each makes of packets that are hostile or merely rare. Usage: node bench/rtp-library.ts
import { AV1RtpPayload, type DepacketizerCodec, dePacketizeRtpPackets, RtpPacket } from 'werift-rtp';
import { createDepacketizer } from '../src/compositor/rtp/depacketizers/depacketizer.ts';
import { extensionOf, parseRtp } from '../src/compositor/rtp/packet.ts';

const PACKETS_PER_FRAME = 4;
const FRAMES = 2_000;
const ROUNDS = 7;
const ORIENTATION = 3;

interface Codec {
  name: string;
  mimeType: string;
  /** As the library calls it. */
  library: DepacketizerCodec;
  payload(index: number): Buffer;
}

const body = Buffer.alloc(1100, 0x5a);
const after = (...head: number[]) => Buffer.concat([Buffer.from(head), body]);
const isFirst = (index: number) => index === 0;
const isLast = (index: number) => index === PACKETS_PER_FRAME - 1;

const CODECS: Codec[] = [
  { name: 'Opus', mimeType: 'audio/opus', library: 'OPUS', payload: () => body.subarray(0, 120) },
  {
    name: 'VP8',
    mimeType: 'video/VP8',
    library: 'VP8',
    payload: (index) => after(isFirst(index) ? 0x90 : 0x80, 0xe0, 0x81, 0x23, 5, 0x20),
  },
  {
    name: 'VP9',
    mimeType: 'video/VP9',
    library: 'VP9',
    payload: (index) => after(0xa0 | (isFirst(index) ? 8 : 0) | (isLast(index) ? 4 : 0), 0x81, 0x23, 0, 5),
  },
  {
    name: 'H.264',
    mimeType: 'video/H264',
    library: 'MPEG4/ISO/AVC',
    payload: (index) => after(0x7c, (isFirst(index) ? 0x80 : 0) | (isLast(index) ? 0x40 : 0) | 5),
  },
  {
    name: 'AV1',
    mimeType: 'video/AV1',
    library: 'AV1',
    payload: (index) => after((isFirst(index) ? 0 : 0x80) | (isLast(index) ? 0 : 0x40) | 0x10, 0x30),
  },
];

/** A packet with two header extensions, as mediasoup sends them. */
function datagram(sequence: number, timestamp: number, marker: boolean, payload: Buffer): Buffer {
  const head = Buffer.alloc(24);
  head.set([0x90, (marker ? 0x80 : 0) | 96]);
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(timestamp, 4);
  head.writeUInt32BE(1, 8);
  head.set([0xbe, 0xde, 0, 2, 0x12, 1, 2, 3, 0x30, 0, 0, 0], 12);
  return Buffer.concat([head, payload]);
}

function framesOf({ mimeType, payload }: Codec): Buffer[][] {
  const length = mimeType.startsWith('audio/') ? 1 : PACKETS_PER_FRAME;
  return Array.from({ length: FRAMES }, (_, frame) =>
    Array.from({ length }, (__, index) =>
      datagram(frame * length + index, frame * 3000, index === length - 1, payload(index)),
    ),
  );
}

function withOurs({ mimeType }: Codec, frames: Buffer[][]): number {
  const depacketizer = createDepacketizer(mimeType);
  let bytes = 0;
  for (const packets of frames) {
    for (const datagram of packets) {
      const packet = parseRtp(datagram);
      if (!packet) continue;
      extensionOf(packet, ORIENTATION);
      bytes += depacketizer?.push({ ...packet, index: 0, arrivedAtMs: 0 })?.data.length ?? 0;
    }
  }
  return bytes;
}

function withLibrary({ library }: Codec, frames: Buffer[][]): number {
  let bytes = 0;
  for (const datagrams of frames) {
    const packets = datagrams.map((datagram) => RtpPacket.deSerialize(datagram));
    for (const { header } of packets) header.extensions.find(({ id }) => id === ORIENTATION);
    bytes += dePacketizeRtpPackets(library, packets).data.length;
  }
  return bytes;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function packetsPerSecond(work: () => number, packets: number): number {
  const began = performance.now();
  work();
  return (packets * 1000) / (performance.now() - began);
}

function outcomeOf(work: () => unknown): string {
  const began = performance.now();
  let outcome: string;
  try {
    outcome = String(work());
  } catch (error) {
    outcome = `throws ${(error as Error).message}`;
  }
  const ms = performance.now() - began;
  return ms > 50 ? `${outcome}, after ${(ms / 1000).toFixed(1)} s` : outcome;
}

console.log('packets per second, median of paired runs');
for (const codec of CODECS) {
  const frames = framesOf(codec);
  const count = frames.length * (frames[0]?.length ?? 0);
  const runs = Array.from({ length: ROUNDS }, () => ({
    ours: packetsPerSecond(() => withOurs(codec, frames), count),
    library: packetsPerSecond(() => withLibrary(codec, frames), count),
  })).slice(1);
  const ours = median(runs.map((run) => run.ours));
  const library = median(runs.map((run) => run.library));
  const format = (value: number) => Math.round(value).toLocaleString('en').padStart(10);
  console.log(
    `${codec.name.padEnd(6)} ours ${format(ours)}  werift ${format(library)}  ${(ours / library).toFixed(1)}x`,
  );
}

/** A datagram of 20 bytes that says that its header extensions have 32 KB; it could say 256 KB. */
const lying = Buffer.from([0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0x20, 0x00, 0x10, 1, 0x10, 1]);
/** VP8 with a temporal layer index and no picture index, and with a picture index alone. */
const onlyTid = Buffer.from([0x90, 0x20, 0x40, 0x00, 0xaa]);
const onlyPictureIndex = Buffer.from([0x90, 0x40, 0x07, 0x00, 0xaa]);
/** AV1 in which each unit has its length. */
const counted = Buffer.from([0x00, 2, 0x30, 0xaa]);

console.log('\nrare and hostile packets');
const ourPayload = (mimeType: string, payload: Buffer) => {
  const packet = parseRtp(datagram(1, 1, true, payload));
  return (
    packet &&
    createDepacketizer(mimeType)
      ?.push({ ...packet, index: 0, arrivedAtMs: 0 })
      ?.data.toString('hex')
  );
};
const libraryPayload = (codec: DepacketizerCodec, payload: Buffer) =>
  dePacketizeRtpPackets(codec, [RtpPacket.deSerialize(datagram(1, 1, true, payload))]).data.toString('hex');
const cases: [string, () => unknown, () => unknown][] = [
  ['a lying header', () => parseRtp(lying)?.payload.length, () => RtpPacket.deSerialize(lying).payload.length],
  ['VP8, only TID', () => ourPayload('video/VP8', onlyTid), () => libraryPayload('VP8', onlyTid)],
  [
    'VP8, only TL0PICIDX',
    () => ourPayload('video/VP8', onlyPictureIndex),
    () => libraryPayload('VP8', onlyPictureIndex),
  ],
  ['AV1, W = 0', () => ourPayload('video/AV1', counted), () => AV1RtpPayload.deSerialize(counted)],
  ['an empty packet', () => parseRtp(Buffer.alloc(0)), () => RtpPacket.deSerialize(Buffer.alloc(0))],
];
for (const [name, ours, library] of cases) {
  console.log(`${name.padEnd(20)} ours: ${outcomeOf(ours)}; werift: ${outcomeOf(library)}`);
}
