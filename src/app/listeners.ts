// The ports that the server is reached on, with and without TLS. They are bound before anything is built, so that every
// part is made with the addresses that they have; who connects meanwhile waits until there is a server to answer.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Config } from '../config/config.ts';
import { type Certificate, loadCertificate } from '../http/certificate.ts';
import { createListener } from '../http/listener.ts';
import type { HttpServer } from '../http/server.ts';
import { urlOf } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';
import type { Logger } from '../log.ts';
import type { SignalingServer } from '../signaling/server.ts';
import { certificateHosts, shownHost } from './addresses.ts';

/** Where a server is reached: by everybody, and by its listeners, at the ports that they really have. */
export interface Urls {
  readonly public: string;
  readonly http: string | undefined;
  readonly https: string | undefined;
}

type Scheme = 'http' | 'https';

/** Connections to one port that wait while the server starts; more are closed. */
const MAX_WAITING = 512;

/** The certificate that HTTPS is served with, if it is. */
export async function certificateOf(config: Config): Promise<Certificate | undefined> {
  if (config.httpsPort === undefined) return undefined;
  return loadCertificate({ files: config.tlsFiles, dataDir: config.dataDir, hosts: certificateHosts(config) });
}

/** The configured ports, bound. */
export class Listeners {
  readonly urls: Urls;
  readonly #ports: Partial<Record<Scheme, BoundPort>>;

  private constructor(ports: Partial<Record<Scheme, BoundPort>>, config: Config) {
    const urlFor = (scheme: Scheme) => {
      const port = ports[scheme];
      return port && urlOf(scheme, shownHost(config), port.number);
    };
    const [http, https] = [urlFor('http'), urlFor('https')];
    this.#ports = ports;
    this.urls = { public: config.publicUrl ?? https ?? http ?? '', http, https };
  }

  /** Throws a `StartError` that names the setting where a port cannot be had. */
  static async bind(config: Config, stack: AsyncDisposableStack): Promise<Listeners> {
    const ports: Partial<Record<Scheme, BoundPort>> = {};
    for (const scheme of ['http', 'https'] as const) {
      const number = scheme === 'http' ? config.httpPort : config.httpsPort;
      if (number !== undefined) ports[scheme] = stack.use(await BoundPort.bind(scheme, config.host, number));
    }
    return new Listeners(ports, config);
  }

  /** From now on requests and sockets are answered, those first that have waited. */
  async serve(
    options: {
      config: Config;
      http: HttpServer;
      tls: Certificate | undefined;
      signaling: SignalingServer;
      log: Logger;
    },
    stack: AsyncDisposableStack,
  ): Promise<void> {
    const { config, http, tls, signaling, log } = options;
    const takesUpgrade = signaling.takesUpgrade.bind(signaling);
    for (const [scheme, port] of Object.entries(this.#ports)) {
      const certificate = scheme === 'https' ? tls : undefined;
      const server = createListener(http, { tls: certificate, limits: config.limits, takesUpgrade, log });
      signaling.attach(server);
      await port.handTo(server);
      // Its sockets first: a server is closed when the last of its connections is.
      stack.defer(async () => {
        await Promise.all([closed(server), signaling.close()]);
      });
    }
  }
}

/** A port that accepts connections and lets them wait, until a server takes both. */
export class BoundPort implements AsyncDisposable {
  readonly number: number;
  readonly #server: NetServer;
  readonly #waiting: Set<Socket>;
  #isHandedOver = false;

  private constructor(server: NetServer, waiting: Set<Socket>) {
    this.#server = server;
    this.#waiting = waiting;
    this.number = (server.address() as AddressInfo).port;
  }

  static async bind(scheme: Scheme, host: string, port: number): Promise<BoundPort> {
    const waiting = new Set<Socket>();
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      if (waiting.size >= MAX_WAITING) {
        socket.destroy();
        return;
      }
      waiting.add(socket);
      socket.once('close', () => waiting.delete(socket));
    });
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, scheme, host, port);
    }
    return new BoundPort(server, waiting);
  }

  /** How many connections wait for a server. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The handle of the port goes to the server; ours is never closed after that, since they are one. */
  async handTo(server: Server): Promise<void> {
    this.#isHandedOver = true;
    server.listen(this.#server);
    await once(server, 'listening');
    for (const socket of [...this.#waiting]) {
      this.#waiting.delete(socket);
      // Node's timeouts are reported to the server that a socket names.
      Object.assign(socket, { server });
      server.emit('connection', socket);
      socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isHandedOver) return;
    for (const socket of this.#waiting) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(error: NodeJS.ErrnoException, scheme: Scheme, host: string, port: number): StartError {
  const setting = scheme === 'https' ? 'ROOMFUL_HTTPS_PORT' : 'ROOMFUL_HTTP_PORT';
  if (error.code === 'EADDRINUSE') {
    return new StartError(`Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${setting}.`);
  }
  if (error.code === 'EACCES')
    return new StartError(`Port ${port} may not be bound by this user; choose another with ${setting}.`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new StartError(`ROOMFUL_HOST is ${host}, which is no address of this machine.`);
  return new StartError(`Port ${port} on ${host} could not be bound: ${error.message}`);
}
