// The one way out: every address a user of the API can make the server connect to passes here. A destination is
// resolved once, what it resolved to is checked, and the connection goes to exactly that.
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { StallTimer } from '../stall.ts';
import { AllowList, specialRange } from './addresses.ts';
import { ForbiddenDestination, toFailure } from './failures.ts';
import { HttpClient } from './http-client.ts';

/** As `dns.lookup` gives it with `all`. */
export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface OutboundOptions {
  /** Addresses, CIDRs and host names that may be reached although they are private. */
  allow: readonly string[];
  /** Resolver, for tests. */
  resolve?: (hostname: string) => Promise<ResolvedAddress[]>;
}

export interface PostRequest {
  headers: Record<string, string>;
  body: string;
  /** From the call to the status line of the answer, resolving and connecting included. */
  timeoutMs: number;
  /** The connection is given up rather than read further. */
  maxResponseBytes: number;
}

export interface PutRequest {
  headers: Record<string, string>;
  body: Readable;
  /** Bytes of the body. */
  size: number;
  /** Given up when nothing has moved for so long. */
  stallMs: number;
}

export interface PostAnswer {
  status: number;
  /** The beginning of the body as text. */
  body: string;
  /** As it was sent: seconds or a date. */
  retryAfter: string | undefined;
  durationMs: number;
}

const MAX_URL_LENGTH = 2048;
/** The status is what counts; a body that dribbles in is not waited for much longer. */
const BODY_TIMEOUT_MS = 2_000;
/** As much of an answer's body as anybody wants to read in a log. */
const MAX_BODY_TEXT_BYTES = 4096;
/** As much of a file as the system takes at once, and the slowest network that an upload is not given up for. */
const SYSTEM_BUFFER_BYTES = 4 * 1024 * 1024;
const SLOWEST_BYTES_PER_SECOND = 64 * 1024;
const LOOPBACK = ['127.0.0.1', '::1'];

async function systemResolve(hostname: string): Promise<ResolvedAddress[]> {
  return dnsLookup(hostname, { all: true });
}

export function createOutbound(options: OutboundOptions): Outbound {
  return new Outbound(options);
}

export class Outbound {
  readonly #allow: AllowList;
  readonly #resolve: (hostname: string) => Promise<ResolvedAddress[]>;
  readonly #client: HttpClient;
  /** Names that are being resolved; as many as there are connections being made. */
  readonly #asked = new Map<string, Promise<ResolvedAddress[]>>();

  constructor({ allow, resolve = systemResolve }: OutboundOptions) {
    this.#allow = new AllowList(allow);
    this.#resolve = resolve;
    this.#client = new HttpClient(this.lookup);
  }

  /**
   * Parses a URL that a user gave and refuses what is plainly forbidden without resolving it. Throws
   * `ForbiddenDestination`, whose message says what is wrong; `schemes` are named without colon.
   */
  checkUrl(text: string, { schemes = ['https', 'http'] }: { schemes?: readonly string[] } = {}): URL {
    const url = text.length <= MAX_URL_LENGTH ? URL.parse(text) : null;
    if (!url) throw new ForbiddenDestination(`not a URL of at most ${MAX_URL_LENGTH} characters`);
    if (!schemes.includes(url.protocol.slice(0, -1))) {
      throw new ForbiddenDestination(`the URL must begin with ${schemes.map((s) => `${s}://`).join(' or ')}`);
    }
    if (url.username || url.password) throw new ForbiddenDestination('the URL must not hold a user name or password');
    if (url.port === '0') throw new ForbiddenDestination('the port must not be 0');
    url.host = normalHost(url);
    this.#checkName(bareHostname(url.hostname));
    return url;
  }

  /** The addresses of a host that may be connected to; never empty. For connections that are made elsewhere. */
  async addressesOf(hostname: string): Promise<ResolvedAddress[]> {
    const name = bareHostname(hostname);
    this.#checkName(name);
    const family = isIP(name);
    if (family) return [{ address: name, family }];
    const all = await this.#resolveOnce(name);
    const open = this.#allow.hasHost(name) ? all : all.filter(({ address }) => !this.#refusal(address));
    if (open.length === 0) {
      throw new ForbiddenDestination(this.#explain(name, (all[0] && this.#refusal(all[0].address)) ?? 'no address'));
    }
    return open;
  }

  /**
   * Sends a POST and gives back whatever status came; redirects are an answer like any other and not followed. Throws
   * `ForbiddenDestination` or `UnreachedDestination`.
   */
  async post(url: string, { headers, body, timeoutMs, maxResponseBytes }: PostRequest): Promise<PostAnswer> {
    const startedAt = performance.now();
    const target = this.checkUrl(url);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new DOMException('timeout', 'TimeoutError')), timeoutMs);
    try {
      const answer = await this.#client.send(target, { method: 'POST', headers, body, signal: patience.signal });
      clearTimeout(timer);
      const text = await readBeginning(answer, maxResponseBytes);
      return {
        status: answer.statusCode ?? 0,
        body: text,
        retryAfter: answer.headers['retry-after'],
        durationMs: Math.round(performance.now() - startedAt),
      };
    } catch (error) {
      throw toFailure(error, timeoutMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a file by PUT, for as long as its bytes move; otherwise as `post`. `body` is closed afterwards. */
  async put(url: string, { headers, body, size, stallMs }: PutRequest): Promise<{ status: number; body: string }> {
    using stall = new StallTimer(stallMs);
    let sent = 0;
    // The system takes bytes faster than a slow network sends them: the end of a file is on its way for longer.
    const onBytes = (count: number) => {
      sent += count;
      stall.moved(sent < size ? 0 : (Math.min(size, SYSTEM_BUFFER_BYTES) / SLOWEST_BYTES_PER_SECOND) * 1000);
    };
    body.on('error', () => undefined);
    try {
      const answer = await this.#client.send(this.checkUrl(url), {
        method: 'PUT',
        headers: { ...headers, 'content-length': String(size) },
        body: counted(body, onBytes),
        signal: stall.signal,
      });
      const { statusCode: status = 0 } = answer;
      const text = await readBeginning(answer, MAX_BODY_TEXT_BYTES);
      if (status >= 200 && status < 300 && sent < size) throw new Error('it accepted the file before it had all of it');
      return { status, body: text };
    } catch (error) {
      throw toFailure(error, stallMs);
    } finally {
      body.destroy();
    }
  }

  /** Ends all connections; requests still running fail. */
  async close(): Promise<void> {
    this.#client.close();
  }

  /**
   * Asks once for all who ask at the same time: the system has two threads for this, and a name server that says nothing
   * holds one of them for each question.
   */
  #resolveOnce(name: string): Promise<ResolvedAddress[]> {
    const asked = this.#asked.get(name);
    if (asked) return asked;
    const asking = this.#resolve(name).finally(() => this.#asked.delete(name));
    this.#asked.set(name, asking);
    return asking;
  }

