// Checks a value against a TypeBox schema and says what is wrong in words a caller can act on.
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { clip } from './text.ts';

/** One thing wrong with a value: which field, what came, what would be right. */
export interface Problem {
  field: string;
  got: string;
  allowed: string;
}

/** More problems than this say nothing new, and a hostile body can have thousands. */
const MAX_PROBLEMS = 5;
/** Longest piece of the caller's own value that is repeated in a message. */
const MAX_ECHO = 60;

const compiled = new WeakMap<TSchema, Validator>();

function validatorFor(schema: TSchema): Validator {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = Compile(schema) as unknown as Validator;
    compiled.set(schema, validator);
  }
  return validator;
}

/** Returns nothing when `value` fits `schema` (and narrows it), else what is wrong with it. */
export function findProblems<S extends TSchema>(schema: S, value: unknown, root = 'body'): Problem[] {
  const validator = validatorFor(schema);
  if (validator.Check(value)) return [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const error of validator.Errors(value)) {
    const missing = (error as { params?: { requiredProperties?: string[] } }).params?.requiredProperties?.[0];
    const path = missing === undefined ? error.instancePath : `${error.instancePath}/${missing}`;
    if (error.keyword === 'anyOf' || seen.has(path) || problems.length >= MAX_PROBLEMS) continue;
    seen.add(path);
    problems.push({
      field: fieldName(path, root),
      got: missing === undefined ? echo(valueAt(value, error.instancePath)) : 'nothing',
      allowed: describe(schemaAt(schema, path)) ?? error.message,
    });
  }
  return problems.length > 0
    ? problems
    : [{ field: root, got: echo(value), allowed: describe(schema) ?? 'another value' }];
}

/** True when `value` fits `schema`. */
export function fits<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return validatorFor(schema).Check(value);
}

/**
 * Removes every `null` object member, at any depth: clients send `null` for optional fields and mean that they are
 * absent. Bounded by `maxDepth`; deeper values are returned as they are and left to the schema.
 */
export function withoutNulls(value: unknown, maxDepth = 32): unknown {
  if (maxDepth === 0 || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, maxDepth - 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    // A member of this name would set the prototype of the copy instead of a value.
    if (item !== null && key !== '__proto__') copy[key] = withoutNulls(item, maxDepth - 1);
  }
  return copy;
}

function segments(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function fieldName(path: string, root: string): string {
  return segments(path).join('.') || root;
}

function valueAt(value: unknown, path: string): unknown {
  let current = value;
  for (const part of segments(path)) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Record<string, unknown>)[part];
  }
  return current;
}

type LooseSchema = {
  /** What is allowed in our own words, where keywords such as `pattern` would not tell it. */
  'x-allowed'?: string;
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: LooseSchema[];
  properties?: Record<string, LooseSchema>;
  items?: LooseSchema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

function schemaAt(schema: TSchema, path: string): LooseSchema | undefined {
  let current: LooseSchema | undefined = schema as LooseSchema;
  for (const part of segments(path)) {
    if (!current) return undefined;
    current = /^\d+$/.test(part) && current.items ? current.items : current.properties?.[part];
  }
  return current;
}

/** What a schema allows, as half a sentence: `must be one of GRID, SPOTLIGHT, SIDEBAR`. */
function describe(schema: LooseSchema | undefined): string | undefined {
  if (!schema) return undefined;
  if (schema['x-allowed']) return schema['x-allowed'];
  if (schema.anyOf?.every((option) => 'const' in option))
    return `must be one of ${list(schema.anyOf.map((o) => o.const))}`;
  if (schema.enum) return `must be one of ${list(schema.enum)}`;
  if ('const' in schema) return `must be ${JSON.stringify(schema.const)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type;
  if (!type) return schema.description;
  return `must be ${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}${bounds(schema)}`;
}

function list(values: unknown[]): string {
  return values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
}

function bounds(schema: LooseSchema): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  if (maximum !== undefined) return ` of at most ${maximum}`;
  if (maxLength !== undefined) return ` of ${minLength ?? 0} to ${maxLength} characters`;
  if (minLength !== undefined) return ' that is not empty';
  if (minItems !== undefined || maxItems !== undefined)
    return ` with ${minItems ?? 0} to ${maxItems ?? 'any number of'} items`;
  return '';
}

function echo(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value !== null && typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MAX_ECHO ? `${clip(text, MAX_ECHO)}…` : text;
}
