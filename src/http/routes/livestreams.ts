import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Caller } from '../../access/access.ts';
import type { Egress } from '../../egress/egress.ts';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  LivestreamBody,
  LivestreamPage,
  LivestreamParams,
  StartLivestreamBody,
} from '../../protocol/rest/livestreams.ts';
import { ListEgressQuery, StartedBody, StopBody } from '../../protocol/rest/recordings.ts';
import { documented, jsonText } from '../documented.ts';
import type { Links } from '../links.ts';
import { presentLivestream } from '../present-egress.ts';
import { answerStarted } from '../warnings.ts';

const STARTED = 'Livestream started successfully';

/** `/v2/livestreams` */
export function livestreamRoutes(deps: { egress: Egress<Caller>; links: Links }): FastifyPluginAsyncTypebox {
  const { egress, links } = deps;
  const doc = documented('Livestreams');
  return async (app) => {
    app.post(
      '/start',
      {
        schema: doc('Start a livestream', {
          body: StartLivestreamBody,
          ok: StartedBody(STARTED),
          description: 'Of the room’s live session, to one or more RTMP servers; each of them fails alone.',
        }),
      },
      async (request, reply) => {
        const { egress: started } = await egress.start(request.caller, 'livestream', request.body);
        return answerStarted(request, reply, { schema: StartLivestreamBody, started, sentence: STARTED });
      },
    );

    const stop = doc('Stop a livestream', {
      body: StopBody,
      ok: Type.String({ examples: ['Livestream ended successfully'] }),
    });
    for (const url of ['/end', '/stop'] as const) {
      app.post(url, { schema: { ...stop, hide: url === '/stop' } }, async ({ caller, body }, reply) => {
        await egress.stop(caller, 'livestream', body);
        return jsonText(reply, 'Livestream ended successfully');
      });
    }

    app.get(
      '/',
      {
        schema: doc('List livestreams', {
          querystring: ListEgressQuery,
          ok: LivestreamPage,
          description: 'Newest first.',
        }),
      },
      async ({ caller, query }) => {
        const paging = pagingOf(query);
        const found = await egress.list(caller, 'livestream', query, paging);
        return {
          pageInfo: pageInfo(paging, found.total),
          data: found.shown.map((shown) => presentLivestream(shown, links)),
        };
      },
    );

    app.get(
      '/:livestreamId',
      { schema: doc('Get a livestream', { params: LivestreamParams, ok: LivestreamBody }) },
      async ({ caller, params }) => {
        const shown = await egress.get(caller, 'livestream', params.livestreamId);
        return presentLivestream(shown, links);
      },
    );
  };
}
