// The pub/sub socket: a plain WebSocket with protobuf frames, opened at the address that `join` answered.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../log.ts';
import type { LiveRoom } from '../rooms/live-room.ts';
import type { Participant } from '../rooms/participant.ts';
import { PubsubConnection } from './pubsub-connection.ts';

export const PUBSUB_PATH = '/pubsub';
/** The SDK sends at most 15 KiB in a message; its payload and framing come on top. */
const MAX_FRAME_BYTES = 256 * 1024;

export class PubsubServer {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  /** The address of each participant's socket holds a ticket; the client can send no header with it. */
  readonly #tickets = new Map<string, { room: LiveRoom; participant: Participant }>();
  readonly #publicUrl: () => string;
  readonly #log: Logger;

  constructor(options: { publicUrl: () => string; log: Logger }) {
    this.#publicUrl = options.publicUrl;
    this.#log = options.log;
  }

  /** The address for somebody who has joined; it is good until they are gone. */
  urlFor(room: LiveRoom, participant: Participant): string {
    const ticket = randomBytes(24).toString('base64url');
    this.#tickets.set(ticket, { room, participant });
    room.onGone(participant, () => this.#tickets.delete(ticket));
    const url = new URL(PUBSUB_PATH, this.#publicUrl());
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
    url.searchParams.set('ticket', ticket);
    return url.href;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '', 'ws://localhost').searchParams.get('ticket') ?? '';
    const holder = this.#tickets.get(ticket);
    if (!holder) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, holder));
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #open(socket: WebSocket, { room, participant }: { room: LiveRoom; participant: Participant }): void {
    const log = this.#log.child({ roomId: room.facts.roomId, participantId: participant.id });
    const connection = new PubsubConnection({ socket, room, participant, log });
    room.onGone(participant, () => connection.close());
  }
}
