// What in an accepted body does nothing: members that its schema does not know, and what the schema says is not served.
import type { TSchema } from 'typebox';
import { nearest, simplified } from './nearest.ts';
import { clip } from './text.ts';

export interface Warning {
  field: string;
  message: string;
}

/** More say nothing new, and a hostile body can have thousands. */
const MAX_WARNINGS = 20;
/** Longest part of a name of the caller's own that is repeated. */
const MAX_NAME = 60;

interface LooseSchema {
  'x-not-served'?: string;
  properties?: Record<string, LooseSchema>;
  items?: LooseSchema;
}

interface Walk {
  root: LooseSchema;
  /** Members of the body itself that nobody is warned of. */
  ignored: ReadonlySet<string>;
}

/** Empty when all of `value`, which fits `schema`, has an effect. */
export function findWarnings(schema: TSchema, value: unknown, ignored: ReadonlySet<string> = new Set()): Warning[] {
  const root = schema as LooseSchema;
  return warningsIn(root, value, [], { root, ignored }).take(MAX_WARNINGS).toArray();
}

function* warningsIn(schema: LooseSchema, value: unknown, path: string[], walk: Walk): Generator<Warning> {
  const reason = schema['x-not-served'];
  if (reason !== undefined) {
    if (isWanted(schema, value)) yield { field: path.join('.'), message: `accepted without effect: ${reason}` };
  } else if (Array.isArray(value)) {
    const { items } = schema;
    if (!items?.properties) return;
    for (const [index, item] of value.entries()) yield* warningsIn(items, item, [...path, String(index)], walk);
  } else if (schema.properties && value !== null && typeof value === 'object') {
    yield* warningsOfMembers(schema.properties, value, path, walk);
  }
}

function* warningsOfMembers(
  known: Record<string, LooseSchema>,
  value: object,
  path: string[],
  walk: Walk,
): Generator<Warning> {
  for (const [name, member] of Object.entries(value)) {
    const schema = Object.hasOwn(known, name) ? known[name] : undefined;
    if (schema) yield* warningsIn(schema, member, [...path, name], walk);
    else if (path.length > 0 || !walk.ignored.has(name)) {
      const meant = meantBy(name, known, path, walk.root);
      const shown = clip(name, MAX_NAME).toWellFormed();
      yield {
        field: [...path, shown].join('.'),
        message: `unknown field without effect${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      };
    }
  }
}

/** What has a switch is wanted when that is on; anything else when it is there. */
function isWanted({ properties }: LooseSchema, value: unknown): boolean {
  if (!properties || !('enabled' in properties)) return true;
  const { enabled } = value as { enabled?: unknown };
  return enabled === true || enabled === 'true';
}

/** A neighbour of nearly the same name, or a field of the same name further in or elsewhere. */
function meantBy(
  name: string,
  siblings: Record<string, LooseSchema>,
  path: string[],
  root: LooseSchema,
): string | undefined {
  const near = nearest(name, Object.keys(siblings));
  if (near !== undefined) return near;
  const further = fieldNamed(name, { properties: siblings });
  return further ? [...path, ...further].join('.') : fieldNamed(name, root)?.join('.');
}

function fieldNamed(name: string, { properties = {} }: LooseSchema): string[] | undefined {
  const wanted = simplified(name);
  const own = Object.keys(properties).find((candidate) => simplified(candidate) === wanted);
  if (own !== undefined) return [own];
  for (const [candidate, schema] of Object.entries(properties)) {
    const found = fieldNamed(name, schema);
    if (found) return [candidate, ...found];
  }
  return undefined;
}
