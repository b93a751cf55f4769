// Answers of the socket: one shape for success, one for refusal.
import { asAppError, badRequest } from '../errors.ts';
import type { Logger } from '../log.ts';

const SOMETHING_WENT_WRONG = 5000;

/** A successful answer. */
export function success(answer: unknown): { data: unknown } {
  return { data: answer ?? {} };
}

/** A refusal; what is not an `AppError` is told to the log, not to the client. */
export function failure(error: unknown, method: string, log: Logger) {
  const known = asAppError(error);
  if (known) {
    const level = known.status >= 500 ? 'warn' : 'debug';
    log[level]({ method, code: known.code, reason: known.message, err: known.cause }, 'request refused');
    return { data: { status: 'error', errorCode: known.signalingCode, message: known.message } };
  }
  log.error({ method, err: error }, 'request failed');
  return { data: { status: 'error', errorCode: SOMETHING_WENT_WRONG, message: 'Something went wrong on the server.' } };
}

/** Runs a call of the SFU on what a client sent; what the SFU refuses is the client's mistake. */
export async function onMedia<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const refused = () => badRequest('MEDIA_REFUSED', `The media server refused this: ${(error as Error).message}`);
    throw asAppError(error) ?? refused();
  }
}
