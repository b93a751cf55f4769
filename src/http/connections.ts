// Connections before and beside the application: how many there may be, what goes wrong on them, and the answers to
// requests that never get as far as a route.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { ErrorCode } from '../protocol/error-codes.ts';
import { CORS_HEADERS } from './cors.ts';
import { errorBody } from './error-handler.ts';

/** Lines of one kind are logged once in this time, with how many there were: a flood shall not fill the disk. */
const LOG_EVERY_MS = 10_000;
/** Descriptors that are no connections: the database, media workers, files that are read and written. */
const OTHER_FILES = 192;
const LINGER_MS = 2_000;
/** Listeners of one process share its descriptors. */
const LISTENERS = 2;

/** Whatever a peer or the system does to a connection, the others stay and the listener goes on. */
export function guardConnections(
  server: Server,
  { maxConnections, log }: { maxConnections: number; log: Logger },
): void {
  server.maxConnections = Math.min(maxConnections, connectionsByFiles(openFilesLimit()));
  const dropped = new Tally((count) => log.warn({ count, max: server.maxConnections }, 'connections dropped'));
  const failed = new Tally((count, err) => log.error({ count, err }, 'connections could not be accepted'));
  server.on('drop', () => dropped.add());
  // Before it listens, its starter hears of this; afterwards it is accepting that fails, for want of descriptors.
  server.on('error', (error) => server.listening && failed.add(error));
  for (const event of ['connection', 'secureConnection']) server.on(event, outliveErrors);
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ err: error }, 'TLS handshake failed');
    socket.destroy();
  });
  answerClientErrors(server);
}

/** Node removes its own listener when a connection is upgraded, and an error without one ends the process. */
function outliveErrors(socket: Socket): void {
  socket.on('error', () => undefined);
}

/** A connection takes a descriptor; running out of them would hit what runs, such as the database. */
export function connectionsByFiles(openFiles: number): number {
  return Math.floor(Math.max(openFiles / (4 * LISTENERS), (openFiles - OTHER_FILES) / LISTENERS));
}

/** What the system allows this process; no bound where it does not say. */
function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}

interface Refusal {
  status: number;
  reason: string;
  code: ErrorCode;
  message: string;
}

const BAD_REQUEST: Refusal = {
  status: 400,
  reason: 'Bad Request',
  code: 'BAD_REQUEST',
  message: 'This is not a request as HTTP knows it.',
};
const REFUSALS: Record<string, Refusal> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    code: 'HEADERS_TOO_LARGE',
    message: 'The address and the headers of the request are too large together.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    reason: 'Payload Too Large',
    code: 'BODY_TOO_LARGE',
    message: 'The chunk extensions of the body are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The head of the request did not arrive in time.',
  },
};

/** Answers what Node's parser refuses, in the shape of all other refusals. */
function answerClientErrors(server: Server): void {
  const answers = new WeakMap<object, ServerResponse>();
  const remember = (request: { socket: object }, response: ServerResponse) => answers.set(request.socket, response);
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, remember);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = answers.get(socket);
    const isAnswering = answer?.headersSent && !answer.writableFinished;
    // Whatever is written into an answer that has begun would be taken for a part of it.
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) socket.destroy();
    else sayGoodbye(socket, REFUSALS[error.code ?? ''] ?? BAD_REQUEST);
  });
}

/** What the peer still sends is thrown away for a moment: a reset would take the answer from them. */
function sayGoodbye(socket: Socket, refusal: Refusal): void {
  socket.removeAllListeners('data').on('data', () => undefined);
  socket.end(rawAnswer(refusal));
  const end = setTimeout(() => socket.destroy(), LINGER_MS);
  end.unref();
  socket.once('close', () => clearTimeout(end));
}

function rawAnswer({ status, reason, code, message }: Refusal): string {
  const requestId = randomUUID();
  const body = JSON.stringify(errorBody({ status, code, message }, requestId));
  const headers = {
    ...CORS_HEADERS,
    'x-request-id': requestId,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Counts what may happen thousands of times a second, and tells of it now and then. */
class Tally {
  readonly #tell: (count: number, latest: unknown) => void;
  #count = 0;
  #latest: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (count: number, latest: unknown) => void) {
    this.#tell = tell;
  }

  add(what?: unknown): void {
    this.#count++;
    this.#latest = what;
    if (this.#timer) return;
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#count > 0) this.#flush();
    }, LOG_EVERY_MS);
    this.#timer.unref();
  }

  #flush(): void {
    const [count, latest] = [this.#count, this.#latest];
    this.#count = 0;
    this.#latest = undefined;
    this.#tell(count, latest);
  }
}
