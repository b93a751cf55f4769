// An RTMP server of a few lines that takes a stream and then does what a test says, such as nothing at all.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { encodeAmf } from '../../src/egress/worker/sinks/rtmp/amf.ts';
import { MESSAGE, toChunks } from '../../src/egress/worker/sinks/rtmp/chunks.ts';

const HANDSHAKE_BYTES = 1536;
const CHANNEL = 3;
const CHUNK_BYTES = 128;

export class OddRtmpServer implements AsyncDisposable {
  readonly #server: Server;
  readonly sockets = new Set<Socket>();

  private constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.sockets.add(socket.on('error', () => undefined));
      onConnection(socket);
    });
  }

  static async start(onConnection: (socket: Socket) => void): Promise<OddRtmpServer> {
    const server = new OddRtmpServer(onConnection);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** With a key that must never be told. */
  get url(): string {
    return `rtmp://127.0.0.1:${this.port}/live/secret-key`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

/** Answers as a server that takes the stream, whatever it was asked; then `then` goes on. */
export function takeStream(socket: Socket, then: (socket: Socket) => void): void {
  socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(2 * HANDSHAKE_BYTES)]));
  socket.write(command('_result', 1, null, null));
  socket.write(command('_result', 4, null, 1));
  socket.write(command('onStatus', 0, null, { level: 'status', code: 'NetStream.Publish.Start' }));
  then(socket);
}

export function command(...values: Parameters<typeof encodeAmf>): Buffer {
  const payload = encodeAmf(...values);
  return toChunks({ type: MESSAGE.command, streamId: 0, timestamp: 0, payload }, CHANNEL, CHUNK_BYTES);
}

/** Sends the same bytes again and again, as fast as they are taken. */
export function flood(socket: Socket, bytes: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}
