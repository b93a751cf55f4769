// A client's socket as rooms see it.
import type { Socket } from 'socket.io';
import type { LeaveReason, Notification, ServerRequests } from '../protocol/signaling.ts';
import type { ParticipantLink } from '../rooms/link.ts';
import { webSocketOf } from './web-socket.ts';

/** The SDK has the same bound for the answers it waits for. */
const ANSWER_TIMEOUT_MS = 20_000;
/** A client that is told to close hangs up itself; one that does not is cut off. */
const HANG_UP_TIMEOUT_MS = 2_000;
/** What a browser closes with when its page goes away (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
/** What a frame with an event begins with: `4` of Engine.IO and `2` of socket.io. */
const EVENT = '42';

export class SocketLink implements ParticipantLink {
  readonly #socket: Socket;
  readonly #unanswered = new Set<() => void>();
  #closing = false;
  #wentAway = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    webSocketOf(socket.conn)?.once('close', (code) => {
      this.#wentAway = code === GOING_AWAY;
    });
    socket.once('disconnect', () => {
      for (const giveUp of this.#unanswered) giveUp();
    });
  }

  notify(notification: Notification): void {
    if (!this.#closing) this.#socket.emit('notification', notification);
  }

  async request<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void> {
    const answer = await this.#ask(name, data);
    if (answer !== null && typeof answer === 'object' && 'errorCode' in answer) {
      throw new Error(`client refused ${name}: ${String(answer.errorCode)}`);
    }
  }

  close(reason: LeaveReason): void {
    if (this.#closing) return;
    this.#closing = true;
    // In the next turn, so that the answer to the request that caused this goes first: a client that is told to close
    // takes no more answers.
    setImmediate(() => this.#socket.emit('close', { reason }));
    if (!this.#socket.connected) return;
    const cutOff = setTimeout(() => this.#socket.disconnect(true), HANG_UP_TIMEOUT_MS);
    this.#socket.once('disconnect', () => clearTimeout(cutOff));
  }

  /** As an error and `close`, below what socket.io may still hold back: for a connection that is about to be closed. */
  closeAtOnce(reason: LeaveReason): void {
    const webSocket = webSocketOf(this.#socket.conn);
    if (this.#closing || !webSocket) return;
    this.#closing = true;
    webSocket.send(`${EVENT}${JSON.stringify(['notification', { method: 'error', ...reason }])}`);
    webSocket.send(`${EVENT}${JSON.stringify(['close', { reason }])}`);
  }

  get wentAway(): boolean {
    return this.#wentAway;
  }

  /** A ping of the WebSocket itself, which every client answers by itself. */
  isAlive(timeoutMs: number): Promise<boolean> {
    const webSocket = webSocketOf(this.#socket.conn);
    if (!this.#socket.connected || webSocket?.readyState !== webSocket?.OPEN || !webSocket)
      return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (isAlive: boolean) => {
        clearTimeout(timer);
        webSocket.off('pong', onPong).off('close', onClose);
        resolve(isAlive);
      };
      const onPong = () => settle(true);
      const onClose = () => settle(false);
      const timer = setTimeout(onClose, timeoutMs);
      webSocket.once('pong', onPong).once('close', onClose);
      webSocket.ping();
    });
  }

  drop(): void {
    this.#socket.conn.close();
  }

  /** Ends the connection now; what has been answered may still reach the client. */
  cut(): void {
    this.#socket.disconnect(true);
  }

  /** As `emitWithAck`, which would go on waiting for a client that has gone. */
  #ask(name: string, data: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#unanswered.delete(giveUp);
        act();
      };
      const giveUp = () => settle(() => reject(new Error(`client has gone before it answered ${name}`)));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`client did not answer ${name} within ${ANSWER_TIMEOUT_MS} ms`))),
        ANSWER_TIMEOUT_MS,
      );
      this.#unanswered.add(giveUp);
      if (this.#socket.connected) this.#socket.emit(name, data, (answer: unknown) => settle(() => resolve(answer)));
      else giveUp();
    });
  }
}
