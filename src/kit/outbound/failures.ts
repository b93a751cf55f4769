// How reaching a destination can fail, and the words for it that a log or a dashboard shows.

/** The destination may not be reached at all; nothing was sent, and trying again changes nothing. */
export class ForbiddenDestination extends Error {
  override readonly name = 'ForbiddenDestination';
}

/** The destination may be reached but was not, or did not answer. */
export class UnreachedDestination extends Error {
  override readonly name = 'UnreachedDestination';
  /** `connect`: nothing was sent. `answer`: the request may have arrived. */
  readonly stage: 'connect' | 'answer';

  constructor(stage: 'connect' | 'answer', message: string, cause: unknown) {
    super(message, { cause });
    this.stage = stage;
  }
}

/** Marks an error of the connecting stage on its way through the HTTP client. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
}

const WORDS: Record<string, string> = {
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be resolved',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'the connection timed out',
};

/** What Node says of a connection that ended in order, and too early; its code is that of a reset one. */
const HANG_UP = 'socket hang up';

/** Gives any error of the HTTP client the two shapes callers know. */
export function toFailure(error: unknown, timeoutMs: number): ForbiddenDestination | UnreachedDestination {
  const connecting = error instanceof ConnectFailure;
  const cause = connecting ? error.cause : error;
  if (cause instanceof ForbiddenDestination) return cause;
  return new UnreachedDestination(connecting ? 'connect' : 'answer', describe(cause, timeoutMs), cause);
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0], timeoutMs);
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  if (error.message === HANG_UP) return 'the connection was closed before an answer';
  const code = (error as { code?: string }).code ?? '';
  return WORDS[code] ?? (code && !error.message.includes(code) ? `${error.message} (${code})` : error.message);
}
