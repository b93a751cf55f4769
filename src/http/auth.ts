// Who calls: the token in the Authorization header, checked before anything else of the request is read.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access, Caller } from '../access/access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `requireCaller` before validation and handler. */
    caller: Caller;
  }
}

/** Makes every route that is registered in `scope` ask for a token that may call the REST API. */
export function requireCaller(scope: FastifyInstance, access: Pick<Access, 'authorizeRest'>): void {
  scope.addHook('onRequest', async (request: FastifyRequest) => {
    request.caller = await access.authorizeRest(request.headers.authorization);
  });
}
