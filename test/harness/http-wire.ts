// HTTP as bytes over a connection of one's own, with and without TLS: half requests, slow ones, and what comes back.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { openRaw, reset } from './raw-http.ts';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export class RawHttp implements AsyncDisposable {
  readonly socket: Duplex;
  readonly #closed: Promise<unknown>;
  #received = '';

  private constructor(socket: Duplex) {
    this.socket = socket;
    // Over TLS the connection below may close first, and only the end is told.
    this.#closed = Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => undefined);
    socket.once('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
    });
    // Resets are what these tests are about.
    socket.on('error', () => undefined);
  }

  /** Connects to the address of a server, as `http://127.0.0.1:1234`. */
  static async open(url: string): Promise<RawHttp> {
    return new RawHttp(await openRaw(url));
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** The next answer, with all of its body. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer) return answer;
      if (this.socket.destroyed) throw new Error(`closed after ${JSON.stringify(this.#received.slice(0, 200))}`);
      await Promise.race([once(this.socket, 'data'), this.#closed]);
    }
  }

  /** Resolves once the connection is closed, by whomever. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  /** What has come and is no complete answer. */
  get rest(): string {
    return this.#received;
  }

  /** Ends the connection as a program that dies. */
  reset(): Promise<void> {
    return reset(this.socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }

  #take(): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
    if (this.#received.length < bodyEnd) return undefined;
    const body = this.#received.slice(end + 4, bodyEnd);
    this.#received = this.#received.slice(bodyEnd);
    return { status, headers, body };
  }
}

/** The head of a request whose body is still to come. */
export function head(method: string, path: string, headers: Record<string, string | number> = {}): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