  /** For `net.connect` instead of the system's lookup: it can only ever see addresses that were checked. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.addressesOf(hostname).then(
      (found) => {
        const fitting = options.family ? found.filter(({ family }) => family === options.family) : found;
        const [first] = fitting;
        if (!first) callback(new ForbiddenDestination(this.#explain(hostname, 'no address')), '', 0);
        else if (options.all) callback(null, fitting);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };

  #checkName(name: string): void {
    if (name === '') throw new ForbiddenDestination('the URL names no host');
    if (this.#allow.hasHost(name)) return;
    if (name.endsWith('.')) throw new ForbiddenDestination(`the host name ${name} must not end with a dot`);
    if (isIP(name)) {
      const refusal = this.#refusal(name);
      if (refusal) throw new ForbiddenDestination(this.#explain(name, refusal));
    } else if (isLocalhost(name) && !LOOPBACK.some((address) => this.#allow.hasAddress(address))) {
      throw new ForbiddenDestination(this.#explain(name, 'loopback'));
    }
  }

  #refusal(address: string): string | undefined {
    return this.#allow.hasAddress(address) ? undefined : specialRange(address);
  }

  #explain(name: string, reason: string): string {
    return `${name} may not be reached (${reason}); the operator can open it with ROOMFUL_OUTBOUND_ALLOW`;
  }
}

function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function bareHostname(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** Only web URLs have their host normalised by the parser: `rtmp://0x7f.1/` keeps what `http://0x7f.1/` gives away. */
function normalHost(url: URL): string {
  if (/^https?:$/.test(url.protocol)) return url.host;
  const asWeb = URL.parse(`http://${url.host}`);
  if (!asWeb) throw new ForbiddenDestination('the URL names no valid host');
  // The web's default port is left out when it is written; here it means itself.
  return url.port === '80' ? `${asWeb.hostname}:80` : asWeb.host;
}

/** The same bytes, told of as they are taken. */
function counted(body: Readable, onBytes: (count: number) => void): Readable {
  const pieces = async function* () {
    for await (const piece of body as AsyncIterable<Buffer>) {
      onBytes(piece.length);
      yield piece;
    }
  };
  return Readable.from(pieces(), { highWaterMark: 1 }).on('error', () => undefined);
}

interface Body extends AsyncIterable<Buffer> {
  destroy(): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Reads to the end when it is near, so that the connection can be used again; else gives up on both. */
async function readBeginning(body: Body, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  body.on('error', () => undefined);
  const timer = setTimeout(() => body.destroy(), BODY_TIMEOUT_MS);
  try {
    for await (const piece of body) {
      if (bytes < MAX_BODY_TEXT_BYTES) pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) break;
    }
  } catch {
    // The answer's status has arrived; how its body ended changes nothing.
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  // What was cut off within a letter is left out.
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, MAX_BODY_TEXT_BYTES), { stream: true });
}
