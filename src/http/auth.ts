// Who calls: the token in the Authorization header or the cookie of a sign-in, checked before anything else of the
// request is read; and how much of the server one caller may take.
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Caller } from '../access/access.ts';
import { addressGroup, FailedAttempts } from '../access/attempts.ts';
import { AppError, INVALID_INVITE, serverBusy, tooManyAttempts, tooManyRequests } from '../errors.ts';
import { InFlight } from '../kit/in-flight.ts';
import { Turns } from '../kit/turns.ts';
import type { Limits } from '../limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `Callers` before the body is read; nothing where no token is asked for. */
    caller: Caller;
    /** Gives back what the request holds of the server's bounds; once it has an answer, nothing. */
    release: (() => void) | undefined;
  }
  interface FastifyContextConfig {
    /** Whose bound a request without a token is held to; `none` for what must always be answered. */
    openAs?: 'stream' | 'none';
  }
}

/** Whose request this is, or an error that says why that is not known. */
export type Identify = (request: FastifyRequest) => Promise<Caller>;

/** Before a token has been checked nobody can make us read more than this. */
export const OPEN_BODY_BYTES = 8 * 1024;
const CALLER_BODY_BYTES = 1024 * 1024;

const FAILURES_WINDOW_MS = 60_000;
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export class Callers {
  readonly #limits: Limits;
  readonly #rateLimit: onRequestAsyncHookHandler;
  readonly #isKnown: (request: FastifyRequest) => boolean;
  readonly #failures: FailedAttempts;
  readonly #underWay: InFlight;
  readonly #reads: Turns;

  /** `isKnown` says at no cost whether a request has a token that was good before. */
  constructor(deps: {
    limits: Limits;
    rateLimit: onRequestAsyncHookHandler;
    isKnown: (request: FastifyRequest) => boolean;
  }) {
    const { limits } = deps;
    this.#limits = limits;
    this.#rateLimit = deps.rateLimit;
    this.#isKnown = deps.isKnown;
    this.#failures = new FailedAttempts(limits.failedTokens, FAILURES_WINDOW_MS);
    this.#underWay = new InFlight({ perKey: limits.ownerRequests, total: limits.nodeRequests });
    this.#reads = new Turns(limits.ownerReads);
  }

  /** Makes every route that is registered in `scope` ask who calls, and holds callers to their bounds. */
  require(scope: FastifyInstance, identify: Identify): void {
    scope.addHook('onRoute', (route) => {
      route.bodyLimit ??= CALLER_BODY_BYTES;
    });
    // One hook and not three: every call passes here, and each hook costs it some microseconds.
    scope.addHook('onRequest', async (request, reply) => {
      request.caller = await this.attempt(request, () => identify(request));
      await this.#rateLimit.call(scope, request, reply);
      await this.#enter(request);
    });
  }

  /** Runs the check of something secret; an address that is wrong too often is refused before it. */
  async attempt<T>(request: FastifyRequest, check: () => Promise<T>): Promise<T> {
    const waitMs = this.#failures.isEmpty ? 0 : this.#failures.waitMs(addressGroup(request.ip));
    // Whoever shares the address of a flood, behind one proxy or NAT, goes on with the token they have.
    if (waitMs > 0 && !this.#isKnown(request)) throw tooManyAttempts(waitMs / 1000);
    try {
      return await check();
    } catch (error) {
      if (isGuess(error)) this.#failures.failed(addressGroup(request.ip));
      throw error;
    }
  }

  async #enter(request: FastifyRequest): Promise<void> {
    const { ownerId } = request.caller;
    const reached = this.#underWay.enter(ownerId);
    if (reached === 'key') {
      throw tooManyRequests(`an owner may have ${this.#limits.ownerRequests} calls under way`);
    }
    if (reached === 'total') throw serverBusy('The server has as many calls under way as it takes.');
    request.release = () => this.#underWay.leave(ownerId);
    if (!READING.has(request.method)) return;
    // Reading can be slow. One owner who asks for much shall not have every connection to the database.
    await this.#reads.take(ownerId);
    request.release = () => {
      this.#reads.done(ownerId);
      this.#underWay.leave(ownerId);
    };
  }
}

/** A good token that may not do this is no guess: people behind one address go on coming with theirs. */
function isGuess(error: unknown): boolean {
  return error instanceof AppError && (error.status === 401 || error.code === INVALID_INVITE);
}

/** Bounds how many requests without a token are at work; from the body on, so that a slow one holds no place. */
export function boundOpenRequests(app: FastifyInstance, limits: Limits): void {
  const bounds = {
    other: new InFlight({ perKey: limits.openRequests, total: limits.openRequests }),
    stream: new InFlight({ perKey: limits.streamRequests, total: limits.streamRequests }),
  };
  app.addHook('preHandler', (request, _reply, done) => {
    const kind = request.routeOptions.config?.openAs ?? 'other';
    if (request.caller || kind === 'none') return done();
    if (bounds[kind].enter(kind)) return done(serverBusy('The server has as many requests under way as it takes.'));
    request.release = () => bounds[kind].leave(kind);
    done();
  });
}

/** Of every request, whatever its answer: what is sent after this costs no work. */
export function releaseWhenAnswered(app: FastifyInstance): void {
  app.addHook('onSend', (request, _reply, _payload, done) => {
    request.release?.();
    request.release = undefined;
    done();
  });
}
