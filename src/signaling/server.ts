// The realtime endpoint: socket.io on the HTTP and HTTPS listeners, one `Connection` for each client.
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as Engine } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import { type Static, Type } from 'typebox';
import { AppError, badRequest, invalidInput, invalidParticipantId, refused } from '../errors.ts';
import { findUnstorable } from '../kit/storable.ts';
import { findProblems, fits } from '../kit/validate.ts';
import type { Logger } from '../log.ts';
import {
  LEAVE_REASONS,
  REQUESTS,
  type RequestData,
  type RequestName,
  toMode,
  UNSERVED_REQUESTS,
} from '../protocol/signaling.ts';
import { failure, success } from './ack.ts';
import { Connection, type SignalingServices } from './connection.ts';
import { HANDLERS } from './handlers/handlers.ts';
import { type Handler, Reply } from './handlers/reply.ts';
import { SocketLink } from './link.ts';
import { PUBSUB_PATH, PubsubServer } from './pubsub-server.ts';

/** RTP capabilities take some 20 kB; a larger message is no message of the SDK. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** The SDK has a handful of requests under way at most. */
const MAX_REQUESTS_UNDER_WAY = 100;
/** A connection that vanished without a word is noticed after both together. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 10_000;

const Query = Type.Object({
  roomId: Type.String({ minLength: 1, maxLength: 256 }),
  peerId: Type.String({ minLength: 1, maxLength: 128 }),
  secret: Type.String({ minLength: 1, maxLength: 8192 }),
  mode: Type.Optional(Type.String({ maxLength: 32 })),
});

const Envelope = Type.Object({ method: Type.String({ maxLength: 64 }), data: Type.Optional(Type.Unknown()) });

export class SignalingServer {
  readonly #engine = new Engine({
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
  });
  readonly #io = new Server();
  readonly #pubsub: PubsubServer;
  readonly #services: SignalingServices;
  readonly #log: Logger;

  /** `publicUrl` is the base that pub/sub addresses are made from. */
  constructor(options: { services: Omit<SignalingServices, 'pubsubUrl'>; publicUrl: () => string; log: Logger }) {
    this.#log = options.log.child({ part: 'signaling' });
    this.#pubsub = new PubsubServer({ publicUrl: options.publicUrl, log: this.#log });
    this.#services = {
      ...options.services,
      pubsubUrl: (room, participant) => this.#pubsub.urlFor(room, participant),
    };
    this.#io.bind(this.#engine);
    this.#io.on('connection', (socket) => void this.#accept(socket));
  }

  /** Takes the WebSockets of a listener; what is neither signaling nor pub/sub is refused. */
  attach(server: HttpServer): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const path = request.url?.split('?', 1)[0] ?? '';
      if (path === '/socket.io/' || path === '/socket.io') this.#engine.handleUpgrade(request as never, socket, head);
      else if (path === PUBSUB_PATH) this.#pubsub.handleUpgrade(request, socket, head);
      else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    });
  }

  async close(): Promise<void> {
    this.#pubsub.close();
    await this.#io.close();
    this.#engine.close();
  }

  /**
   * A refusal by socket.io itself would leave the client waiting for ever, so every client is accepted; one that may
   * not enter is told why and sent away.
   */
  async #accept(socket: Socket): Promise<void> {
    const link = new SocketLink(socket);
    try {
      const connection = await this.#identify(socket, link);
      this.#serve(socket, connection);
      socket.emit('connectionSuccess');
    } catch (error) {
      const known = error instanceof AppError ? error : undefined;
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
    const query: unknown = socket.handshake.query;
    const problems = [...findProblems(Query, query, 'query'), ...findUnstorable(query, 'query')];
    if (problems.length > 0) throw invalidInput(problems);
    const { roomId, peerId, secret, mode: modeText } = query as Static<typeof Query>;
    if (/\s/.test(peerId)) throw invalidParticipantId();
    const mode = toMode(modeText);
    if (!mode) throw badRequest('INVALID_MODE', `Mode ${modeText} is unknown.`);
    const { facts, grant } = await this.#services.admit(secret, roomId, peerId);
    const log = this.#log.child({ roomId: facts.roomId, participantId: peerId });
    return new Connection({ link, services: this.#services, peerId, facts, grant, token: secret, mode, log });
  }

  #serve(socket: Socket, connection: Connection): void {
    let underWay = 0;
    // Listeners of one event are called a tick later, and not at all when the client has disconnected by then: whoever
    // said in one breath that they leave, and hung up, would be waited for.
    socket.onAny((event: string, envelope: unknown, ack: unknown) => {
      if (event !== 'request') return;
      const answer = typeof ack === 'function' ? (ack as (answer: unknown) => void) : () => undefined;
      const method = fits(Envelope, envelope) ? envelope.method : '?';
      if (underWay >= MAX_REQUESTS_UNDER_WAY) {
        answer(failure(badRequest('TOO_MANY_REQUESTS', 'Too many requests at once.'), method, connection.log));
        return;
      }
      underWay += 1;
      void this.#handle(connection, envelope)
        .then(
          (reply) => {
            answer(success(reply instanceof Reply ? reply.answer : reply));
            if (reply instanceof Reply) reply.afterwards();
          },
          (error) => answer(failure(error, method, connection.log)),
        )
        .catch((error) => connection.log.error({ err: error, method }, 'answering failed'))
        .finally(() => {
          underWay -= 1;
        });
    });
    socket.on('disconnect', (reason) => {
      connection.log.debug({ reason }, 'client disconnected');
      connection.disconnected().catch((error) => connection.log.error({ err: error }, 'leaving failed'));
    });
    // The client may have gone while it was being identified.
    if (!socket.connected) void connection.disconnected();
  }

  async #handle(connection: Connection, envelope: unknown): Promise<unknown> {
    if (!fits(Envelope, envelope)) throw badRequest('INVALID_REQUEST', 'A request is {method, data}.');
    const { method } = envelope;
    const data = envelope.data ?? {};
    if (!Object.hasOwn(REQUESTS, method)) throw unserved(method);
    const name = method as RequestName;
    const problems = [...findProblems(REQUESTS[name], data, 'data'), ...findUnstorable(data, 'data')];
    if (problems.length > 0) throw invalidInput(problems);
    const handler = HANDLERS[name] as Handler<RequestName>;
    return handler(connection, data as RequestData<RequestName>);
  }
}

function unserved(method: string): AppError {
  const code = Object.hasOwn(UNSERVED_REQUESTS, method) ? UNSERVED_REQUESTS[method] : undefined;
  if (code === undefined) return badRequest('UNKNOWN_METHOD', `Unknown request ${JSON.stringify(method)}.`);
  return refused(code, 'NOT_SERVED', `This server does not serve ${method}.`);
}
