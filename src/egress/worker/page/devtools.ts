// Chromium's DevTools protocol over a pair of pipes: the browser opens no port that anybody else could connect to, and
// ends when we are gone.
import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { type Static, Type } from 'typebox';
import { fits } from '../../../kit/validate.ts';

const Message = Type.Object({
  id: Type.Optional(Type.Integer()),
  sessionId: Type.Optional(Type.String()),
  method: Type.Optional(Type.String()),
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  result: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  error: Type.Optional(Type.Object({ message: Type.String() })),
});

export interface DevToolsEvent {
  method: string;
  /** The page that it happened in. */
  sessionId: string | undefined;
  params: Record<string, unknown>;
}

interface Waiting {
  method: string;
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
}

interface Events {
  event: [DevToolsEvent];
  /** Emitted once when a message grows beyond all bounds; nothing is read any more. */
  overflow: [];
}

/** Nothing that is asked of a browser that runs takes longer. */
const ANSWER_TIMEOUT_MS = 15_000;
/** The longest that is of any use reports a failure of a page's script, which may make it as long as it likes. */
export const MAX_MESSAGE_BYTES = 16 * 1024 ** 2;

export class DevTools extends EventEmitter<Events> {
  readonly #out: Writable;
  readonly #incoming: Readable;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #closed: Error | undefined;

  /** `out` and `incoming` are the browser's file descriptors 3 and 4. */
  constructor(out: Writable, incoming: Readable) {
    super();
    this.#out = out;
    this.#incoming = incoming;
    incoming.on('data', (chunk: Buffer) => this.#read(chunk));
    out.on('error', () => undefined);
    incoming.on('error', () => undefined);
  }

  /** Sends a command, to a page when `sessionId` names one. Rejects with the browser's own words. */
  async send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    if (this.#closed) throw this.#closed;
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject });
    });
    const timer = setTimeout(
      () => this.#settle(id)?.reject(new Error(`the browser did not answer ${method}`)),
      ANSWER_TIMEOUT_MS,
    );
    this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer.finally(() => clearTimeout(timer));
  }

  /** The browser is gone: whoever waits for an answer is told why. */
  close(reason: string): void {
    this.#closed ??= new Error(reason);
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(this.#closed);
    this.removeAllListeners();
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, from)) {
      this.#pieces.push(chunk.subarray(from, end));
      this.#take(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#pieceBytes = 0;
      from = end + 1;
    }
    if (from === chunk.length) return;
    this.#pieces.push(chunk.subarray(from));
    this.#pieceBytes += chunk.length - from;
    if (this.#pieceBytes > MAX_MESSAGE_BYTES) this.#overflow();
  }

  #overflow(): void {
    this.#pieces = [];
    this.#incoming.destroy();
    this.emit('overflow');
  }

  #take(text: string): void {
    const message: unknown = JSON.parse(text);
    if (!fits(Message, message)) return;
    const { id, method, params = {}, sessionId } = message;
    if (method !== undefined) this.emit('event', { method, sessionId, params });
    else if (id !== undefined) this.#answer(id, message);
  }

  #answer(id: number, { result = {}, error }: Static<typeof Message>): void {
    const waiting = this.#settle(id);
    if (error) waiting?.reject(new Error(`${waiting.method}: ${error.message}`));
    else waiting?.resolve(result);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
