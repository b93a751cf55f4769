// The only way out for a page that is filmed: a proxy on the loopback that lets through what the outbound guard lets
// through, and this installation's own addresses.
import { Server } from 'proxy-chain';
import type { Outbound } from '../../../kit/outbound/outbound.ts';

export interface GuardProxyOptions {
  outbound: Outbound;
  /** `host:port` of what may be reached although it is private. */
  ownHosts: readonly string[];
  onRefused(host: string, reason: string): void;
}

export class GuardProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen({ outbound, ownHosts, onRefused }: GuardProxyOptions): Promise<GuardProxy> {
    const own = new Set(ownHosts);
    const server = new Server({
      port: 0,
      host: '127.0.0.1',
      prepareRequestFunction: async ({ hostname, port }) => {
        const host = `${hostname}:${port}`;
        if (own.has(host)) return {};
        try {
          await outbound.addressesOf(hostname);
        } catch (error) {
          onRefused(host, (error as Error).message);
          throw error;
        }
        return { dnsLookup: outbound.lookup as never };
      },
    });
    // A page that cannot reach something is told so by its browser; the proxy goes on.
    server.on('requestFailed', () => undefined);
    await server.listen();
    return new GuardProxy(server);
  }

  get port(): number {
    return this.#server.port;
  }

  async close(): Promise<void> {
    await this.#server.close(true);
  }
}
