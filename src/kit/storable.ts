// JSON that the database can keep: PostgreSQL stores neither NUL nor half a surrogate pair, and depth costs stack.
import type { Problem } from './validate.ts';

const MAX_DEPTH = 32;

/** What in a parsed JSON value could not be stored; stops at the first, since such a value is a mistake or an attack. */
export function findUnstorable(value: unknown, root = 'body'): Problem[] {
  const problem = inspect(value, 0);
  return problem ? [{ ...problem, field: problem.field || root }] : [];
}

function inspect(value: unknown, depth: number): Problem | undefined {
  if (typeof value === 'string') return inspectText(value);
  if (value === null || typeof value !== 'object') return undefined;
  if (depth >= MAX_DEPTH)
    return { field: '', got: 'deeper nesting', allowed: `must be nested at most ${MAX_DEPTH} deep` };
  for (const [key, item] of Object.entries(value)) {
    const problem = inspectText(key) ?? inspect(item, depth + 1);
    if (problem) return { ...problem, field: problem.field ? `${clip(key)}.${problem.field}` : clip(key) };
  }
  return undefined;
}

function inspectText(text: string): Problem | undefined {
  if (text.includes('\0')) return { field: '', got: 'a NUL character', allowed: 'must be text without NUL characters' };
  if (!text.isWellFormed()) return { field: '', got: 'half a surrogate pair', allowed: 'must be well-formed Unicode' };
  return undefined;
}

function clip(key: string): string {
  return key.slice(0, 60).toWellFormed().replaceAll('\0', '�');
}
