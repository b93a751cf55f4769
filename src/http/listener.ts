// Node servers around the application, one per port.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { guardConnections } from './connections.ts';

export interface ListenerOptions {
  tls?: { cert: string | Buffer; key: string | Buffer } | undefined;
  /**
   * Whether the upgrade that a request asks for is taken. Any other is ignored and the request answered (RFC 9110,
   * section 7.8): Java's HTTP client and `curl --http2` ask for `h2c` with every request.
   */
  takesUpgrade?: ((request: IncomingMessage) => boolean) | undefined;
  limits?: Pick<Limits, 'connections' | 'headersMs'>;
  log: Logger;
}

/** Longer than the 60 seconds after which common proxies drop idle connections, so that they do it and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** Of a peer that neither sends nor takes anything; what we keep waiting takes less, or says something now and then. */
const SILENCE_TIMEOUT_MS = 120_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Heads that are late are noticed at the next look. */
const LOOKS_PER_TIMEOUT = 4;

/** Makes a server that answers with `app`, with TLS where a certificate is given. It does not listen yet. */
export function createListener(
  app: FastifyInstance,
  { tls, takesUpgrade = () => false, limits = DEFAULT_LIMITS, log }: ListenerOptions,
): Server {
  const { headersMs } = limits;
  const options = {
    headersTimeout: headersMs,
    connectionsCheckingInterval: Math.ceil(headersMs / LOOKS_PER_TIMEOUT),
    // Bodies have a rule of their own, in body-watch.ts: a slow one may take its time.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The application refuses it, in its own words.
    requireHostHeader: false,
    shouldUpgradeCallback: takesUpgrade,
  };
  const answer = app.routing.bind(app);
  const server = tls
    ? createTlsServer({ ...options, ...tls, handshakeTimeout: headersMs }, answer)
    : createServer(options, answer);
  server.setTimeout(SILENCE_TIMEOUT_MS);
  // Both would be answered by Node itself otherwise: the first before anybody knows who asks.
  server.on('checkContinue', answer).on('checkExpectation', answer);
  guardConnections(server, { maxConnections: limits.connections, log });
  return server;
}
