// The RTCP that a receiver needs: sender reports and goodbyes in; receiver reports, NACK and PLI out.

export interface SenderReport {
  type: 'sender-report';
  ssrc: number;
  /** Milliseconds on the sender's clock, whatever its epoch. */
  ntpMs: number;
  timestamp: number;
}

export interface Goodbye {
  type: 'goodbye';
  ssrc: number;
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const GOODBYE = 203;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const GENERIC_NACK = 1;
const PICTURE_LOSS = 1;

/** RTP and RTCP share the port (RFC 5761): packet types 192 to 223 are RTCP. */
export function isRtcp(bytes: Buffer): boolean {
  if (bytes.length < 8) return false;
  const type = bytes.readUInt8(1);
  return type >= 192 && type <= 223;
}

export function parseRtcp(bytes: Buffer): (SenderReport | Goodbye)[] {
  const found: (SenderReport | Goodbye)[] = [];
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const type = bytes.readUInt8(offset + 1);
    const length = (bytes.readUInt16BE(offset + 2) + 1) * 4;
    if (offset + length > bytes.length) break;
    const ssrc = bytes.readUInt32BE(offset + 4);
    if (type === SENDER_REPORT && length >= 28) {
      const ntpMs = bytes.readUInt32BE(offset + 8) * 1000 + (bytes.readUInt32BE(offset + 12) / 2 ** 32) * 1000;
      found.push({ type: 'sender-report', ssrc, ntpMs, timestamp: bytes.readUInt32BE(offset + 16) });
    } else if (type === GOODBYE) {
      found.push({ type: 'goodbye', ssrc });
    }
    offset += length;
  }
  return found;
}

function feedback(type: number, format: number, words: number, senderSsrc: number, mediaSsrc: number): Buffer {
  const packet = Buffer.alloc(12 + words * 4);
  packet.writeUInt8(0x80 | format, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(2 + words, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}

/** Asks for a keyframe. */
export function pictureLoss(senderSsrc: number, mediaSsrc: number): Buffer {
  return feedback(PAYLOAD_FEEDBACK, PICTURE_LOSS, 0, senderSsrc, mediaSsrc);
}

/** Asks for packets again; `sequences` are ascending, unwrapped or not. */
export function nack(senderSsrc: number, mediaSsrc: number, sequences: readonly number[]): Buffer {
  const entries: { first: number; bitmap: number }[] = [];
  for (const sequence of sequences) {
    const last = entries.at(-1);
    const distance = last ? (sequence - last.first) & 0xffff : 0;
    if (last && distance >= 1 && distance <= 16) last.bitmap |= 1 << (distance - 1);
    else entries.push({ first: sequence & 0xffff, bitmap: 0 });
  }
  const packet = feedback(TRANSPORT_FEEDBACK, GENERIC_NACK, entries.length, senderSsrc, mediaSsrc);
  entries.forEach(({ first, bitmap }, index) => {
    packet.writeUInt16BE(first, 12 + index * 4);
    packet.writeUInt16BE(bitmap, 14 + index * 4);
  });
  return packet;
}

export interface ReceptionBlock {
  ssrc: number;
  /** Share lost since the last report, 0 to 1. */
  fractionLost: number;
  cumulativeLost: number;
  /** Highest sequence number received, with its cycles. */
  highestSequence: number;
}

export function receiverReport(senderSsrc: number, blocks: readonly ReceptionBlock[]): Buffer {
  const packet = Buffer.alloc(8 + blocks.length * 24);
  packet.writeUInt8(0x80 | blocks.length, 0);
  packet.writeUInt8(RECEIVER_REPORT, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  blocks.forEach((block, index) => {
    const at = 8 + index * 24;
    packet.writeUInt32BE(block.ssrc, at);
    packet.writeUInt8(Math.min(255, Math.floor(block.fractionLost * 256)), at + 4);
    packet.writeUIntBE(Math.min(0x7fffff, Math.max(0, block.cumulativeLost)), at + 5, 3);
    packet.writeUInt32BE(block.highestSequence >>> 0, at + 8);
  });
  return packet;
}
