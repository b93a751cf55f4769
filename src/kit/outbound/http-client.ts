// One HTTP/1.1 request at a time over connections of our own. Informational answers (1xx) are skipped, as the
// specification asks of every client; each connection goes where the lookup that it is made with allows.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ConnectFailure } from './failures.ts';

export interface SentRequest {
  method: 'POST' | 'PUT';
  headers: Record<string, string>;
  body: string | Readable;
  signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Shorter than the 5 s after which Node's own servers close an idle connection, so that we rarely race with it. */
const KEEP_ALIVE_MS = 4_000;
/** Idle connections that are kept, for each host and in all. */
const MAX_IDLE_PER_HOST = 64;
/** Before the answer itself; one or two are usual. */
const MAX_INFORMATIONAL = 16;

export class HttpClient {
  readonly #agents: Record<string, HttpAgent>;
  readonly #lookup: LookupFunction;

  constructor(lookup: LookupFunction) {
    const options = { keepAlive: true, timeout: KEEP_ALIVE_MS, maxFreeSockets: MAX_IDLE_PER_HOST };
    this.#agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };
    this.#lookup = lookup;
  }

  /**
   * Sends a request. Resolves with the status line and headers of the final answer, whose body the caller has to read or
   * destroy. Rejects with a `ConnectFailure` when no connection came about.
   */
  send(url: URL, { method, headers, body, signal }: SentRequest): Promise<IncomingMessage> {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { method, headers, signal, agent: this.#agents[url.protocol], lookup: this.#lookup });
    const answered = answerTo(request, signal);
    if (typeof body === 'string') request.end(body);
    else body.on('error', (error) => request.destroy(error)).pipe(request);
    return answered;
  }

  /** Ends all connections; requests still running fail. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function answerTo(request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isConnected = false;
    request.on('socket', (socket) => {
      onceConnected(request, socket, () => {
        isConnected = true;
      });
    });
    boundInformational(request);
    request.on('response', resolve);
    // As after a switch of protocols (101) that nobody asked for; no error tells of it.
    request.on('close', () => reject(new Error('the connection was closed before an answer')));
    // What is refused before there is a connection never reached anybody, unless the caller gave up.
    request.on('error', (error) => {
      const reason = signal.aborted ? (signal.reason as Error) : error;
      reject(isConnected || signal.aborted ? reason : new ConnectFailure(error.message, { cause: error }));
    });
  });
}

function onceConnected(request: ClientRequest, socket: Socket, onConnected: () => void): void {
  if (!socket.connecting && request.reusedSocket) {
    onConnected();
    return;
  }
  const late = () => request.destroy(Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' }));
  const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
  request.once('close', () => clearTimeout(timer));
  socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer);
    onConnected();
  });
}

/** A server may send as many as it likes; whoever never comes to the answer is given up. */
function boundInformational(request: ClientRequest): void {
  let count = 0;
  // A `100 Continue` that nobody asked for is announced by the same event.
  request.on('information', () => {
    count += 1;
    if (count > MAX_INFORMATIONAL) request.destroy(new Error('it sent informational answers without end'));
  });
}
