import { networkInterfaces } from 'node:os';

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** True for an address that stands for all of the machine's. */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The machine's addresses that others can reach, IPv4 first; not those of a single link, which need its name too. */
export function externalAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const external = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return ['IPv4', 'IPv6'].flatMap((wanted) =>
    external.filter(({ family }) => family === wanted).map(({ address }) => address),
  );
}

/** `host:port`, with the brackets that IPv6 addresses have there. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A URL of a host and a port. */
export function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${hostAndPort(host, port)}`;
}

/** The port of a URL, also where it is left out as the usual one. */
export function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** An address of this machine that what is bound to `host` can be reached by from here. */
export function localAddress(host: string): string {
  if (host === '::') return '::1';
  return isUnspecified(host) ? '127.0.0.1' : host;
}
