// Calls of our own pages: who is signed in, by cookie, and that no page of another site made the browser ask.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { crossSiteRequest } from '../errors.ts';
import { PAGE_HEADER } from '../protocol/rest/dashboard.ts';
import type { PublicUrl } from './links.ts';

const READING = ['GET', 'HEAD', 'OPTIONS'];

/** The cookie of a sign-in. With TLS it has a name of its own, which browsers refuse to take from anywhere else. */
export class SignInCookie {
  readonly #publicUrl: PublicUrl;

  constructor(publicUrl: PublicUrl) {
    this.#publicUrl = publicUrl;
  }

  read(request: FastifyRequest): string | undefined {
    const name = this.#name(request);
    for (const pair of request.headers.cookie?.split(';') ?? []) {
      const [key, value] = pair.trim().split('=', 2);
      if (key === name) return value;
    }
    return undefined;
  }

  /** Without a token it removes the cookie. */
  write(request: FastifyRequest, reply: FastifyReply, token: string, maxAgeS: number): void {
    const secure = this.#isSecure(request) ? '; Secure' : '';
    const value = `${this.#name(request)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${secure}`;
    reply.header('set-cookie', value);
  }

  #name(request: FastifyRequest): string {
    return this.#isSecure(request) ? '__Host-roomful' : 'roomful';
  }

  /** Over TLS here, or at a proxy in front that the public address names. */
  #isSecure(request: FastifyRequest): boolean {
    if (request.protocol === 'https') return true;
    const own = URL.parse(this.#publicUrl());
    return own?.protocol === 'https:' && own.host === request.headers.host;
  }
}

/**
 * Refuses what a page of another site, or of another port of this host, made the browser ask. `SameSite` alone would
 * let the latter pass. What changes something also has to carry a header that no plain form can send.
 */
export function refuseOtherSites(scope: FastifyInstance, publicUrl: PublicUrl): void {
  scope.addHook('onRequest', async ({ method, headers }: FastifyRequest) => {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw crossSiteRequest();
    if (headers.origin !== undefined && !isOwn(headers.origin, headers.host, publicUrl())) throw crossSiteRequest();
    if (!READING.includes(method) && headers[PAGE_HEADER] === undefined) throw crossSiteRequest();
  });
  scope.addHook('onSend', async (_request, reply) => {
    reply.removeHeader('access-control-allow-origin');
    reply.header('cache-control', 'no-store');
  });
}

function isOwn(origin: string, host: string | undefined, publicUrl: string): boolean {
  const from = URL.parse(origin);
  return from !== null && (from.host === host || from.origin === URL.parse(publicUrl)?.origin);
}
