// The realtime endpoint on the HTTP and HTTPS listeners: takes upgrades, and hands each to the adapter it is for.
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { acceptClient } from './accept.ts';
import type { Adapter, AdapterHost, CreateAdapter } from './adapter.ts';
import { createV1Adapter } from './adapters/v1/adapter.ts';
import type { SignalingServices } from './connection.ts';
import { Gate } from './gate.ts';
import { WatchedSocket } from './watched-socket.ts';

/** The generations of clients that are served. */
const ADAPTERS: readonly CreateAdapter[] = [createV1Adapter];
const RETRY_AFTER_S = 5;

export class SignalingServer {
  readonly #adapters: readonly Adapter[];
  readonly #gate: Gate;
  /** Connections that were upgraded, whatever became of them. */
  readonly #sockets = new Set<Duplex>();
  #closing: Promise<void> | undefined;
  readonly #log: Logger;

  /** `publicUrl` is the base of the addresses that clients are given. */
  constructor(options: {
    services: SignalingServices;
    publicUrl: string;
    limits: Limits;
    log: Logger;
    adapters?: readonly CreateAdapter[];
  }) {
    const { services, publicUrl, limits, adapters = ADAPTERS } = options;
    const log = options.log.child({ part: 'signaling' });
    const gate = new Gate(limits);
    const host: AdapterHost = {
      publicUrl,
      limits,
      log,
      watch: ({ cut, unidentified, facts }) =>
        new WatchedSocket({
          gate,
          limits,
          unidentified,
          cut: (limit) => {
            log.warn({ limit, ...facts }, 'connection cut: it crossed a bound');
            cut();
          },
        }),
      accept: (socket) => acceptClient(socket, { services, limits, log }),
    };
    this.#adapters = adapters.map((create) => create(host));
    this.#gate = gate;
    this.#log = log;
  }

  /** Whether a request asks for a WebSocket of this server. */
  takesUpgrade(request: IncomingMessage): boolean {
    return request.headers.upgrade?.toLowerCase() === 'websocket' && this.#adapterOf(request) !== undefined;
  }

  /** Takes the WebSockets of a listener that was made with `takesUpgrade`. */
  attach(server: HttpServer): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // Without a listener, a client that resets its connection would end the process.
      socket.on('error', (error) => this.#log.debug({ err: error }, 'connection failed while it was upgraded'));
      if (this.#gate.isOpen) this.#adapterOf(request)?.handleUpgrade(request, socket, head);
      else refuseUpgrade(socket, `503 Service Unavailable\r\nRetry-After: ${RETRY_AFTER_S}`);
    });
  }

  /** Ends every connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#adapters.map((adapter) => adapter.close()));
    for (const socket of this.#sockets) socket.destroy();
  }

  #adapterOf(request: IncomingMessage): Adapter | undefined {
    return this.#adapters.find((adapter) => adapter.takes(request));
  }
}

function refuseUpgrade(socket: Duplex, statusLine: string): void {
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
