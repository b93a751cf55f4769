// Which addresses are bound, and which are told to others, as far as settings and the machine decide it.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import { externalAddresses, isLoopback, isUnspecified } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';
import type { MediaAddress } from '../media/media.ts';

/**
 * Where media listens, each with the address that browsers are told instead: one of each family that is announced. IPv6
 * comes first, since networks that have both reach IPv4 by a detour. Names are resolved here, because not every browser
 * takes them in candidates.
 */
export async function mediaAddresses({ host, media }: Config): Promise<MediaAddress[]> {
  if (media.announcedAddress !== undefined) {
    const announced = await resolved('ROOMFUL_RTC_ADDRESS', media.announcedAddress);
    return announced.map((address) => ({ listenAddress: listenedFor(address, host), announcedAddress: address }));
  }
  if (!isUnspecified(host)) {
    const listened = await resolved('ROOMFUL_HOST', boundAddress(host));
    return listened.map((listenAddress) => ({ listenAddress }));
  }
  const found = externalAddresses().filter((address) => host === '::' || isIP(address) === 4);
  const announced = oneOfEach(found);
  if (announced.length === 0) throw new StartError('No address for media was found: set ROOMFUL_RTC_ADDRESS.');
  return announced.map((address) => ({ listenAddress: anyOf(address), announcedAddress: address }));
}

/** Where other nodes send streams to, for want of a setting: they take IPv4. */
export function nodeAddress(addresses: readonly MediaAddress[]): string {
  const told = addresses.map(({ listenAddress, announcedAddress }) => announcedAddress ?? listenAddress);
  return told.find((address) => isIP(address) === 4) ?? told[0] ?? '127.0.0.1';
}

/** The host that others are told: where all addresses are bound, the one that media is announced with. */
export function shownHost(config: Config): string {
  if (!isUnspecified(config.host)) return config.host;
  return config.media.announcedAddress ?? externalAddresses()[0] ?? '127.0.0.1';
}

/** Hosts that a certificate of our own is for. */
export function certificateHosts(config: Config): string[] {
  return [...new Set(['localhost', '127.0.0.1', shownHost(config)])];
}

/**
 * An address that others are told may be that of a router in front, so all are bound. One that only this machine has is
 * bound itself; where the listeners are on this machine alone too, media is beside them, and what is announced may be a
 * relay in front of it.
 */
function listenedFor(announced: string, host: string): string {
  if (!isLoopback(announced) || isUnspecified(host)) return anyOf(announced);
  const beside = boundAddress(host);
  return isLoopback(beside) && isIP(beside) === isIP(announced) ? beside : announced;
}

/** `localhost` often has two addresses; media takes this one. */
function boundAddress(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

/** All addresses of the family. */
function anyOf(address: string): string {
  return isIP(address) === 6 ? '::' : '0.0.0.0';
}

async function resolved(setting: string, host: string): Promise<string[]> {
  if (isIP(host)) return [host];
  const found = await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(`${setting} is "${host}", a name that could not be resolved (${error.code}).`);
  });
  const has6 = externalAddresses().some((address) => isIP(address) === 6);
  const usable = found
    .map(({ address }) => address)
    .filter((address) => has6 || isLoopback(address) || isIP(address) === 4);
  if (usable.length === 0)
    throw new StartError(`${setting} is "${host}", which has no address that this machine can use.`);
  return oneOfEach(usable);
}

function oneOfEach(addresses: readonly string[]): string[] {
  return [6, 4].flatMap((family) => addresses.find((address) => isIP(address) === family) ?? []);
}
