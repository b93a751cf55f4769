// Bodies of type `application/x-www-form-urlencoded`, as Flutter's `http.post` sends a map and PHP an array.
import { invalidInput } from '../errors.ts';
import type { ReadText } from './body-encoding.ts';

/** `a[b][c]` is three deep; no body of ours goes deeper. */
const MAX_DEPTH = 8;
const MAX_FIELDS = 2_000;

type Fields = Map<string, Value>;
type Value = string | Fields | Value[];

/**
 * The object of texts that a form stands for: `a[b]=1` is `{a: {b: '1'}}`, and `a[]=1`, `a[0]=1` or a name that comes
 * again make a list. What bytes stand for is up to `read`.
 */
export function readForm(body: Buffer, read: ReadText): Record<string, unknown> {
  const fields: Fields = new Map();
  // One character for each byte, so that escaped and bare bytes are read alike.
  const pairs = body.toString('latin1').split('&', MAX_FIELDS + 1);
  if (pairs.length > MAX_FIELDS) throw tooMany();
  for (const pair of pairs) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=');
    add(fields, pathOf(unescaped(name, read)), unescaped(rest.join('='), read));
  }
  return toObject(fields);
}

function tooMany(): Error {
  return invalidInput([{ field: 'body', got: 'more', allowed: `must have at most ${MAX_FIELDS} fields` }]);
}

function unescaped(text: string, read: ReadText): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return read(Buffer.from(bytes, 'latin1'));
}

/** `a[b][]` in its parts; a name with other brackets stands for itself. */
function pathOf(name: string): string[] {
  const parts = /^([^[\]]+)((?:\[[^[\]]*\])+)$/.exec(name);
  if (!parts) return [name];
  const path = [parts[1] ?? '', ...(parts[2] ?? '').slice(1, -1).split('][')];
  return path.length > MAX_DEPTH ? [name] : path;
}

function add(fields: Fields, [name = '', ...inner]: string[], text: string): void {
  const known = fields.get(name);
  if (inner.length === 0 && Array.isArray(known)) known.push(text);
  else if (inner.length === 0) fields.set(name, known === undefined ? text : [known, text]);
  else {
    const nested = known instanceof Map ? known : new Map<string, Value>();
    // PHP leaves the number of an item out where it only counts.
    add(nested, inner[0] === '' ? [String(nested.size), ...inner.slice(1)] : inner, text);
    fields.set(name, nested);
  }
}

function toObject(fields: Fields): Record<string, unknown> {
  return Object.fromEntries([...fields].map(([name, value]) => [name, toJson(value)]));
}

/** Members that are numbered from 0 are a list. */
function toJson(value: Value): unknown {
  if (!(value instanceof Map)) return value;
  const isList = [...value.keys()].every((name, index) => name === String(index));
  return isList ? [...value.values()].map(toJson) : toObject(value);
}
