// The pub/sub socket: a plain WebSocket with protobuf frames, opened at the address that `join` answered.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AdapterHost, Membership } from '../../adapter.ts';
import { PubsubSocket } from './pubsub-socket.ts';
import { explainTooBig } from './web-socket.ts';

export const PUBSUB_PATH = '/pubsub';
/** The SDK sends at most 15 KiB in a message; more is answered, and this much more only cut off. */
const MAX_FRAME_BYTES = 1.5 * 1024 * 1024;
/** WebSocket close code for a client that does what it may not (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
/** The same for a server that has as many connections as it may (RFC 6455 registry). */
const TRY_AGAIN_LATER = 1013;

/** A participant who has joined, and the sockets that were opened at their address, oldest first. */
interface Holder {
  membership: Membership;
  sockets: Set<PubsubSocket>;
}

export class PubsubServer {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  /** The address of each participant's socket holds a ticket; the client can send no header with it. */
  readonly #tickets = new Map<string, Holder>();
  readonly #host: AdapterHost;

  constructor(host: AdapterHost) {
    this.#host = host;
  }

  /** The address for a participant who has joined; it is valid until they leave. */
  urlFor(membership: Membership): string {
    const ticket = randomBytes(24).toString('base64url');
    const holder: Holder = { membership, sockets: new Set() };
    this.#tickets.set(ticket, holder);
    membership.onGone(() => {
      this.#tickets.delete(ticket);
      for (const socket of holder.sockets) socket.close();
    });
    const url = new URL(PUBSUB_PATH, this.#host.publicUrl);
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
    url.searchParams.set('ticket', ticket);
    return url.href;
  }

  /** The raw socket has an error listener already. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '', 'ws://localhost').searchParams.get('ticket') ?? '';
    const holder = this.#tickets.get(ticket);
    if (!holder) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, holder));
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #open(webSocket: WebSocket, { membership, sockets }: Holder): void {
    // The participant may have left while the socket was being opened.
    if (!membership.isJoined) {
      webSocket.terminate();
      return;
    }
    const { roomId, ownerId, participantId } = membership;
    const watched = this.#host.watch({ cut: () => webSocket.terminate(), facts: { roomId, participantId } });
    webSocket.once('close', () => watched.left());
    webSocket.on('error', () => undefined);
    explainTooBig(webSocket, `A message may have at most ${MAX_FRAME_BYTES} bytes.`);
    try {
      watched.identified(ownerId);
    } catch {
      webSocket.close(TRY_AGAIN_LATER);
      return;
    }
    const [oldest] = sockets;
    if (oldest && sockets.size >= this.#host.limits.pubsubSockets) {
      sockets.delete(oldest);
      oldest.close(POLICY_VIOLATION);
    }
    const log = this.#host.log.child({ roomId, participantId });
    const socket = new PubsubSocket({ webSocket, membership, watched, log });
    sockets.add(socket);
    webSocket.once('close', () => sockets.delete(socket));
  }
}
