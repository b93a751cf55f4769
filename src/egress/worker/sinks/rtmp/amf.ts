// AMF0, the values in RTMP commands: as much of it as publishing needs.

export type AmfValue = number | boolean | string | null | undefined | { [name: string]: AmfValue };

const NUMBER = 0;
const BOOLEAN = 1;
const STRING = 2;
const OBJECT = 3;
const NULL = 5;
const UNDEFINED = 6;
const ECMA_ARRAY = 8;
const OBJECT_END = 9;
const LONG_STRING = 12;
/** What a server nests deeper than this is not for us. */
const MAX_DEPTH = 8;

export function encodeAmf(...values: AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeValue));
}

function encodeValue(value: AmfValue): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'boolean') return Buffer.from([BOOLEAN, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([STRING]), encodeName(value)]);
  if (value === null || value === undefined) return Buffer.from([NULL]);
  const members = Object.entries(value).map(([name, member]) => Buffer.concat([encodeName(name), encodeValue(member)]));
  return Buffer.concat([Buffer.from([OBJECT]), ...members, Buffer.from([0, 0, OBJECT_END])]);
}

function encodeName(text: string): Buffer {
  const body = Buffer.from(text, 'utf8').subarray(0, 0xffff);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(body.length);
  return Buffer.concat([head, body]);
}

/** All values of a message; throws on bytes that are not AMF0. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
  const reader = new Reader(bytes);
  const values: AmfValue[] = [];
  while (!reader.isAtEnd) values.push(reader.value(0));
  return values;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    if (depth > MAX_DEPTH) throw new RangeError('AMF nested too deeply');
    const type = this.#take(1).readUInt8();
    if (type === NUMBER) return this.#take(8).readDoubleBE();
    if (type === BOOLEAN) return this.#take(1).readUInt8() !== 0;
    if (type === STRING) return this.#text(this.#take(2).readUInt16BE());
    if (type === LONG_STRING) return this.#text(this.#take(4).readUInt32BE());
    if (type === NULL || type === UNDEFINED) return null;
    if (type === ECMA_ARRAY) this.#take(4);
    if (type === OBJECT || type === ECMA_ARRAY) return this.#members(depth);
    throw new RangeError(`AMF type ${type} is unknown`);
  }

  #members(depth: number): AmfValue {
    const members: [string, AmfValue][] = [];
    for (;;) {
      const name = this.#text(this.#take(2).readUInt16BE());
      if (name === '' && this.#bytes[this.#at] === OBJECT_END) {
        this.#at += 1;
        return Object.fromEntries(members);
      }
      members.push([name, this.value(depth + 1)]);
    }
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RangeError('AMF ends early');
    const piece = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }
}
