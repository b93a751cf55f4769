// Reads request bodies as what they are, whatever their content type says: clients name none, two at once, or a form's by
// accident.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AppError, badRequest, unsupportedMedia } from '../errors.ts';
import { clip } from '../kit/text.ts';
import { charsetOf, decompressed, textReader } from './body-encoding.ts';
import { readForm } from './form.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** As it was sent; Fastify, which refuses the odd ones, sees none. */
    contentType: string | undefined;
  }
}

const MAX_REASON = 200;

/** Replaces Fastify's parsers; an empty body reads as none. */
export function parseBodies(app: FastifyInstance): void {
  app.decorateRequest('contentType');
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (headers['content-type'] !== undefined) {
      request.contentType = headers['content-type'];
      delete headers['content-type'];
    }
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, readBody);
}

async function readBody(request: FastifyRequest, sent: Buffer): Promise<unknown> {
  if (sent.length === 0) return undefined;
  const { contentType, headers } = request;
  const read = textReader(charsetOf(contentType));
  const body = await decompressed(sent, headers, request.routeOptions.bodyLimit);
  const text = read(body);
  if (text.trim() === '') return undefined;
  // `curl -d` says form of whatever it sends.
  const isJson = !isForm(contentType) || /^\s*[[{]/.test(text);
  if (!isJson) return readForm(body, read);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw isForm(contentType) ? malformed(cause) : notJson(request, cause);
  }
}

/** The refusal of a body that is no JSON: what it was said to be decides how that is put. */
export function notJson({ contentType }: FastifyRequest, cause: unknown): AppError {
  if (saysJson(contentType)) return malformed(cause);
  return unsupportedMedia(
    `A body of type ${clip(contentType ?? '', MAX_REASON)} is not read: send JSON, with Content-Type: application/json.`,
  );
}

function saysJson(contentType = 'application/json'): boolean {
  return /json|^\s*text\/plain/i.test(contentType);
}

function isForm(contentType = ''): boolean {
  return /^\s*application\/x-www-form-urlencoded/i.test(contentType);
}

function malformed(cause: unknown): AppError {
  const reason = cause instanceof Error ? clip(cause.message, MAX_REASON).toWellFormed() : 'unreadable';
  return badRequest('MALFORMED_JSON', `The body is not valid JSON: ${reason}`);
}
