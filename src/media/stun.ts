// The first thing that a browser sends to a media port, and waits for an answer to: a STUN binding request (RFC 8489)
// with the credentials of ICE (RFC 8445).
import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { crc32 } from 'node:zlib';

export interface StunTarget {
  address: string;
  port: number;
  usernameFragment: string;
  password: string;
}

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;
const FINGERPRINT_BYTES = 8;
const FINGERPRINT_XOR = 0x5354554e;
const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  priority: 0x0024,
  fingerprint: 0x8028,
  iceControlling: 0x802a,
};
/** Packets get lost; browsers send several as well. */
const UDP_ATTEMPTS = 3;

/** Resolves when the port answers; rejects with the reason when it does not in time. */
export async function askByUdp(target: StunTarget, timeoutMs: number): Promise<void> {
  const socket = createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
  const request = bindingRequest(target);
  try {
    const answered = answerTo(request, (listen) => socket.on('message', listen));
    const failed = once(socket, 'error').then(([error]) => Promise.reject(error));
    for (let attempt = 0; attempt < UDP_ATTEMPTS; attempt++) {
      socket.send(request, target.port, target.address);
      const isAnswered = await Promise.race([answered, failed, after(timeoutMs / UDP_ATTEMPTS)]);
      if (isAnswered) return;
    }
    throw new Error(`no answer within ${timeoutMs / 1000} s`);
  } finally {
    socket.close();
  }
}

/** As `askByUdp`, framed for TCP (RFC 4571). */
export async function askByTcp(target: StunTarget, timeoutMs: number): Promise<void> {
  const socket = connect(target.port, target.address);
  const request = bindingRequest(target);
  try {
    const answered = answerTo(request, (listen) => socket.on('data', (frame) => listen(frame.subarray(2))));
    const failed = once(socket, 'error').then(([error]) => Promise.reject(error));
    const late = after(timeoutMs);
    if (!(await Promise.race([once(socket, 'connect'), failed, late]))) throw new Error('no connection in time');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(request.length);
    socket.write(Buffer.concat([length, request]));
    if (!(await Promise.race([answered, failed, late]))) throw new Error(`no answer within ${timeoutMs / 1000} s`);
  } finally {
    socket.destroy();
  }
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}

function answerTo(request: Buffer, listen: (listener: (message: Buffer) => void) => void): Promise<true> {
  const transaction = request.subarray(8, HEADER_BYTES);
  return new Promise((resolve) =>
    listen((message) => {
      const isAnswer = message.length >= HEADER_BYTES && message.readUInt16BE(0) === BINDING_SUCCESS;
      if (isAnswer && message.subarray(8, HEADER_BYTES).equals(transaction)) resolve(true);
    }),
  );
}

function bindingRequest({ usernameFragment, password }: StunTarget): Buffer {
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(1);
  const attributes = Buffer.concat([
    attribute(ATTRIBUTE.username, Buffer.from(`${usernameFragment}:doctor`)),
    attribute(ATTRIBUTE.priority, priority),
    attribute(ATTRIBUTE.iceControlling, randomBytes(8)),
  ]);
  const transaction = randomBytes(12);
  // Both checksums are over what stands before them, under a header whose length already counts them.
  const signed = Buffer.concat([header(attributes.length + INTEGRITY_BYTES, transaction), attributes]);
  const integrity = attribute(ATTRIBUTE.messageIntegrity, createHmac('sha1', password).update(signed).digest());
  const whole = attributes.length + INTEGRITY_BYTES + FINGERPRINT_BYTES;
  const summed = Buffer.concat([header(whole, transaction), attributes, integrity]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE((crc32(summed) ^ FINGERPRINT_XOR) >>> 0);
  return Buffer.concat([summed, attribute(ATTRIBUTE.fingerprint, sum)]);
}

function header(length: number, transaction: Buffer): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt16BE(BINDING_REQUEST, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.writeUInt32BE(MAGIC_COOKIE, 4);
  transaction.copy(bytes, 8);
  return bytes;
}

/** Values are filled up to whole words. */
function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}
