// The one place of the REST side where an error becomes a status and a body.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, asAppError } from '../errors.ts';
import { clip } from '../kit/text.ts';
import type { CodeWith } from '../protocol/error-codes.ts';
import type { ErrorBody } from '../protocol/rest/errors.ts';

/** Answers with an error: ours as it says, Fastify's refusals of a request in our shape, anything else masked. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toAppError(error);
  if (known) {
    if (known.status >= 500) logRefusal(known.code, error, request);
    sayWhen(known, reply);
    if (known.acceptEncoding !== undefined) reply.header('accept-encoding', known.acceptEncoding);
    return reply.code(known.status).send(errorBody(known, request.id));
  }
  request.log.error({ err: error, method: request.method, path: pathOf(request) }, 'request.failed');
  const message = `Something went wrong on our side; the server's log names it by request id ${request.id}.`;
  return reply.code(500).send(errorBody({ status: 500, code: 'INTERNAL_ERROR', message }, request.id));
}

/** As `handleError` in the shape that `join()` of the browser SDK reads, whose `code` is a number. */
export function handleJoinError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toAppError(error);
  if (!known) request.log.error({ err: error, path: pathOf(request) }, 'request.failed');
  else {
    if (known.status >= 500) logRefusal(known.code, error, request);
    sayWhen(known, reply);
  }
  const { status, signalingCode, message } = known ?? {
    status: 500,
    signalingCode: 5000,
    message: `Something went wrong on our side; the server's log names it by request id ${request.id}.`,
  };
  return reply.code(status).send({ error: message, message, code: signalingCode, statusCode: status });
}

/** Answers a path or method that does not exist. */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const message = `There is no ${request.method} ${clip(pathOf(request), 200)}; /docs lists what there is.`;
  return reply.code(404).send(errorBody({ status: 404, code: 'NOT_FOUND', message }, request.id));
}

const REFUSALS_LOGGED_EVERY_MS = 1_000;
/** By code, of which there are few: when the next one is logged, and how many were not since the last. */
const refusals = new Map<string, { nextAt: number; unlogged: number }>();

/** While the database is away or the server overloaded every request is refused; that shall not fill the disk. */
function logRefusal(code: string, error: unknown, request: FastifyRequest): void {
  const now = performance.now();
  const { nextAt, unlogged } = refusals.get(code) ?? { nextAt: 0, unlogged: 0 };
  const isDue = now >= nextAt;
  if (isDue) request.log.warn({ err: error, ...(unlogged > 0 && { unlogged }) }, 'request.refused');
  const next = isDue ? { nextAt: now + REFUSALS_LOGGED_EVERY_MS, unlogged: 0 } : { nextAt, unlogged: unlogged + 1 };
  refusals.set(code, next);
}

function sayWhen({ retryAfterS }: AppError, reply: FastifyReply): void {
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
}

function toAppError(error: unknown): AppError | undefined {
  const ours = asAppError(error);
  if (ours) return ours;
  const { statusCode = 500, code = '', message } = error as FastifyError;
  if (statusCode < 400 || statusCode >= 500) return undefined;
  const known = FASTIFY_ERRORS[code] ?? BAD_REQUEST;
  return new AppError({ ...known, signalingCode: 5000, message });
}

const BAD_REQUEST = { code: 'BAD_REQUEST', status: 400 } as const;
type FastifyStatus = 400 | 413 | 414 | 415;
const FASTIFY_ERRORS: Record<string, { code: CodeWith<FastifyStatus>; status: FastifyStatus }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', status: 413 },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE', status: 415 },
  FST_ERR_BAD_URL: { code: 'BAD_URL', status: 400 },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'BAD_URL', status: 414 },
};

/** The path alone: a query may hold a token. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** The body of a refusal. */
export function errorBody(
  error: Pick<AppError, 'status' | 'code' | 'message'> & Partial<Pick<AppError, 'details'>>,
  requestId: string,
): ErrorBody {
  const { status, code, message, details } = error;
  return { statusCode: status, message, error: message, code, ...(details && { details }), requestId };
}
