import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Caller } from '../../access/access.ts';
import type { Egress } from '../../egress/egress.ts';
import { WatchHlsParams, WatchRecordingHeaders, WatchRecordingParams } from '../../protocol/rest/watching.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Links } from '../links.ts';
import { presentWatchedHls, presentWatchedRecording } from '../present-egress.ts';

/** `/watch-api`: what the pages of viewers ask, who have a link and nothing else. */
export function watchingRoutes(deps: {
  egress: Egress<Caller>;
  rooms: Rooms;
  links: Links;
}): FastifyPluginAsyncTypebox {
  const { egress, rooms, links } = deps;
  return async (app) => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));

    app.get('/hls/:hlsId', { schema: { hide: true, params: WatchHlsParams } }, async ({ params }) => {
      const found = await egress.watchedHls(params.hlsId);
      return presentWatchedHls(found.egress, found.continuation, links);
    });

    app.get(
      '/recordings/:recordingId',
      { schema: { hide: true, params: WatchRecordingParams, headers: WatchRecordingHeaders } },
      async ({ params, headers }) => {
        const found = await egress.watchedRecording(params.recordingId, headers.authorization ?? '');
        const { ownerId, roomId } = found.egress;
        const { customRoomId } = await rooms.get({ apiKey: '', ownerId }, roomId);
        return presentWatchedRecording(found.egress, found.file, customRoomId ?? roomId, links);
      },
    );
  };
}
