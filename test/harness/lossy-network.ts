// A bad network between browsers and the media port: a relay on another address of the loopback that loses packets of
// those who came to it last.
//
// The server announces this address in its place (`env`); browsers send there, and the relay has a socket of its own
// towards the server for each of their ports, so that the server answers to it.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const ADDRESS = '127.0.0.2';
const SERVER = '127.0.0.1';

interface Flow {
  socket: Socket;
  /** Share of packets that get lost on the way to the server, and from it. */
  loss: { up: number; down: number };
}

export class LossyNetwork implements AsyncDisposable {
  readonly #outside: Socket;
  readonly #flows = new Map<string, Flow>();
  #loss = { up: 0, down: 0 };
  #late = new Set<Flow>();

  private constructor(outside: Socket) {
    this.#outside = outside;
    outside.on('message', (packet, { address, port }) => {
      const flow = this.#flows.get(`${address}:${port}`) ?? this.#open(address, port);
      if (Math.random() >= flow.loss.up) flow.socket.send(packet, this.port, SERVER);
    });
  }

  static async start(): Promise<LossyNetwork> {
    const outside = createSocket('udp4').bind(0, ADDRESS);
    await once(outside, 'listening');
    return new LossyNetwork(outside);
  }

  get port(): number {
    return this.#outside.address().port;
  }

  /** For a server with one media worker. */
  get env(): Record<string, string> {
    return { ROOMFUL_RTC_ADDRESS: ADDRESS, ROOMFUL_RTC_PORT: String(this.port), ROOMFUL_MEDIA_WORKERS: '1' };
  }

  /** Whoever connects from now on is on the part of the network that `lose` is about. */
  nextAreLate(): void {
    this.#late = new Set();
  }

  lose(loss: { up: number; down: number }): void {
    this.#loss = loss;
    for (const flow of this.#late) flow.loss = loss;
  }

  #open(address: string, port: number): Flow {
    const flow: Flow = { socket: createSocket('udp4'), loss: this.#loss };
    this.#late.add(flow);
    this.#flows.set(`${address}:${port}`, flow);
    flow.socket.on('message', (packet) => {
      if (Math.random() >= flow.loss.down) this.#outside.send(packet, port, address);
    });
    return flow;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#flows.values()) socket.close();
    this.#outside.close();
  }
}
