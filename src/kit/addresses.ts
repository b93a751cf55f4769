import { networkInterfaces } from 'node:os';

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** True for an address that stands for all of the machine's. */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The machine's first address that others can reach, for want of a configured one. */
export function firstExternalAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
}

/** A URL of a host and a port, with the brackets that IPv6 addresses have there. */
export function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
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
