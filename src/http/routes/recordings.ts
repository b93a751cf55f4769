import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Caller } from '../../access/access.ts';
import type { Egress } from '../../egress/egress.ts';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  ListEgressQuery,
  RecordingBody,
  RecordingPage,
  RecordingParams,
  RecordingQuery,
  StartedBody,
  StartRecordingBody,
  StopBody,
} from '../../protocol/rest/recordings.ts';
import { documented, jsonText } from '../documented.ts';
import type { Links } from '../links.ts';
import { presentRecording } from '../present-egress.ts';
import { answerStarted } from '../warnings.ts';

const STARTED = 'Recording started successfully';

/** `/v2/recordings` */
export function recordingRoutes(deps: { egress: Egress<Caller>; links: Links }): FastifyPluginAsyncTypebox {
  const { egress, links } = deps;
  const doc = documented('Recordings');
  return async (app) => {
    app.post(
      '/start',
      {
        schema: doc('Start a recording', {
          body: StartRecordingBody,
          ok: StartedBody(STARTED),
          description:
            'Of the room’s live session. Answers when the compositor runs, or when the recording waits for a free slot.',
        }),
      },
      async (request, reply) => {
        const { egress: started } = await egress.start(request.caller, 'recording', request.body);
        return answerStarted(request, reply, { schema: StartRecordingBody, started, sentence: STARTED });
      },
    );

    const stop = doc('Stop a recording', {
      body: StopBody,
      ok: Type.String({ examples: ['Recording ended successfully'] }),
      description: 'The file is finished in the background; the event `recording-stopped` tells where it is.',
    });
    // `/stop` is the name on an older page of the reference.
    for (const url of ['/end', '/stop'] as const) {
      app.post(url, { schema: { ...stop, hide: url === '/stop' } }, async ({ caller, body }, reply) => {
        await egress.stop(caller, 'recording', body);
        return jsonText(reply, 'Recording ended successfully');
      });
    }

    app.get(
      '/',
      {
        schema: doc('List recordings', {
          querystring: ListEgressQuery,
          ok: RecordingPage,
          description: 'Newest first.',
        }),
      },
      async ({ caller, query }) => {
        const paging = pagingOf(query);
        const found = await egress.list(caller, 'recording', query, paging);
        return {
          pageInfo: pageInfo(paging, found.total),
          data: found.shown.map((shown) => presentRecording(shown, links)),
        };
      },
    );

    app.get(
      '/:recordingId',
      {
        schema: doc('Get a recording', {
          params: RecordingParams,
          querystring: RecordingQuery,
          ok: RecordingBody,
        }),
      },
      async ({ caller, params }) => {
        const shown = await egress.get(caller, 'recording', params.recordingId);
        return presentRecording(shown, links);
      },
    );

    app.delete(
      '/:recordingId',
      {
        schema: doc('Delete a recording', {
          params: RecordingParams,
          ok: Type.String({ examples: ['Room recording deleted successfully'] }),
          description: 'With its file. One that has not ended yet is answered 409: stop it first.',
        }),
      },
      async ({ caller, params }, reply) => {
        await egress.remove(caller, 'recording', params.recordingId);
        return jsonText(reply, 'Room recording deleted successfully');
      },
    );
  };
}
