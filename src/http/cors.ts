// Pages of any origin may call, and read every answer: refusals too, and those that are written without Fastify.
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of routes that pages of other origins have no business with. */
    cors?: false;
  }
}

const ALWAYS_EXPOSED = 'x-request-id';
/** Named on answers that have them. */
const SOMETIMES_EXPOSED = ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];

/** For what is answered without Fastify. */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': ALWAYS_EXPOSED,
};

/** For `@fastify/cors`. */
export const CORS_OPTIONS = {
  origin: '*',
  exposedHeaders: ALWAYS_EXPOSED,
  maxAge: 86_400,
  methods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
};

/** Lets pages see when they may ask again. */
export function exposeRates(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const present = SOMETIMES_EXPOSED.filter((name) => reply.hasHeader(name));
    if (present.length > 0) reply.header('access-control-expose-headers', [ALWAYS_EXPOSED, ...present].join(', '));
    done();
  });
}
