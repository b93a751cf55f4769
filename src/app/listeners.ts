// The ports that the server is reached on, with and without TLS, and the addresses that they turn out to have.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import { type Certificate, loadCertificate } from '../http/certificate.ts';
import { createListener } from '../http/listener.ts';
import type { HttpServer } from '../http/server.ts';
import { urlOf } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';
import type { Logger } from '../log.ts';
import type { SignalingServer } from '../signaling/server.ts';
import { certificateHosts, shownHost } from './addresses.ts';
import type { Undo } from './undo.ts';

/** Where a server is reached: by everybody, and by its listeners, at the ports that they really have. */
export interface Urls {
  public: string;
  http: string | undefined;
  https: string | undefined;
}

type Scheme = 'http' | 'https';

/** The certificate that HTTPS is served with, if it is. */
export async function certificateOf(config: Config): Promise<Certificate | undefined> {
  if (config.httpsPort === undefined) return undefined;
  return loadCertificate({ files: config.tlsFiles, dataDir: config.dataDir, hosts: certificateHosts(config) });
}

/** Listens on every port that is configured, and writes into `urls` where. */
export async function listen(
  options: {
    config: Config;
    http: HttpServer;
    tls: Certificate | undefined;
    signaling: SignalingServer;
    urls: Urls;
    log: Logger;
  },
  undo: Undo,
): Promise<void> {
  const { config, http, tls, signaling, urls, log } = options;
  const takesUpgrade = signaling.takesUpgrade.bind(signaling);
  const open = async (scheme: Scheme, port: number | undefined, certificate?: Certificate) => {
    if (port === undefined) return undefined;
    const server = createListener(http, { tls: certificate, limits: config.limits, takesUpgrade, log });
    signaling.attach(server);
    await bind(server, scheme, config.host, port);
    // Its sockets first: a server is closed when the last of its connections is.
    undo.push(() => Promise.all([closed(server), signaling.close()]));
    return urlOf(scheme, shownHost(config), (server.address() as AddressInfo).port);
  };
  urls.http = await open('http', config.httpPort);
  urls.https = await open('https', config.httpsPort, tls);
  urls.public ||= urls.https ?? urls.http ?? '';
}

function bind(server: Server, scheme: Scheme, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, scheme, host, port)));
    server.listen(port, host, resolve);
  });
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
