// Makes Fastify check requests with our own validator: what has one meaning only is read as its schema wants it, and a
// mistake is answered with the field, what came and what is allowed.
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { invalidInput } from '../errors.ts';
import { normalize } from '../kit/normalize.ts';
import { findUnstorable } from '../kit/storable.ts';
import { findProblems } from '../kit/validate.ts';

const ROOTS: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' };

/** For `setValidatorCompiler`. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const root = ROOTS[httpPart] ?? httpPart;
  const isBody = httpPart === 'body';
  return (given: unknown) => {
    const value = isBody
      ? normalize(schema, given ?? {}, { keepUnknown: true })
      : normalize(schema, withoutEmpty(given));
    const unstorable = findUnstorable(value, root);
    const problems = unstorable.length > 0 ? unstorable : findProblems(schema, value, root);
    return problems.length > 0 ? { error: invalidInput(problems) } : { value };
  };
};

/** A parameter of a query that is there and says nothing is not there. */
function withoutEmpty(given: unknown): unknown {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, text]) => text !== ''));
}
