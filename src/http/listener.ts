// Node servers around the application, one per port.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';

export interface ListenerOptions {
  tls?: { cert: string | Buffer; key: string | Buffer } | undefined;
  /**
   * Whether the upgrade that a request asks for is taken. Any other is ignored and the request answered (RFC 9110,
   * section 7.8): Java's HTTP client and `curl --http2` ask for `h2c` with every request.
   */
  takesUpgrade?: ((request: IncomingMessage) => boolean) | undefined;
}

/** All of a request has to arrive within this; uploads are the longest. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the 60 seconds after which common proxies drop idle connections, so that they do it and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Makes a server that answers with `app`, with TLS where a certificate is given. It does not listen yet. */
export function createListener(
  app: FastifyInstance,
  { tls, takesUpgrade = () => false }: ListenerOptions = {},
): Server {
  const options = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    shouldUpgradeCallback: takesUpgrade,
  };
  const answer = app.routing.bind(app);
  return tls ? createTlsServer({ ...options, ...tls }, answer) : createServer(options, answer);
}
