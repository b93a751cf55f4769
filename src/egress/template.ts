// A page of the caller's that is filmed instead of the composed picture: the browser for it, and a place in the meeting
// that nobody sees.
import { lookup } from 'node:dns/promises';
import { portOf } from '../kit/addresses.ts';
import { newObserverId } from '../protocol/ids.ts';
import type { PageBounds, PageSpec } from './ipc.ts';
import type { SessionSource } from './ports.ts';

/** What a page reaches an installation by, all nodes included. */
export interface Installation {
  /** `host:port` of each address. */
  hosts: string[];
  /** SHA-256 of the public keys of the certificates that it made itself, base64. */
  certificates: string[];
}

export interface TemplateDeps {
  /** Path of a Chromium or Chrome, where there is one. */
  browser: string | undefined;
  /** Whether it has to have its sandbox. */
  sandboxed: boolean;
  bounds: PageBounds;
  installation(): Promise<Installation>;
  /** A token to join a room with, for pages that bring none. */
  tokenFor(ownerId: string, roomId: string, participantId: string): Promise<string>;
}

export interface TemplateWish {
  templateUrl: string;
  roomId: string;
  ownerId: string;
}

export class Template {
  readonly #deps: TemplateDeps;
  readonly #wish: TemplateWish;
  readonly #browser: string;
  readonly #source: SessionSource;
  readonly #observerId = newObserverId();
  readonly #dismiss: () => void;

  constructor(deps: TemplateDeps & { browser: string }, wish: TemplateWish, source: SessionSource) {
    this.#deps = deps;
    this.#wish = wish;
    this.#browser = deps.browser;
    this.#source = source;
    this.#dismiss = source.expectObserver(this.#observerId);
  }

  /** What a compositor has to know to film it. */
  async page(): Promise<PageSpec> {
    const { templateUrl, roomId, ownerId } = this.#wish;
    const { installation, tokenFor, sandboxed, bounds } = this.#deps;
    const { hosts, certificates } = await installation();
    return {
      url: await pageUrl(templateUrl, {
        participantId: this.#observerId,
        meetingId: roomId,
        token: () => tokenFor(ownerId, roomId, this.#observerId),
      }),
      browser: this.#browser,
      ownHosts: [...hosts, ...(await reachedAt(this.#source.mediaHosts()))],
      certificates,
      sandboxed,
      bounds,
    };
  }

  /** The place in the meeting is free again; whoever sits there has to go. */
  close(): void {
    this.#dismiss();
  }
}

/** A browser looks up the name that media is announced with before it asks the proxy. */
async function reachedAt(hosts: readonly string[]): Promise<string[]> {
  const found = hosts.map(async (host) => {
    const url = new URL(`http://${host}`);
    const addresses = await lookup(url.hostname, { all: true, family: 4 }).catch(() => []);
    return [host, ...addresses.map(({ address }) => `${address}:${portOf(url)}`)];
  });
  return [...new Set((await Promise.all(found)).flat())];
}

/**
 * The address that the browser opens: `participantId` is always ours, since it is what keeps the page from being seen;
 * `meetingId` and `token` are added where the caller left them out.
 */
export async function pageUrl(
  templateUrl: string,
  given: { participantId: string; meetingId: string; token(): Promise<string> },
): Promise<string> {
  const url = new URL(templateUrl);
  url.searchParams.set('participantId', given.participantId);
  if (!url.searchParams.get('meetingId')) url.searchParams.set('meetingId', given.meetingId);
  if (!url.searchParams.get('token')) url.searchParams.set('token', await given.token());
  return url.href;
}
