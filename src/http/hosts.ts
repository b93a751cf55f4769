// Under which names our pages are served. A page of somebody else could point a name of theirs at this server (DNS
// rebinding); to the browser it would then be one site with our pages, and with whoever is signed in there.
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hostNotKnown } from '../errors.ts';

/** Whether a name is one of ours: of a listener, the public address or a node. */
export type IsOwnHost = (hostname: string) => boolean | Promise<boolean>;

/** Refuses requests to the routes of `scope` under any other name. */
export function requireOwnHost(scope: FastifyInstance, isOwn: IsOwnHost): void {
  scope.addHook('onRequest', async ({ host }) => {
    const name = URL.parse(`http://${host}`)?.hostname.replace(/\.$/, '') ?? '';
    if (!isAddress(name) && !isLocalName(name) && !(await isOwn(name))) throw hostNotKnown(host);
  });
}

/** No name was looked up for an address, so nobody can have pointed it at us. */
function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** Browsers take these for the machine that they run on, whatever a name server says. */
function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
