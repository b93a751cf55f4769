// How the server is reached: certificate, public URL, proxies in front, and the address of this node for others.
import { isIP } from 'node:net';
import { isUnspecified } from '../kit/addresses.ts';
import { keyPairProblem } from '../kit/key-pair.ts';
import type { Env } from './settings.ts';
import { listOf, pair, read, refuse, textOf } from './values.ts';

export function tlsFiles(env: Env): { cert: string; key: string } | undefined {
  const files = pair(env, 'ROOMFUL_TLS_CERT', 'ROOMFUL_TLS_KEY');
  if (!files) return undefined;
  const [cert, key] = files;
  const problem = keyPairProblem(textOf('ROOMFUL_TLS_CERT', cert), textOf('ROOMFUL_TLS_KEY', key));
  if (problem?.which === 'cert') refuse('ROOMFUL_TLS_CERT', cert, problem.wanted);
  if (problem?.which === 'key') refuse('ROOMFUL_TLS_KEY', key, problem.wanted);
  return { cert, key };
}

export function publicUrl(env: Env): string | undefined {
  const text = read(env, 'ROOMFUL_PUBLIC_URL');
  if (!text) return undefined;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    refuse('ROOMFUL_PUBLIC_URL', text, 'an http or https URL such as https://rooms.example.com');
  }
  if (url.username || url.password) refuse('ROOMFUL_PUBLIC_URL', url.origin, 'a URL without user name and password');
  if (/[^/]/.test(url.pathname)) {
    const wanted =
      'an address without a path: SDKs are given a host and add paths of their own. Give it a host name of its own';
    refuse('ROOMFUL_PUBLIC_URL', text, wanted);
  }
  if (isUnspecified(url.hostname.replace(/^\[|\]$/g, '')) || url.port === '0') {
    refuse('ROOMFUL_PUBLIC_URL', text, 'an address that others can connect to');
  }
  return url.origin;
}

export function trustedProxies(env: Env): string[] {
  const text = read(env, 'ROOMFUL_TRUSTED_PROXIES');
  const entries = listOf(text);
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/', 2);
    const version = isIP(address);
    const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
    if (version === 0 || !isRange) refuse('ROOMFUL_TRUSTED_PROXIES', text, 'addresses and CIDRs, separated by commas');
  }
  return entries;
}

/** A host name may be announced to browsers, but streams are sent to an IP address. */
export function nodeAddress(env: Env): string | undefined {
  const given = read(env, 'ROOMFUL_NODE_ADDRESS');
  if (given && (isIP(given) !== 4 || isUnspecified(given))) {
    refuse('ROOMFUL_NODE_ADDRESS', given, 'an IPv4 address that other nodes can send to');
  }
  const announced = read(env, 'ROOMFUL_RTC_ADDRESS');
  return given || (isIP(announced) === 4 ? announced : undefined);
}
