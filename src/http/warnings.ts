// Tells callers of what they sent and what has no effect.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { findWarnings, type Warning } from '../kit/warnings.ts';
import type { Egress } from '../protocol/egress.ts';
import { jsonText } from './documented.ts';

/** The warnings that an answer carries, where there are any; the log gets them in one line. */
export function warningsFor(
  request: FastifyRequest,
  schema: TSchema,
  ignored?: ReadonlySet<string>,
): { warnings?: Warning[] } {
  const warnings = findWarnings(schema, request.body, ignored);
  if (warnings.length === 0) return {};
  const { method, routeOptions, caller } = request;
  request.log.info({ method, route: routeOptions.url, apiKey: caller.apiKey, warnings }, 'fields without effect');
  return { warnings };
}

/**
 * The reference answers a start with a sentence, which can hold no warnings: where there are any the answer is an object,
 * with the ids that SDKs look for in one.
 */
export function answerStarted(
  request: FastifyRequest,
  reply: FastifyReply,
  { schema, started, sentence }: { schema: TSchema; started: Egress; sentence: string },
): FastifyReply {
  const warned = warningsFor(request, schema);
  if (!warned.warnings) return jsonText(reply, sentence);
  const { id, roomId, sessionId } = started;
  return reply.send({ message: sentence, id, roomId, sessionId, ...warned });
}
