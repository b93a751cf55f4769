// The realtime endpoint: socket.io on the HTTP and HTTPS listeners, one `Connection` for each client.
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import { Type } from 'typebox';
import { AppError, asAppError, badRequest, invalidInput, MEDIA_BROKEN, refused, tooManyRequests } from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import { normalize } from '../kit/normalize.ts';
import { findUnstorable } from '../kit/storable.ts';
import { findProblems, fits } from '../kit/validate.ts';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import {
  isNotice,
  LEAVE_REASONS,
  REQUESTS,
  type RequestData,
  type RequestName,
  UNSERVED_REQUESTS,
} from '../protocol/signaling.ts';
import { failure, success } from './ack.ts';
import { Connection, type SignalingServices } from './connection.ts';
import { Gate, type Visit } from './gate.ts';
import { HANDLERS } from './handlers/handlers.ts';
import { type Handler, Reply } from './handlers/reply.ts';
import { readHandshake } from './handshake.ts';
import { SocketLink } from './link.ts';
import { PUBSUB_PATH, PubsubServer } from './pubsub-server.ts';
import { Traffic } from './traffic.ts';
import { explainTooBig, webSocketOf } from './web-socket.ts';

/**
 * RTP capabilities take some 20 kB, and nothing larger than 16 KiB is taken; but an app that sends more is answered which
 * field is too large, and not merely cut off.
 */
const MAX_MESSAGE_BYTES = 1.5 * 1024 * 1024;
/** What a client sends before it is known who it is: the head of its request, and which namespace it wants. */
const MAX_STRANGER_BYTES = 64 * 1024;
/** The SDK has a handful of requests under way at most. */
const MAX_REQUESTS_UNDER_WAY = 100;
/** A connection that vanished without a word is noticed after both together. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 10_000;
/** Clients say at once which namespace they want. */
const CONNECT_TIMEOUT_MS = 10_000;
const SIGNALING_PATHS = ['/socket.io/', '/socket.io'];
const RETRY_AFTER_S = 5;
const TOO_BIG = { code: 5000, message: `A message may have at most ${MAX_MESSAGE_BYTES} bytes.` };

const Envelope = Type.Object({ method: Type.String({ maxLength: 64 }), data: Type.Optional(Type.Unknown()) });

