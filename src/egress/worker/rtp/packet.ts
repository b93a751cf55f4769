// RTP packets (RFC 3550), their header extensions (RFC 8285) and retransmissions (RFC 4588).

export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
  extensionProfile: number;
  extensions: Buffer | undefined;
}

const FIXED_HEADER_BYTES = 12;
const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;

/** Nothing when the bytes are no RTP packet: whatever arrives on a socket is parsed, garbage too. */
export function parseRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < FIXED_HEADER_BYTES) return undefined;
  const first = bytes.readUInt8(0);
  if (first >> 6 !== 2) return undefined;
  let offset = FIXED_HEADER_BYTES + (first & 0x0f) * 4;
  let extensionProfile = 0;
  let extensions: Buffer | undefined;
  if (first & 0x10) {
    if (offset + 4 > bytes.length) return undefined;
    extensionProfile = bytes.readUInt16BE(offset);
    const length = bytes.readUInt16BE(offset + 2) * 4;
    extensions = bytes.subarray(offset + 4, offset + 4 + length);
    offset += 4 + length;
  }
  const padding = first & 0x20 ? bytes.readUInt8(bytes.length - 1) : 0;
  const end = bytes.length - padding;
  if (offset > end) return undefined;
  const second = bytes.readUInt8(1);
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(offset, end),
    extensionProfile,
    extensions,
  };
}

export function extensionOf({ extensions, extensionProfile }: RtpPacket, id: number): Buffer | undefined {
  if (!extensions) return undefined;
  const isOneByte = extensionProfile === ONE_BYTE_PROFILE;
  if (!isOneByte && (extensionProfile & 0xfff0) !== TWO_BYTE_PROFILE) return undefined;
  let offset = 0;
  while (offset < extensions.length) {
    const head = extensions.readUInt8(offset);
    if (head === 0) {
      offset += 1;
      continue;
    }
    if (!isOneByte && offset + 1 >= extensions.length) return undefined;
    const found = isOneByte ? head >> 4 : head;
    const length = isOneByte ? (head & 0x0f) + 1 : extensions.readUInt8(offset + 1);
    const start = offset + (isOneByte ? 1 : 2);
    if (isOneByte && found === 15) return undefined;
    if (found === id) return extensions.subarray(start, start + length);
    offset = start + length;
  }
  return undefined;
}

/** Degrees clockwise to turn the picture by, as 3GPP TS 26.114 writes it; the flip bit is not used by senders. */
export function rotationOf(extension: Buffer | undefined): 0 | 90 | 180 | 270 {
  const steps = extension && extension.length > 0 ? extension.readUInt8(0) & 3 : 0;
  return ([0, 90, 180, 270] as const)[steps] ?? 0;
}

/** The packet that a retransmission carries; nothing for one that is only padding. */
export function unwrapRtx(packet: RtpPacket, original: { payloadType: number; ssrc: number }): RtpPacket | undefined {
  if (packet.payload.length < 2) return undefined;
  return {
    ...packet,
    ...original,
    sequence: packet.payload.readUInt16BE(0),
    payload: packet.payload.subarray(2),
  };
}
