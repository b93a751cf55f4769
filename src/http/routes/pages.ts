// The pages: one document for every page address, and the files it asks for.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { shared } from '../../kit/shared.ts';
import { PAGES } from '../../protocol/pages.ts';
import { type IsOwnHost, requireOwnHost } from '../hosts.ts';
import { PAGES_MISSING } from '../pages-missing.ts';

const NONCE_PLACE = /__ROOMFUL_NONCE__/g;
/** Names as the build makes them, with a hash of the content: no path out of the folder, and good for ever. */
const ASSET_NAME = /^[\w][\w.-]*$/;

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};
const COMPRESSED: ReadonlySet<string> = new Set(['.js', '.css', '.svg']);
/** The best that is still quick: a file is compressed once in the life of the process. */
const BROTLI_QUALITY = 9;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

interface Asset {
  type: string;
  plain: Buffer;
  br?: Buffer;
  gzip?: Buffer;
}

export interface PagesDeps {
  folder: string;
  /** Origins beside our own that pages may play streams and recordings from. */
  mediaOrigins?: () => Promise<readonly string[]>;
  isOwnHost?: IsOwnHost;
}

/** `/`, `/meet/:roomId` and the other addresses of `PAGES`, and `/assets/*`, from the folder that Vite built. */
export function pageRoutes({ folder, mediaOrigins = async () => [], isOwnHost }: PagesDeps): FastifyPluginAsync {
  const assets = new Map<string, Promise<Asset | undefined>>();
  const origins = shared(mediaOrigins);
  return async (app) => {
    if (isOwnHost) requireOwnHost(app, isOwnHost);
    const hidden = { schema: { hide: true } };
    const document = async (_request: FastifyRequest, reply: FastifyReply) => {
      // A page without the database still says that it is away.
      return sendDocument(reply, folder, await origins().catch(() => []));
    };
    for (const path of Object.values(PAGES)) {
      app.get(path.replaceAll('$', ':'), { ...hidden, config: { cors: false } }, document);
    }

    app.get<{ Params: { name: string } }>('/assets/:name', hidden, async (request, reply) => {
      const { name } = request.params;
      let asset = assets.get(name);
      if (!asset && ASSET_NAME.test(name)) {
        // At once, so that however many ask for a file while it is compressed, that is done once.
        asset = loadAsset(join(folder, 'assets', name));
        assets.set(name, asset);
        asset.catch(() => assets.delete(name));
      }
      const found = await asset;
      if (!found) {
        // What does not exist is not remembered: a name can be anything.
        assets.delete(name);
        return reply.callNotFound();
      }
      return sendAsset(request, reply, found);
    });
  };
}

async function sendDocument(reply: FastifyReply, folder: string, origins: readonly string[]): Promise<FastifyReply> {
  const nonce = randomBytes(16).toString('base64');
  const html = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined);
  return reply
    .code(html === undefined ? 503 : 200)
    .headers(HEADERS)
    .header('content-security-policy', policy(nonce, origins))
    .header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self), fullscreen=(self)')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send((html ?? PAGES_MISSING).replace(NONCE_PLACE, nonce));
}

/**
 * No inline script and no foreign host. Style elements carry a nonce (Mantine makes some while it runs); sockets may go
 * to another node of the deployment, so `wss:` is open, and streams and recordings are with the node that made them.
 * A player fills its video by way of an address that begins with `blob:`.
 */
function policy(nonce: string, mediaOrigins: readonly string[]): string {
  const media = mediaOrigins.map((origin) => ` ${origin}`).join('');
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `media-src 'self' blob:${media}`,
    `connect-src 'self' wss:${media}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function loadAsset(path: string): Promise<Asset | undefined> {
  const extension = extname(path);
  const type = TYPES[extension];
  const plain = type && (await readFile(path).catch(ignoreMissing));
  if (!plain) return undefined;
  if (!COMPRESSED.has(extension)) return { type, plain };
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  const [br, gzipped] = await Promise.all([promisify(brotliCompress)(plain, { params }), promisify(gzip)(plain)]);
  return { type, plain, br, gzip: gzipped };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, asset: Asset): FastifyReply {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const encoding = (['br', 'gzip'] as const).find((it) => asset[it] && accepted.includes(it));
  reply
    .headers(HEADERS)
    .header('cache-control', 'public, max-age=31536000, immutable')
    .header('vary', 'accept-encoding')
    .type(asset.type);
  if (!encoding) return reply.send(asset.plain);
  return reply.header('content-encoding', encoding).send(asset[encoding]);
}
