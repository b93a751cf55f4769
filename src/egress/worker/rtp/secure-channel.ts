// SRTP with another machine (RFC 3711, AEAD_AES_128_GCM of RFC 7714): opens what comes from it, seals the feedback to it.
import { ProtectionProfileAeadAes128Gcm, SrtcpSession, SrtpSession } from 'werift-rtp';
import type { SrtpKeys } from '../../ipc.ts';
import { isRtcp } from './rtcp.ts';

const KEY_BYTES = 16;

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

  /** RTP or RTCP in clear; nothing when it was not sent by whom we share keys with. */
  open(datagram: Buffer): Buffer | undefined {
    try {
      return isRtcp(datagram) ? this.#rtcp.decrypt(datagram) : this.#rtp.decrypt(datagram);
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
