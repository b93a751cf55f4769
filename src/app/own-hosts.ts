// The names that this installation goes by: its settings, its listeners, the machine, and the other nodes.
import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import type { IsOwnHost } from '../http/hosts.ts';
import type { NodeStore } from '../store/node-store.ts';
import type { Urls } from './listeners.ts';

/** A node that has just come is known after this, and strangers cannot make us ask the database more often. */
const REMEMBERED_MS = 5_000;

export function ownHosts(deps: { config: Config; urls: Urls; nodes: Pick<NodeStore, 'reach'> }): IsOwnHost {
  const { config, urls, nodes } = deps;
  let known: { until: number; names: Promise<Set<string>> } | undefined;
  const namesOfNodes = () => {
    if (!known || known.until < Date.now()) {
      const names = nodes.reach().then(({ publicUrls }) => hostsOf(publicUrls));
      // Without the database there are no other nodes to be led from.
      known = { until: Date.now() + REMEMBERED_MS, names: names.catch(() => new Set<string>()) };
    }
    return known.names;
  };
  return async (name) => {
    if ([config.host, hostname().toLowerCase()].includes(name)) return true;
    if (hostsOf([urls.public, urls.http, urls.https]).has(name)) return true;
    return (await namesOfNodes()).has(name);
  };
}

function hostsOf(addresses: readonly (string | undefined)[]): Set<string> {
  return new Set(addresses.flatMap((address) => URL.parse(address ?? '')?.hostname ?? []));
}
