// What callers send, put into the form that a schema wants where there is no doubt what was meant: PHP has one value for
// an empty list and an empty object, forms know text alone, some clients send `null` for what they do not have, and
// names are cut in the middle of an emoji. Everything else stays as it came, for the schema to refuse.
import type { TSchema } from 'typebox';
import { clip, repair, repairAll } from './text.ts';
import { fits, withoutNulls } from './validate.ts';

/** Schemas nest less deeply, free-form JSON may not. */
const MAX_DEPTH = 32;
/** `060` could be octal, `1e3` a name, and more digits would be rounded. */
const NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/;

/**
 * How a text is repaired before it is checked, as `x-text` of its schema: a `name` is cut to its longest form as well, a
 * `text` that is too long is refused. Without it a text is an id, a key or an address, and taken as it is or not at all.
 */
export type TextKind = 'name' | 'text';

interface Form {
  'x-text'?: TextKind;
  '~refine'?: unknown;
  type?: string | string[];
  enum?: unknown[];
  maxLength?: number;
  anyOf?: TSchema[];
  items?: TSchema;
  properties?: Record<string, TSchema>;
  patternProperties?: Record<string, TSchema>;
  required?: string[];
}

interface Options {
  /** Whether members that the schema does not name stay, without nulls; otherwise they are left out. */
  keepUnknown?: boolean;
}

/** The value as its schema has it; a new one, where anything had to change. */
export function normalize(schema: TSchema, value: unknown, options: Options = {}): unknown {
  const form = schema as Form;
  if (form.anyOf) return chosen(form.anyOf, value, options);
  if (typeof value === 'string') return fromText(form, value);
  if (typeof value === 'number') return fromNumber(form, value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value) && value.length === 0 && form.type === 'object') return {};
  if (isFreeForm(form)) return freeForm(form, value, options);
  if (Array.isArray(value))
    return form.items ? value.map((item) => normalize(form.items as TSchema, item, options)) : value;
  return fromObject(form, value as Record<string, unknown>, options);
}

/** By the first of several forms that the value has, or can be put into. */
function chosen(forms: readonly TSchema[], value: unknown, options: Options): unknown {
  const form = forms.find((it) => fits(it, value));
  if (form) return normalize(form, value, options);
  for (const other of forms) {
    const normal = normalize(other, value, options);
    if (fits(other, normal)) return normal;
  }
  return value;
}

function fromText(form: Form, text: string): unknown {
  const kind = form['x-text'];
  if (kind) return kind === 'name' ? clip(repair(text), form.maxLength ?? Number.POSITIVE_INFINITY) : repair(text);
  if (form.type === 'number' || form.type === 'integer') return NUMBER.test(text) ? Number(text) : text;
  if (form.type === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  return text;
}

/** An id that a caller has as a number is its digits; one that is not exact could be two. */
function fromNumber(form: Form, number: number): unknown {
  if (form.type !== 'string' || !Number.isSafeInteger(number)) return number;
  const text = String(number);
  return form.enum && !form.enum.includes(text) ? number : text;
}

function isFreeForm(form: Form): boolean {
  return '~refine' in form || !(form.properties || form.items || form.patternProperties);
}

function freeForm(form: Form, value: object, { keepUnknown }: Options): unknown {
  const repaired = form['x-text'] ? repairAll(value, MAX_DEPTH) : value;
  return keepUnknown ? withoutNulls(repaired) : repaired;
}

/** An optional member that is `null` is left out. */
function fromObject(form: Form, value: Record<string, unknown>, options: Options): unknown {
  const { properties = {}, patternProperties = {}, required } = form;
  const [others] = Object.values(patternProperties);
  const members = Object.entries(value).flatMap(([name, item]) => {
    // A member of this name would set the prototype of the copy instead of a value.
    if (name === '__proto__' || (item === null && !required?.includes(name))) return [];
    const member = Object.hasOwn(properties, name) ? properties[name] : others;
    if (member) return [[name, normalize(member, item, options)]];
    return options.keepUnknown ? [[name, withoutNulls(item)]] : [];
  });
  return Object.fromEntries(members);
}
