import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProtectionProfileAeadAes128Gcm, RtpHeader, SrtpSession } from 'werift-rtp';
import { SecureChannel } from './secure-channel.ts';

const [ours, theirs] = [randomBytes(28), randomBytes(28)];
const channel = new SecureChannel({ send: ours.toString('base64'), receive: theirs.toString('base64') });
const sender = new SrtpSession({
  keys: {
    localMasterKey: theirs.subarray(0, 16),
    localMasterSalt: theirs.subarray(16),
    remoteMasterKey: ours.subarray(0, 16),
    remoteMasterSalt: ours.subarray(16),
  },
  profile: ProtectionProfileAeadAes128Gcm,
});

function sealed(sequenceNumber: number, extensions: { id: number; payload: Buffer }[]): Buffer {
  const header = new RtpHeader({ payloadType: 96, ssrc: 5, sequenceNumber, extension: true, extensions });
  return sender.encrypt(Buffer.from('payload'), header);
}

it('opens what was sealed with the shared keys, and nothing that was changed on its way', () => {
  const packet = sealed(1, [{ id: 3, payload: Buffer.from([1]) }]);
  expect(channel.open(packet)?.subarray(-7).toString()).toBe('payload');
  const changed = Buffer.from(sealed(2, []));
  changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
  expect(channel.open(changed)).toBeUndefined();
});

it('drops at once what claims a header longer than any sender writes, or than the packet itself', () => {
  const began = performance.now();
  const lying = Buffer.alloc(40, 0x10);
  lying.set([0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff]);
  expect(channel.open(lying)).toBeUndefined();
  const long = Buffer.alloc(60_000, 0x10);
  long.set([0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0x3a, 0x00]);
  expect(channel.open(long)).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(200);
});

it('survives garbage', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(channel.open(Buffer.from(bytes))).toBeUndefined();
    }),
  );
});
