// Answers of the socket: one shape for success, one for refusal.
import { AppError, badRequest } from '../errors.ts';
import type { Logger } from '../log.ts';

const SOMETHING_WENT_WRONG = 5000;

/** A successful answer. */
export function success(answer: unknown): { data: unknown } {
  return { data: answer ?? {} };
}

/** A refusal; what is not an `AppError` is told to the log, not to the client. */
export function failure(error: unknown, method: string, log: Logger) {
  if (error instanceof AppError) {
    log.debug({ method, code: error.code, reason: error.message }, 'request refused');
    return { data: { status: 'error', errorCode: error.signalingCode, message: error.message } };
  }
  log.error({ method, err: error }, 'request failed');
  return { data: { status: 'error', errorCode: SOMETHING_WENT_WRONG, message: 'Something went wrong on the server.' } };
}

/** Runs a call of the SFU on what a client sent; what the SFU refuses is the client's mistake. */
export async function onMedia<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw badRequest('MEDIA_REFUSED', `The media server refused this: ${(error as Error).message}`);
  }
}
