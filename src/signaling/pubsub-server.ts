// The pub/sub socket: a plain WebSocket with protobuf frames, opened at the address that `join` answered.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { LiveRoom } from '../rooms/live-room.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Gate } from './gate.ts';
import { PubsubConnection } from './pubsub-connection.ts';
import { explainTooBig } from './web-socket.ts';

export const PUBSUB_PATH = '/pubsub';
/** The SDK sends at most 15 KiB in a message; more is answered, and this much more only cut off. */
const MAX_FRAME_BYTES = 1.5 * 1024 * 1024;
/** WebSocket close code for a client that does what it may not (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
/** The same for a server that has as many connections as it may (RFC 6455 registry). */
const TRY_AGAIN_LATER = 1013;

/** Whoever has joined, and the sockets that were opened at their address, oldest first. */
interface Holder {
  room: LiveRoom;
  participant: Participant;
  sockets: Set<PubsubConnection>;
}

export class PubsubServer {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  /** The address of each participant's socket holds a ticket; the client can send no header with it. */
  readonly #tickets = new Map<string, Holder>();
  readonly #publicUrl: () => string;
  readonly #limits: Limits;
  readonly #gate: Gate;
  readonly #log: Logger;

  constructor(options: { publicUrl: () => string; limits: Limits; gate: Gate; log: Logger }) {
    this.#publicUrl = options.publicUrl;
    this.#limits = options.limits;
    this.#gate = options.gate;
    this.#log = options.log;
  }

  /** The address for somebody who has joined; it is good until they are gone. */
  urlFor(room: LiveRoom, participant: Participant): string {
    const ticket = randomBytes(24).toString('base64url');
    const holder: Holder = { room, participant, sockets: new Set() };
    this.#tickets.set(ticket, holder);
    room.onGone(participant, () => {
      this.#tickets.delete(ticket);
      for (const connection of holder.sockets) connection.close();
    });
    const url = new URL(PUBSUB_PATH, this.#publicUrl());
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

  #open(socket: WebSocket, holder: Holder): void {
    const { room, participant, sockets } = holder;
    // They may have left while the socket was being opened.
    if (!room.isJoined(participant)) {
      socket.terminate();
      return;
    }
    const visit = this.#gate.enter();
    socket.once('close', () => visit.left());
    socket.on('error', () => undefined);
    explainTooBig(socket, `A message may have at most ${MAX_FRAME_BYTES} bytes.`);
    try {
      visit.identified(room.facts.ownerId);
    } catch {
      socket.close(TRY_AGAIN_LATER);
      return;
    }
    const [oldest] = sockets;
    if (oldest && sockets.size >= this.#limits.pubsubSockets) {
      sockets.delete(oldest);
      oldest.close(POLICY_VIOLATION);
    }
    const log = this.#log.child({ roomId: room.facts.roomId, participantId: participant.id });
    const onClosed = () => sockets.delete(connection);
    const connection: PubsubConnection = new PubsubConnection({
      socket,
      room,
      participant,
      limits: this.#limits,
      log,
      onClosed,
    });
    sockets.add(connection);
  }
}
