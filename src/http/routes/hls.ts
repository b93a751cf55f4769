import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Caller } from '../../access/access.ts';
import type { Egress } from '../../egress/egress.ts';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import { ActiveHlsBody, HlsBody, HlsPage, HlsParams, StartedHlsBody, StartHlsBody } from '../../protocol/rest/hls.ts';
import { ListEgressQuery, StopBody } from '../../protocol/rest/recordings.ts';
import { RoomIdParams } from '../../protocol/rest/rooms.ts';
import { documented, jsonText } from '../documented.ts';
import type { Links } from '../links.ts';
import { presentHls } from '../present-egress.ts';
import { warningsFor } from '../warnings.ts';

/** `/v2/hls` */
export function hlsRoutes({ egress, links }: { egress: Egress<Caller>; links: Links }): FastifyPluginAsyncTypebox {
  const doc = documented('HLS');
  return async (app) => {
    app.post(
      '/start',
      {
        schema: doc('Start HLS', {
          body: StartHlsBody,
          ok: StartedHlsBody,
          description:
            'Of the room’s live session. The addresses are right at once; the event `hls-playable` tells when a player can play them.',
        }),
      },
      async (request) => {
        const shown = await egress.start(request.caller, 'hls', request.body);
        return { ...presentHls(shown, links), ...warningsFor(request, StartHlsBody) };
      },
    );

    const stop = doc('Stop HLS', {
      body: StopBody,
      ok: Type.String({ examples: ['HLS ended successfully'] }),
      description: 'What was streamed can be played on from its beginning.',
    });
    for (const url of ['/end', '/stop'] as const) {
      app.post(url, { schema: { ...stop, hide: url === '/stop' } }, async ({ caller, body }, reply) => {
        await egress.stop(caller, 'hls', body);
        return jsonText(reply, 'HLS ended successfully');
      });
    }

    app.get(
      '/',
      { schema: doc('List HLS streams', { querystring: ListEgressQuery, ok: HlsPage, description: 'Newest first.' }) },
      async ({ caller, query }) => {
        const paging = pagingOf(query);
        const found = await egress.list(caller, 'hls', query, paging);
        return { pageInfo: pageInfo(paging, found.total), data: found.shown.map((shown) => presentHls(shown, links)) };
      },
    );

    app.get(
      '/:roomId/active',
      {
        schema: doc('Get the HLS stream of a room', {
          params: RoomIdParams,
          ok: ActiveHlsBody,
          description: 'The one that runs; status 404 when none does.',
        }),
      },
      async ({ caller, params }) => {
        const shown = await egress.active(caller, 'hls', params.roomId);
        return { code: 200, data: presentHls(shown, links) };
      },
    );

    app.get('/:hlsId', { schema: doc('Get an HLS stream', { params: HlsParams, ok: HlsBody }) }, async (request) => {
      const shown = await egress.get(request.caller, 'hls', request.params.hlsId);
      return presentHls(shown, links);
    });

    app.delete(
      '/:hlsId',
      {
        schema: doc('Delete an HLS stream', {
          params: HlsParams,
          ok: Type.String({ examples: ['Room Hls Recording deleted successfully !'] }),
          description: 'With all that was streamed. One that has not ended yet is answered 409: stop it first.',
        }),
      },
      async ({ caller, params }, reply) => {
        await egress.remove(caller, 'hls', params.hlsId);
        return jsonText(reply, 'Room Hls Recording deleted successfully !');
      },
    );
  };
}
