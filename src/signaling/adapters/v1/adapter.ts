// Clients of js-sdk 1.x: requests over socket.io, and pub/sub as a second WebSocket with protobuf frames.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import { inBackground } from '../../../kit/in-background.ts';
import type { Adapter, AdapterHost } from '../../adapter.ts';
import type { WatchedSocket } from '../../watched-socket.ts';
import { V1ClientSocket } from './client-socket.ts';
import { PUBSUB_PATH, PubsubServer } from './pubsub-server.ts';
import { webSocketOf } from './web-socket.ts';

/**
 * RTP capabilities take some 20 kB, and nothing larger than 16 KiB is taken; but an app that sends more is answered which
 * field is too large, and not merely cut off.
 */
const MAX_MESSAGE_BYTES = 1.5 * 1024 * 1024;
/** A connection that was lost without a close is noticed after both together. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 10_000;
/** Clients say at once which namespace they open. */
const CONNECT_TIMEOUT_MS = 10_000;
const SIGNALING_PATHS = ['/socket.io/', '/socket.io'];

export function createV1Adapter(host: AdapterHost): Adapter {
  return new V1Adapter(host);
}

class V1Adapter implements Adapter {
  readonly #host: AdapterHost;
  readonly #engine = new Engine({
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
  });
  readonly #io = new Server({ connectTimeout: CONNECT_TIMEOUT_MS });
  readonly #pubsub: PubsubServer;
  readonly #watched = new WeakMap<EngineSocket, WatchedSocket>();

  constructor(host: AdapterHost) {
    this.#host = host;
    this.#pubsub = new PubsubServer(host);
    this.#io.bind(this.#engine);
    this.#engine.on('connection', (connection: EngineSocket) => this.#watch(connection));
    this.#io.on('connection', (socket) => inBackground(host.log, 'a connection', () => this.#accept(socket)));
  }

  takes({ url = '' }: IncomingMessage): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return SIGNALING_PATHS.includes(path) || path === PUBSUB_PATH;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.url?.startsWith(PUBSUB_PATH)) this.#pubsub.handleUpgrade(request, socket, head);
    else this.#engine.handleUpgrade(request as never, socket, head);
  }

  async close(): Promise<void> {
    this.#pubsub.close();
    await this.#io.close();
    this.#engine.close();
  }

  #watch(connection: EngineSocket): void {
    const raw = connection.request.socket;
    const watched = this.#host.watch({
      unidentified: raw,
      facts: { address: connection.remoteAddress },
      cut: () => {
        connection.close(true);
        raw.destroy();
      },
    });
    this.#watched.set(connection, watched);
    connection.on('packet', ({ data }: EnginePacket) => watched.traffic.received(data?.length ?? 0));
    let unsent = 0;
    connection.on('packetCreate', ({ data }: EnginePacket) => {
      unsent += data?.length ?? 0;
      watched.traffic.waiting(unsent + (webSocketOf(connection)?.bufferedAmount ?? 0));
    });
    connection.on('flush', () => {
      unsent = 0;
    });
    connection.on('close', () => watched.left());
  }

  async #accept(socket: Socket): Promise<void> {
    const watched = this.#watched.get(socket.conn as unknown as EngineSocket);
    if (!watched) return;
    await this.#host.accept(
      new V1ClientSocket({
        socket,
        watched,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        pubsubUrl: (membership) => this.#pubsub.urlFor(membership),
      }),
    );
  }
}

interface EnginePacket {
  data?: string | Buffer;
}