export class SignalingServer {
  readonly #engine = new Engine({
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
  });
  readonly #io = new Server({ connectTimeout: CONNECT_TIMEOUT_MS });
  readonly #pubsub: PubsubServer;
  readonly #services: SignalingServices;
  readonly #limits: Limits;
  readonly #gate: Gate;
  readonly #peers = new WeakMap<EngineSocket, Peer>();
  /** Connections that were upgraded, whatever became of them. */
  readonly #sockets = new Set<Duplex>();
  #closing: Promise<void> | undefined;
  readonly #log: Logger;

  /** `publicUrl` is the base that pub/sub addresses are made from. */
  constructor(options: {
    services: Omit<SignalingServices, 'pubsubUrl'>;
    publicUrl: () => string;
    limits: Limits;
    log: Logger;
  }) {
    const { services, publicUrl, limits } = options;
    this.#log = options.log.child({ part: 'signaling' });
    this.#limits = limits;
    this.#gate = new Gate(limits);
    this.#pubsub = new PubsubServer({ publicUrl, limits, gate: this.#gate, log: this.#log });
    this.#services = { ...services, pubsubUrl: (room, participant) => this.#pubsub.urlFor(room, participant) };
    this.#io.bind(this.#engine);
    this.#engine.on('connection', (connection: EngineSocket) => this.#watch(connection));
    this.#io.on('connection', (socket) => inBackground(this.#log, 'a connection', () => this.#accept(socket)));
  }

  /** Whether a request asks for a WebSocket of this server; every other upgrade is none of its business. */
  takesUpgrade({ headers, url = '' }: IncomingMessage): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return headers.upgrade?.toLowerCase() === 'websocket' && (SIGNALING_PATHS.includes(path) || path === PUBSUB_PATH);
  }

  /** Takes the WebSockets of a listener that was made with `takesUpgrade`. */
  attach(server: HttpServer): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // From here on nobody else listens: a client that resets its connection would end the process.
      socket.on('error', (error) => this.#log.debug({ err: error }, 'connection failed while it was upgraded'));
      if (!this.#gate.isOpen) refuseUpgrade(socket, `503 Service Unavailable\r\nRetry-After: ${RETRY_AFTER_S}`);
      else if (request.url?.startsWith(PUBSUB_PATH)) this.#pubsub.handleUpgrade(request, socket, head);
      else this.#engine.handleUpgrade(request as never, socket, head);
    });
  }

  /** Ends every connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#pubsub.close();
    await this.#io.close();
    this.#engine.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Counts a connection, what it sends and what waits for it, from its first byte on. */
  #watch(connection: EngineSocket): void {
    const visit = this.#gate.enter();
    const traffic = new Traffic(this.#limits, (limit) => {
      this.#log.warn({ limit, address: connection.remoteAddress }, 'connection cut: it crossed a bound');
      connection.close(true);
      connection.request.socket.destroy();
    });
    this.#peers.set(connection, { traffic, visit, identified: boundStranger(connection) });
    connection.on('packet', ({ data }: EnginePacket) => traffic.received(data?.length ?? 0));
    let unsent = 0;
    connection.on('packetCreate', ({ data }: EnginePacket) => {
      unsent += data?.length ?? 0;
      traffic.waiting(unsent + (webSocketOf(connection)?.bufferedAmount ?? 0));
    });
    connection.on('flush', () => {
      unsent = 0;
    });
    connection.on('close', () => visit.left());
  }

  /**
   * A refusal by socket.io itself would leave the client waiting for ever, so every client is accepted; one that may
   * not enter is told why and sent away.
   */
  async #accept(socket: Socket): Promise<void> {
    const link = new SocketLink(socket);
    const webSocket = webSocketOf(socket.conn);
    if (webSocket) explainTooBig(webSocket, TOO_BIG.message, () => link.closeAtOnce(TOO_BIG));
    try {
      const peer = this.#peers.get(socket.conn as unknown as EngineSocket);
      if (!peer) return;
      const connection = await this.#identify(socket, link);
      peer.identified();
      peer.visit.identified(connection.grant.ownerId);
      this.#serve(socket, connection, peer.traffic);
      socket.emit('connectionSuccess');
    } catch (error) {
      const known = asAppError(error);
      if (!known) this.#log.error({ err: error }, 'client could not be accepted');
      link.notify({
        method: 'error',
        code: known?.signalingCode ?? 5000,
        message: known?.message ?? 'Something went wrong on the server.',
      });
      link.close(known ? { code: known.signalingCode, message: known.message } : LEAVE_REASONS.UNKNOWN);
    }
  }

  async #identify(socket: Socket, link: SocketLink): Promise<Connection> {
    const { rooms, peerId, secret, mode } = readHandshake(socket.handshake.url);
    const { facts, grant } = await this.#services.admit(secret, rooms, peerId);
    const { joinMs } = this.#limits;
    const log = this.#log.child({ roomId: facts.roomId, participantId: peerId });
    return new Connection({ link, services: this.#services, peerId, facts, grant, token: secret, mode, joinMs, log });
  }

  #serve(socket: Socket, connection: Connection, traffic: Traffic): void {
    let underWay = 0;
    // Listeners of one event are called a tick later, and not at all when the client has disconnected by then: whoever
    // said in one breath that they leave, and hung up, would be waited for.
    socket.onAny((event: string, envelope: unknown, ack: unknown) => {
      if (event !== 'request') return;
      const answer = typeof ack === 'function' ? (ack as (answer: unknown) => void) : () => undefined;
      const method = fits(Envelope, envelope) ? envelope.method : '?';
      if (underWay >= MAX_REQUESTS_UNDER_WAY || !traffic.mayServe(isNotice(method))) {
        answer(failure(tooManyRequests(), method, connection.log));
        return;
      }
      underWay += 1;
      inBackground(connection.log, method, async () => {
        await this.#answer(connection, envelope, method, answer);
        underWay -= 1;
      });
    });
    socket.on('disconnect', (reason) => {
      connection.log.debug({ reason }, 'client disconnected');
      // Older SDKs leave by hanging up in words, without a reason.
      if (reason === 'client namespace disconnect') connection.hungUp();
      inBackground(connection.log, 'leaving', () => connection.disconnected());
    });
    // The client may have gone while it was being identified.
    if (!socket.connected) inBackground(connection.log, 'leaving', () => connection.disconnected());
  }

  /** Never rejects. */
  async #answer(
    connection: Connection,
    envelope: unknown,
    method: string,
    answer: (answer: unknown) => void,
  ): Promise<void> {
    try {
      const reply = await this.#handle(connection, envelope);
      answer(success(reply instanceof Reply ? reply.answer : reply));
      if (reply instanceof Reply) reply.afterwards();
    } catch (error) {
      const refusal = failure(error, method, connection.log);
      // Of a join that failed the SDK says no more to its app than that it left.
      if (method === 'join') connection.link.notify({ method: 'error', ...codeOf(refusal) });
      answer(refusal);
      if (error instanceof AppError && error.code === MEDIA_BROKEN) connection.link.cut();
    }
  }

  async #handle(connection: Connection, envelope: unknown): Promise<unknown> {
    if (!fits(Envelope, envelope)) throw badRequest('INVALID_REQUEST', 'A request is {method, data}.');
    const { method } = envelope;
    if (!Object.hasOwn(REQUESTS, method)) throw unserved(method);
    const name = method as RequestName;
    const handler = HANDLERS[name] as Handler<RequestName>;
    return handler(connection, readRequest(name, envelope.data ?? {}));
  }
}

/** What a client sent with a request, as its schema has it. */
function readRequest<N extends RequestName>(name: N, sent: unknown): RequestData<N> {
  const data = normalize(REQUESTS[name], sent);
  const problems = [...findProblems(REQUESTS[name], data, 'data'), ...findUnstorable(data, 'data')];
  if (problems.length > 0) throw invalidInput(problems);
  return data as RequestData<N>;
}

function codeOf({ data }: ReturnType<typeof failure>): { code: number; message: string } {
  return { code: data.errorCode, message: data.message };
}

function unserved(method: string): AppError {
  if (!isUnserved(method)) return badRequest('UNKNOWN_METHOD', `Unknown request ${JSON.stringify(method)}.`);
  return refused(UNSERVED_REQUESTS[method], 'NOT_SERVED', `This server does not serve ${method}.`);
}

function isUnserved(method: string): method is keyof typeof UNSERVED_REQUESTS {
  return Object.hasOwn(UNSERVED_REQUESTS, method);
}

/** Cuts a client off that sends much before it is known; returns what ends that. */
function boundStranger(connection: EngineSocket): () => void {
  const { socket } = connection.request;
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_STRANGER_BYTES) socket.destroy();
  };
  socket.on('data', count);
  return () => socket.off('data', count);
}

function refuseUpgrade(socket: Duplex, statusLine: string): void {
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface Peer {
  traffic: Traffic;
  visit: Visit;
  /** To be called once its token has been checked. */
  identified: () => void;
}

interface EnginePacket {
  data?: string | Buffer;
}
