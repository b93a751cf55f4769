// The protobuf frames of the pub/sub socket, as far as this client speaks them. Written by hand: protobuf libraries
// make their readers from text while the program runs, which the pages' Content-Security-Policy does not allow.

export interface TopicMessage {
  id: string;
  topic: string;
  message: string;
  senderId: string;
  senderName: string;
  timestamp: string;
  payload: Uint8Array;
}

export type ServerFrame =
  | { kind: 'messages'; topic: string; old: boolean; last: boolean; requestId: string; messages: TopicMessage[] }
  | { kind: 'ack'; requestId: string; ok: boolean; error: string }
  | { kind: 'welcome'; pingIntervalMs: number }
  | { kind: 'ping'; seq: number };

const VARINT = 0;
const LENGTH_DELIMITED = 2;

type Value = string | number | boolean | Uint8Array;

/** Encodes a message: field number to value, lists as several. */
function encode(fields: Iterable<readonly [number, Value]>): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const [field, value] of fields) {
    if (typeof value === 'number' || typeof value === 'boolean') {
      bytes.push(...varint((field << 3) | VARINT), ...varint(Number(value)));
      continue;
    }
    const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    bytes.push(...varint((field << 3) | LENGTH_DELIMITED), ...varint(content.length));
    for (const byte of content) bytes.push(byte);
  }
  return new Uint8Array(bytes);
}

/** Negative numbers take ten bytes, as 64-bit two's complement. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** Every field of a message, in order; fixed-width fields are not part of this protocol. */
function* fieldsOf(bytes: Uint8Array): Generator<{ field: number; value: number; content: Uint8Array }> {
  let at = 0;
  const readVarint = () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('a frame ends within a number');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = readVarint();
    const field = Math.floor(key / 8);
    if (key % 8 === VARINT) {
      yield { field, value: readVarint(), content: new Uint8Array() };
    } else if (key % 8 === LENGTH_DELIMITED) {
      const length = readVarint();
      if (at + length > bytes.length) throw new RangeError('a frame ends within a field');
      yield { field, value: 0, content: bytes.subarray(at, at + length) };
      at += length;
    } else {
      throw new RangeError(`a frame has a field of unknown type ${key % 8}`);
    }
  }
}

const text = (content: Uint8Array) => new TextDecoder().decode(content);

export function encodeSubscribe(wish: { topic: string; peerId: string; oldMessages: number; requestId: string }) {
  const { topic, peerId, oldMessages, requestId } = wish;
  const subscribe = encode([
    [1, topic],
    [2, peerId],
    [3, oldMessages],
    [4, 'queue'],
    [6, requestId],
  ]);
  return encode([[1, subscribe]]);
}

export function encodePublish(wish: {
  topic: string;
  message: string;
  payload?: Uint8Array;
  sendOnly?: readonly string[];
  timestamp: string;
  persist: boolean;
  messageId: string;
  requestId: string;
}) {
  const publish = encode([
    [1, wish.topic],
    [2, wish.payload ?? new Uint8Array()],
    [3, wish.message],
    ...(wish.sendOnly ?? []).map((id) => [4, id] as const),
    [5, wish.timestamp],
    [8, wish.persist],
    [9, wish.messageId],
    [10, wish.requestId],
  ]);
  return encode([[3, publish]]);
}

export function encodePong(seq: number) {
  return encode([[5, encode([[1, seq]])]]);
}

/** Reads a frame of the server; nothing for a kind that this client does not know. */
export function decodeServerFrame(bytes: Uint8Array): ServerFrame | undefined {
  for (const { field, content } of fieldsOf(bytes)) {
    if (field === 1) return readBatch(content);
    if (field === 2) return readAck(content);
    if (field === 3) return { kind: 'welcome', pingIntervalMs: firstNumber(content) };
    if (field === 4) return { kind: 'ping', seq: firstNumber(content) };
  }
  return undefined;
}

function firstNumber(bytes: Uint8Array): number {
  for (const { field, value } of fieldsOf(bytes)) if (field === 1) return value;
  return 0;
}

function readBatch(bytes: Uint8Array): ServerFrame {
  const frame = { kind: 'messages' as const, topic: '', old: false, last: false, requestId: '' };
  const encoded: Uint8Array[] = [];
  for (const { field, value, content } of fieldsOf(bytes)) {
    if (field === 1) frame.topic = text(content);
    if (field === 2) encoded.push(content);
    if (field === 3) frame.old = text(content) === 'old-messages';
    if (field === 6) frame.last = value !== 0;
    if (field === 8) frame.requestId = text(content);
  }
  return { ...frame, messages: encoded.map((content) => readMessage(content, frame.topic)) };
}

function readMessage(bytes: Uint8Array, topic: string): TopicMessage {
  const it = { id: '', topic, message: '', senderId: '', senderName: '', timestamp: '', payload: new Uint8Array() };
  for (const { field, content } of fieldsOf(bytes)) {
    if (field === 1) it.message = text(content);
    if (field === 2) it.payload = new Uint8Array(content);
    if (field === 3) it.timestamp = text(content);
    if (field === 4) it.senderId = text(content);
    if (field === 5) it.senderName = text(content);
    if (field === 7) it.id = text(content);
  }
  return it;
}

function readAck(bytes: Uint8Array): ServerFrame {
  const ack = { kind: 'ack' as const, requestId: '', ok: false, error: '' };
  for (const { field, value, content } of fieldsOf(bytes)) {
    if (field === 1) ack.requestId = text(content);
    if (field === 2) ack.ok = value !== 0;
    if (field === 3) ack.error = text(content);
  }
  return ack;
}
