// Requests of a client, whatever wire they came by: validated, handed to their handler, and answered.
import { AppError, asAppError, badRequest, invalidInput, MEDIA_BROKEN, refused, tooManyRequests } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { normalize } from '../kit/normalize.ts';
import { findUnstorable } from '../kit/storable.ts';
import { findProblems } from '../kit/validate.ts';
import type { Logger } from '../log.ts';
import { isNotice, REQUESTS, type RequestData, type RequestName, UNSERVED_REQUESTS } from '../protocol/signaling.ts';
import type { ClientRequest, Response } from './adapter.ts';
import type { Connection } from './connection.ts';
import { HANDLERS } from './handlers/handlers.ts';
import { type Handler, Reply } from './handlers/reply.ts';
import { INTERNAL_ERROR } from './internal-error.ts';

type Refusal = Extract<Response, { ok: false }>;

/** Serves one request; `respond` is called once. */
export function serveRequest(
  connection: Connection,
  request: ClientRequest | undefined,
  respond: (response: Response) => void,
): void {
  const { log } = connection;
  const { traffic } = connection.link.watched;
  const method = request?.method ?? '?';
  if (!traffic.beginRequest(isNotice(method))) {
    respond(toRefusal(tooManyRequests(), method, log));
    return;
  }
  inBackground(log, method, async () => {
    await respondTo(connection, request, respond);
    traffic.served();
  });
}

/** Never rejects. */
async function respondTo(
  connection: Connection,
  request: ClientRequest | undefined,
  respond: (response: Response) => void,
): Promise<void> {
  const method = request?.method ?? '?';
  try {
    const reply = await handle(connection, request);
    const answer = reply instanceof Reply ? reply.answer : reply;
    respond({ ok: true, data: answer ?? {} });
    if (reply instanceof Reply) reply.afterwards();
  } catch (error) {
    const refusal = toRefusal(error, method, connection.log);
    // Of a join that failed the SDK says no more to its app than that it left.
    if (method === 'join') {
      connection.link.notify({ method: 'error', code: refusal.code, message: refusal.message });
    }
    respond(refusal);
    if (error instanceof AppError && error.code === MEDIA_BROKEN) connection.link.cut();
  }
}

async function handle(connection: Connection, request: ClientRequest | undefined): Promise<unknown> {
  if (!request) throw badRequest('INVALID_REQUEST', 'A request is {method, data}.');
  const { method } = request;
  if (!Object.hasOwn(REQUESTS, method)) throw unserved(method);
  const name = method as RequestName;
  const handler = HANDLERS[name] as Handler<RequestName>;
  return handler(connection, readData(name, request.data ?? {}));
}

/** What a client sent with a request, as its schema has it. */
function readData<N extends RequestName>(name: N, sent: unknown): RequestData<N> {
  const data = normalize(REQUESTS[name], sent);
  const problems = [...findProblems(REQUESTS[name], data, 'data'), ...findUnstorable(data, 'data')];
  if (problems.length > 0) throw invalidInput(problems);
  return data as RequestData<N>;
}

/** What is not an `AppError` is for the log, not for the client. */
function toRefusal(error: unknown, method: string, log: Logger): Refusal {
  const known = asAppError(error);
  if (!known) {
    log.error({ method, err: error }, 'request failed');
    return { ok: false, ...INTERNAL_ERROR };
  }
  const level = known.status >= 500 ? 'warn' : 'debug';
  log[level]({ method, code: known.code, reason: known.message, err: known.cause }, 'request refused');
  return { ok: false, code: known.signalingCode, message: known.message };
}

function unserved(method: string): AppError {
  if (!isUnserved(method)) return badRequest('UNKNOWN_METHOD', `Unknown request ${JSON.stringify(method)}.`);
  return refused(UNSERVED_REQUESTS[method], 'NOT_SERVED', `This server does not serve ${method}.`);
}

function isUnserved(method: string): method is keyof typeof UNSERVED_REQUESTS {
  return Object.hasOwn(UNSERVED_REQUESTS, method);
}
