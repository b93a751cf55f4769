// Reads request bodies as JSON whatever their content type says: clients send none, or a form's by accident.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, badRequest } from '../errors.ts';

/** Replaces Fastify's parsers; an empty body reads as none. */
export function parseBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, text: string) => {
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw notJson(request, cause);
    }
  });
}

/** The refusal of a body that is no JSON: what it was said to be decides how that is put. */
export function notJson(request: FastifyRequest, cause: unknown): AppError {
  return isJson(request.headers['content-type']) ? malformed(cause) : unsupported();
}

function isJson(contentType = 'application/json'): boolean {
  return /json|^text\/plain/i.test(contentType);
}

function malformed(cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message.slice(0, 200).toWellFormed() : 'unreadable';
  return badRequest('MALFORMED_JSON', `The body is not valid JSON: ${reason}`);
}

function unsupported(): AppError {
  return new AppError({
    code: 'UNSUPPORTED_MEDIA_TYPE',
    status: 415,
    signalingCode: 5000,
    message: 'The body must be JSON, with content-type: application/json.',
  });
}
