// A client that speaks the signaling protocol by hand: for what the official SDK would never send.
import type { Socket } from 'node:net';
import { type Socket as Client, io } from 'socket.io-client';

export interface Answer {
  status?: string;
  errorCode?: number;
  message?: string;
  [field: string]: unknown;
}

const TIMEOUT_MS = 10_000;

export class RawClient {
  readonly socket: Client;
  readonly notifications: Record<string, unknown>[] = [];
  readonly #waiting: {
    matches: (it: Record<string, unknown>) => boolean;
    resolve: (it: Record<string, unknown>) => void;
  }[] = [];

  private constructor(socket: Client) {
    this.socket = socket;
    socket.on('notification', (it: Record<string, unknown>) => this.#seen(it));
    socket.on('close', (it: Record<string, unknown>) => this.#seen({ ...it, method: 'close' }));
    socket.on('connectionSuccess', () => this.#seen({ method: 'connectionSuccess' }));
  }

  /** Opens a socket with these values in its address, whatever they are. */
  static open(url: string, query: Record<string, string>): RawClient {
    return new RawClient(io(url, { transports: ['websocket'], query, reconnection: false, forceNew: true }));
  }

  /** Joins a room, without media unless another mode is given. */
  static async join(
    url: string,
    who: { roomId: string; peerId: string; secret: string },
    mode = 'SIGNALLING_ONLY',
  ): Promise<RawClient> {
    const client = RawClient.open(url, { ...who, mode, lib: 'socket' });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    await client.request('requestEntry', { name: who.peerId });
    await client.waitFor((it) => it.method === 'entryResponded');
    await client.request('join', { displayName: who.peerId, mode });
    return client;
  }

  /** Resolves with a notification that fits, seen already or still to come. */
  waitFor(matches: (it: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    const seen = this.notifications.find(matches);
    if (seen) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(
        () => reject(new Error(`nothing fitting came; seen: ${JSON.stringify(this.notifications)}`)),
        TIMEOUT_MS,
      );
      this.#waiting.push({
        matches,
        resolve: (it) => {
          clearTimeout(timeout);
          resolve(it);
        },
      });
    });
  }

  /** Sends a request as the SDK does and answers the `data` of its acknowledgement. */
  async request(method: unknown, data: unknown): Promise<Answer> {
    return this.send({ method, request: true, data });
  }

  /** Sends anything as a request. */
  async send(envelope: unknown): Promise<Answer> {
    const answer = (await this.socket.timeout(TIMEOUT_MS).emitWithAck('request', envelope)) as { data: Answer };
    return answer.data;
  }

  close(): void {
    this.socket.disconnect();
  }

  /** Reads nothing any more, and so answers nothing, as a connection that is lost and has not been noticed. */
  standStill(): void {
    this.#tcp.pause();
  }

  goOn(): void {
    this.#tcp.resume();
  }

  get #tcp(): Socket {
    return (this.socket.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws._socket;
  }

  #seen(it: Record<string, unknown>): void {
    this.notifications.push(it);
    for (const waiting of [...this.#waiting]) {
      if (!waiting.matches(it)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(it);
    }
  }
}
