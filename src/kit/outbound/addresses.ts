// Which network addresses may be reached: public unicast ones, and what the operator has named.
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';
import { StartError } from '../start-error.ts';

/** IPv6 addresses assigned for global unicast; everything outside of it is special in some way. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Host names in `ROOMFUL_OUTBOUND_ALLOW`: labels of letters, digits and hyphens (and underscores, as containers use). */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** Says why an address may not be reached, or nothing when it is an ordinary public one. */
export function specialRange(text: string): string | undefined {
  if (!ipaddr.isValid(text)) return 'not an address';
  const address = ipaddr.parse(text);
  const range = address.range();
  if (range !== 'unicast') return range;
  // Compatible, NAT64 and other embeddings of an IPv4 address all lie outside.
  if (address.kind() === 'ipv6' && !(address as IPv6).match(GLOBAL_UNICAST)) return 'not global unicast';
  return undefined;
}

/** What the operator has opened although it is private: addresses, CIDRs and exact host names. */
export class AllowList {
  readonly #ranges: [IPv4 | IPv6, number][] = [];
  readonly #hosts = new Set<string>();

  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry.trim().toLowerCase());
  }

  hasHost(hostname: string): boolean {
    return this.#hosts.has(hostname);
  }

  hasAddress(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    return this.#ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
  }

  #add(entry: string): void {
    if (ipaddr.isValidCIDR(entry)) {
      this.#ranges.push(ipaddr.parseCIDR(entry));
    } else if (ipaddr.isValid(entry) && !/^[\dx]+$/.test(entry)) {
      const address = ipaddr.parse(entry);
      this.#ranges.push([address, address.kind() === 'ipv4' ? 32 : 128]);
    } else if (HOST_NAME.test(entry) && !/^[\d.]+$/.test(entry)) {
      this.#hosts.add(entry);
    } else {
      throw new StartError(
        `ROOMFUL_OUTBOUND_ALLOW holds ${JSON.stringify(entry)}, which is neither an address, nor a CIDR such as 10.0.0.0/8, nor a host name.`,
      );
    }
  }
}
