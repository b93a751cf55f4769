// Makes Fastify check requests with our own validator: `null` means absent, query text becomes numbers, and a mistake is
// told with the field, what came and what is allowed.
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { invalidInput } from '../errors.ts';
import { findUnstorable } from '../kit/storable.ts';
import { findProblems, withoutNulls } from '../kit/validate.ts';

const ROOTS: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' };

/** For `setValidatorCompiler`. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const root = ROOTS[httpPart] ?? httpPart;
  const isBody = httpPart === 'body';
  return (given: unknown) => {
    const unstorable = findUnstorable(given, root);
    if (unstorable.length > 0) return { error: invalidInput(unstorable) };
    const value = isBody ? withoutNulls(given ?? {}) : fromText(schema, given);
    const problems = findProblems(schema, value, root);
    return problems.length > 0 ? { error: invalidInput(problems) } : { value };
  };
};

/** Query and path values arrive as text; what the schema wants as a number is read as one, and empty means absent. */
function fromText(schema: TSchema, given: unknown): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const value: Record<string, unknown> = {};
  for (const [name, text] of Object.entries((given ?? {}) as Record<string, unknown>)) {
    if (text === '' || !Object.hasOwn(properties, name)) continue;
    const type = properties[name]?.type;
    value[name] = type === 'integer' || type === 'number' ? numberFrom(text) : text;
  }
  return value;
}

function numberFrom(text: unknown): unknown {
  return typeof text === 'string' && /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text;
}
