// SRTP with another machine (RFC 3711, AEAD_AES_128_GCM of RFC 7714): opens what comes from it, seals the feedback to it.
import { ProtectionProfileAeadAes128Gcm, SrtcpSession, SrtpSession } from 'werift-rtp';
import type { SrtpKeys } from '../ipc.ts';
import { payloadOffsetOf } from './packet.ts';
import { isRtcp } from './rtcp.ts';

const KEY_BYTES = 16;
/** Fifteen contributing sources and 256 bytes of header extensions, several times what a media worker sends. */
const MAX_HEADER_BYTES = 12 + 15 * 4 + 4 + 256;

export class SecureChannel {
  readonly #rtp: SrtpSession;
  readonly #rtcp: SrtcpSession;

  constructor({ send, receive }: SrtpKeys) {
    const [localMasterKey, localMasterSalt] = split(send);
    const [remoteMasterKey, remoteMasterSalt] = split(receive);
    const keys = { localMasterKey, localMasterSalt, remoteMasterKey, remoteMasterSalt };
    this.#rtp = new SrtpSession({ keys, profile: ProtectionProfileAeadAes128Gcm });
    this.#rtcp = new SrtcpSession({ keys, profile: ProtectionProfileAeadAes128Gcm });
  }

  /** Returns RTP or RTCP in clear, or undefined when it was not sent by the machine that shares our keys. */
  open(datagram: Buffer): Buffer | undefined {
    try {
      if (isRtcp(datagram)) return this.#rtcp.decrypt(datagram);
      // werift parses the header before it authenticates the packet, in a time that grows with the square of the length
      // that the header claims: 20 bytes from anywhere would stop the compositor for minutes.
      const headerBytes = payloadOffsetOf(datagram);
      if (headerBytes === undefined || headerBytes > MAX_HEADER_BYTES) return undefined;
      return this.#rtp.decrypt(datagram);
    } catch {
      return undefined;
    }
  }

  sealRtcp(packet: Buffer): Buffer {
    return this.#rtcp.encrypt(packet);
  }
}

function split(keyAndSalt: string): [Buffer, Buffer] {
  const bytes = Buffer.from(keyAndSalt, 'base64');
  return [bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES)];
}
