// RTMP's chunk stream: messages are cut into chunks on their way out and joined from chunks on their way in.

export interface RtmpMessage {
  type: number;
  streamId: number;
  /** Milliseconds. */
  timestamp: number;
  payload: Buffer;
}

export const MESSAGE = {
  setChunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  audio: 8,
  video: 9,
  data: 18,
  command: 20,
} as const;

/** Larger chunks than the 128 bytes RTMP begins with; agreed by every server. */
export const OUT_CHUNK_BYTES = 4096;
const INITIAL_IN_CHUNK_BYTES = 128;
const EXTENDED_TIMESTAMP = 0xffffff;
/** Servers send us commands, no media; longer messages are not for us. */
const MAX_IN_MESSAGE_BYTES = 64 * 1024;
/** Channels that a server sends on; each may hold a message that is not complete. */
const MAX_CHANNELS = 32;

/** The bytes of a message on chunk stream `channel`, all of whose headers are written in full. */
export function toChunks(message: RtmpMessage, channel: number, chunkBytes: number): Buffer {
  const { type, streamId, timestamp, payload } = message;
  const isLong = timestamp >= EXTENDED_TIMESTAMP;
  const head = Buffer.alloc(isLong ? 16 : 12);
  head.writeUInt8(channel, 0);
  head.writeUIntBE(isLong ? EXTENDED_TIMESTAMP : timestamp, 1, 3);
  head.writeUIntBE(payload.length, 4, 3);
  head.writeUInt8(type, 7);
  head.writeUInt32LE(streamId, 8);
  if (isLong) head.writeUInt32BE(timestamp >>> 0, 12);
  const pieces: Buffer[] = [head, payload.subarray(0, chunkBytes)];
  for (let from = chunkBytes; from < payload.length; from += chunkBytes) {
    const next = Buffer.alloc(isLong ? 5 : 1);
    next.writeUInt8(0xc0 | channel, 0);
    if (isLong) next.writeUInt32BE(timestamp >>> 0, 1);
    pieces.push(next, payload.subarray(from, from + chunkBytes));
  }
  return Buffer.concat(pieces);
}

interface Channel {
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  streamId: number;
  isLong: boolean;
  pieces: Buffer[];
  bytes: number;
}

const HEADER_BYTES = [11, 7, 3, 0];

export class ChunkReader {
  readonly #channels = new Map<number, Channel>();
  #chunkBytes = INITIAL_IN_CHUNK_BYTES;
  #bytes: Buffer = Buffer.alloc(0);

  /** Messages that are complete with these bytes; throws when they are no RTMP. */
  push(bytes: Buffer): RtmpMessage[] {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const used = this.#readChunk(messages);
      if (used === 0) return messages;
      this.#bytes = this.#bytes.subarray(used);
    }
  }

  /** How many bytes the chunk took; 0 when it is not all there. */
  #readChunk(messages: RtmpMessage[]): number {
    const bytes = this.#bytes;
    if (bytes.length < 3) return 0;
    const first = bytes.readUInt8(0);
    const format = first >> 6;
    const small = first & 0x3f;
    const basicBytes = small === 0 ? 2 : small === 1 ? 3 : 1;
    const id = small === 0 ? 64 + bytes.readUInt8(1) : small === 1 ? 64 + bytes.readUInt16LE(1) : small;
    const headerBytes = basicBytes + (HEADER_BYTES[format] ?? 0);
    if (bytes.length < headerBytes) return 0;
    const channel = this.#channels.get(id) ?? newChannel();
    const begun = { ...channel };
    if (format < 3) readHeader(bytes, basicBytes, format, begun);
    const extended = begun.isLong ? 4 : 0;
    if (begun.length > MAX_IN_MESSAGE_BYTES) throw new RangeError('the server sent a message that is too long');
    if (begun.length < begun.bytes) throw new RangeError('the server changed the length of a message it had begun');
    const piece = Math.min(this.#chunkBytes, begun.length - begun.bytes);
    const whole = headerBytes + extended + piece;
    if (bytes.length < whole) return 0;
    begun.pieces.push(bytes.subarray(headerBytes + extended, whole));
    begun.bytes += piece;
    if (begun.bytes >= begun.length) {
      messages.push(this.#complete(begun));
      begun.pieces = [];
      begun.bytes = 0;
    }
    this.#channels.set(id, begun);
    if (this.#channels.size > MAX_CHANNELS) throw new RangeError('the server sends on too many channels');
    return whole;
  }

  #complete({ type, streamId, timestamp, pieces }: Channel): RtmpMessage {
    const payload = Buffer.concat(pieces);
    if (type === MESSAGE.setChunkSize && payload.length >= 4) {
      this.#chunkBytes = Math.max(1, Math.min(payload.readUInt32BE(0) & 0x7fffffff, MAX_IN_MESSAGE_BYTES));
    }
    return { type, streamId, timestamp, payload };
  }
}

function newChannel(): Channel {
  return { timestamp: 0, delta: 0, length: 0, type: 0, streamId: 0, isLong: false, pieces: [], bytes: 0 };
}

function readHeader(bytes: Buffer, at: number, format: number, channel: Channel): void {
  const time = bytes.readUIntBE(at, 3);
  channel.isLong = time === EXTENDED_TIMESTAMP;
  channel.timestamp = format === 0 ? time : channel.timestamp + time;
  if (format > 1) return;
  channel.length = bytes.readUIntBE(at + 3, 3);
  channel.type = bytes.readUInt8(at + 6);
  if (format === 0) channel.streamId = bytes.readUInt32LE(at + 7);
}
