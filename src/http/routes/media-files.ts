// What viewers fetch: finished recordings by unguessable addresses, and HLS streams. Players send no token, and pages on
// any origin may play.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import type { Caller } from '../../access/access.ts';
import type { Egress } from '../../egress/egress.ts';
import { FILES_PATH, HLS_PATH } from '../../egress/egress-state.ts';
import { hlsContentType, isPlaylist } from '../../egress/hls-playlist.ts';
import { badRequest, notYetReady } from '../../errors.ts';
import { sendRange } from '../byte-range.ts';

const FileParams = Type.Object({ name: Type.String({ maxLength: 100 }) });
const FileQuery = Type.Object({
  download: Type.Optional(
    Type.String({ pattern: '^[\\w.() -]{1,120}$', 'x-allowed': 'must be a file name of letters, digits and ._()-' }),
  ),
});
const HlsParams = Type.Object({
  folder: Type.String({ maxLength: 64 }),
  name: Type.String({ maxLength: 200 }),
});
const Sequence = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }));
const PlaylistQuery = Type.Object({ _HLS_msn: Sequence, _HLS_part: Sequence, _HLS_skip: Type.Optional(Type.String()) });

const CONTENT_TYPES = { mp4: 'video/mp4', webm: 'video/webm' } as const;

/** `/recordings-files` and `/meetings-hls` */
export function mediaFileRoutes({ egress }: { egress: Egress<Caller> }): FastifyPluginAsyncTypebox {
  // HEAD is served here too: what Fastify makes of GET would tell the length of an empty body.
  const method = ['GET', 'HEAD'] as const;
  return async (app) => {
    app.route({
      method: [...method],
      url: `${FILES_PATH}/:name`,
      schema: { hide: true, params: FileParams, querystring: FileQuery },
      handler: async (request, reply) => {
        const { download } = request.query;
        const { file, open } = await egress.file(request.params.name.replace(/\.\w+$/, ''));
        reply.headers({
          'content-type': CONTENT_TYPES[file.format],
          'cache-control': 'private, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
          etag: `"${file.id}"`,
          ...(download !== undefined && { 'content-disposition': `attachment; filename="${download}"` }),
        });
        return sendRange(request, reply, { size: file.size, open });
      },
    });

    app.route({
      method: [...method],
      url: `${HLS_PATH}/:folder/:name`,
      config: { openAs: 'stream' },
      schema: { hide: true, params: HlsParams, querystring: PlaylistQuery },
      handler: async (request, reply) => {
        const { folder, name } = request.params;
        if (isPlaylist(name)) {
          const playlist = await playlistFor(egress, folder, name, request.query);
          return reply.headers({ 'content-type': hlsContentType(name), 'cache-control': 'no-cache' }).send(playlist);
        }
        const { size, contentType, open } = await egress.segment(folder, name);
        reply.headers({ 'content-type': contentType, 'cache-control': 'public, max-age=3600' });
        return sendRange(request, reply, { size, open });
      },
    });
  };
}

async function playlistFor(
  egress: Egress<Caller>,
  folder: string,
  name: string,
  { _HLS_msn: msn, _HLS_part: part }: Static<typeof PlaylistQuery>,
): Promise<string> {
  if (part !== undefined && msn === undefined) {
    throw badRequest('MSN_MISSING', '_HLS_part counts within _HLS_msn; send both.');
  }
  const found = await egress.playlist(folder, name, msn === undefined ? undefined : { msn, part });
  if (found === 'too-far') throw badRequest('MSN_TOO_FAR', 'This stream has not come that far.');
  if (found === 'late') throw notYetReady('The stream did not get there in time.');
  return found;
}
