// JSON that the database can keep: PostgreSQL stores neither NUL nor half a surrogate pair, and depth costs stack.
import { clip } from './text.ts';
import type { Problem } from './validate.ts';

const MAX_DEPTH = 32;
/** Longest name of a member that is repeated in a message. */
const MAX_ECHO = 60;
/** More than any request has; every value costs all who walk over it after this. */
const MAX_VALUES = 20_000;

/** What in a parsed JSON value could not be stored; stops at the first, since such a value is a mistake or an attack. */
export function findUnstorable(value: unknown, root = 'body'): Problem[] {
  const problem = inspect(value, 0, { left: MAX_VALUES });
  return problem ? [{ ...problem, field: problem.field || root }] : [];
}

function inspect(value: unknown, depth: number, values: { left: number }): Problem | undefined {
  if (typeof value === 'string') return inspectText(value);
  if (value === null || typeof value !== 'object') return undefined;
  if (depth >= MAX_DEPTH)
    return { field: '', got: 'deeper nesting', allowed: `must be nested at most ${MAX_DEPTH} deep` };
  const members: readonly string[] | undefined = Array.isArray(value) ? undefined : Object.keys(value);
  const count = members?.length ?? (value as unknown[]).length;
  values.left -= count;
  if (values.left < 0) return { field: '', got: 'more', allowed: `must hold at most ${MAX_VALUES} values in all` };
  for (let at = 0; at < count; at++) {
    const key = members?.[at] ?? String(at);
    const problem = inspectText(key) ?? inspect((value as Record<string, unknown>)[key], depth + 1, values);
    if (problem) return { ...problem, field: problem.field ? `${shown(key)}.${problem.field}` : shown(key) };
  }
  return undefined;
}

function inspectText(text: string): Problem | undefined {
  if (text.includes('\0')) return { field: '', got: 'a NUL character', allowed: 'must be text without NUL characters' };
  if (!text.isWellFormed()) return { field: '', got: 'half a surrogate pair', allowed: 'must be well-formed Unicode' };
  return undefined;
}

/** The name of a member, fit for a message. */
function shown(key: string): string {
  return clip(key, MAX_ECHO).toWellFormed().replaceAll('\0', '�');
}
