// One POST to a receiver, and what came of it.
import { ForbiddenDestination, UnreachedDestination } from '../kit/outbound/failures.ts';
import { type Outcome, retryAfterMs } from './retry.ts';
import type { Message } from './signature.ts';

export interface Poster {
  post(
    url: string,
    request: { headers: Record<string, string>; body: string; timeoutMs: number; maxResponseBytes: number },
  ): Promise<{ status: number; body: string; retryAfter: string | undefined; durationMs: number }>;
}

export interface HeaderSigner {
  headers(message: Message, at: Date): Promise<Record<string, string>>;
}

export interface Attempt {
  outcome: Outcome;
  at: Date;
  durationMs: number;
  /** The beginning of it, when there was an answer. */
  responseBody: string | null;
}

/** Receivers that work before they answer are common; those that need longer than this are retried. */
const TIMEOUT_MS = 10_000;
/** More is not read: the connection is given up instead. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Never throws for what the receiver does: that is an outcome. */
export async function attemptPost(
  outbound: Poster,
  signer: HeaderSigner,
  url: string,
  message: Message,
): Promise<Attempt> {
  const at = new Date();
  const headers = await signer.headers(message, at);
  const startedAt = performance.now();
  try {
    const { status, body, retryAfter, durationMs } = await outbound.post(url, {
      headers,
      body: message.body,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
    const outcome: Outcome = { stage: 'answered', status, retryAfterMs: retryAfterMs(retryAfter, new Date()) };
    return { outcome, at, durationMs, responseBody: body };
  } catch (error) {
    const durationMs = Math.round(performance.now() - startedAt);
    return { outcome: failureOf(error), at, durationMs, responseBody: null };
  }
}

function failureOf(error: unknown): Outcome {
  if (error instanceof ForbiddenDestination) return { stage: 'refused', error: error.message };
  if (error instanceof UnreachedDestination) {
    return { stage: error.stage === 'connect' ? 'unreached' : 'unanswered', error: error.message };
  }
  throw error;
}
