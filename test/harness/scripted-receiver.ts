// A webhook receiver that answers as a test says, and keeps what arrived in order of arrival.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  path: string;
  sessionId: string;
  sequence: number;
  id: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers an arrival; `count` is how many times that event has come by now. A number is the status to answer. */
export type Script = (arrival: Arrival, count: number, response: ServerResponse) => number | undefined;

export class ScriptedReceiver implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => this.#take(request.url ?? '', request.headers, Buffer.concat(pieces).toString(), response));
  });
  #script: Script;

  private constructor(script: Script) {
    this.#script = script;
  }

  static async start(script: Script = () => 200): Promise<ScriptedReceiver> {
    const receiver = new ScriptedReceiver(script);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  answer(script: Script): void {
    this.#script = script;
  }

  /** Resolves once `holds` does, which is asked after every arrival. */
  async until(holds: (arrivals: readonly Arrival[]) => boolean): Promise<void> {
    while (!holds(this.arrivals)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  sequences(sessionId?: string): number[] {
    return this.arrivals.filter((a) => !sessionId || a.sessionId === sessionId).map(({ sequence }) => sequence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(path: string, headers: IncomingHttpHeaders, body: string, response: ServerResponse): void {
    const { data } = JSON.parse(body) as { data: { sessionId: string } };
    const id = String(headers['webhook-id']);
    const sequence = Number(headers['webhook-sequence']);
    const arrival = { path, sessionId: data.sessionId, sequence, id, headers, body };
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    this.arrivals.push(arrival);
    const status = this.#script(arrival, count, response);
    if (status !== undefined) response.writeHead(status).end();
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
