// Free-form JSON of an app, such as `metaData`: any value, within bounds of size and depth.
import { Type } from 'typebox';

/** Deepest nesting of free-form JSON. */
const MAX_DEPTH = 16;

const BYTES_OF_A_SCALAR = 8;

/** Texts of an app are for people: half an emoji in one of them keeps nobody out. */
const REPAIRED = { 'x-text': 'text' } as const;

const utf8 = new TextEncoder();

/** Any JSON of at most `maxKiB`, nested at most 16 deep. */
export function BoundedJson(maxKiB: number) {
  return Type.Refine(Type.Unknown({ ...allowed(maxKiB), ...REPAIRED }), (value) => fitsInto(value, maxKiB * 1024));
}

/** An object of any members, with the same bounds. */
export function BoundedObject(maxKiB: number) {
  const schema = Type.Record(Type.String(), Type.Unknown(), { ...allowed(maxKiB, 'an object'), ...REPAIRED });
  return Type.Refine(schema, (value) => fitsInto(value, maxKiB * 1024));
}

/** The same for a whole message whose members are checked elsewhere. */
export function BoundedMessage(maxKiB: number) {
  return Type.Refine(Type.Object({}, allowed(maxKiB, 'an object')), (value) => fitsInto(value, maxKiB * 1024));
}

function allowed(maxKiB: number, what = 'JSON') {
  return { 'x-allowed': `must be ${what} of at most ${maxKiB} KiB, nested at most ${MAX_DEPTH} deep` };
}

/** Stops at the first value that does not fit, so that a hostile one costs no more than a good one. */
function fitsInto(value: unknown, maxBytes: number): boolean {
  let left = maxBytes;
  const take = (item: unknown, depth: number): boolean => {
    if (typeof item === 'string') left -= utf8.encode(item).length;
    else left -= BYTES_OF_A_SCALAR;
    if (left < 0) return false;
    if (item === null || typeof item !== 'object') return isScalar(item);
    if (depth >= MAX_DEPTH) return false;
    if (Array.isArray(item)) return item.every((it) => take(it, depth + 1));
    return isPlain(item) && Object.entries(item).every(([key, it]) => take(key, depth) && take(it, depth + 1));
  };
  return take(value, 0);
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);
}

/** Sockets carry bytes as well, which are objects here and no JSON. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
