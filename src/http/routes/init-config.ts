import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Access } from '../../access/access.ts';
import { JoinErrorBody } from '../../protocol/rest/errors.ts';
import { InitConfigAnswer, InitConfigBody } from '../../protocol/rest/joining.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { handleJoinError } from '../error-handler.ts';

/** `/infra/v1/meetings/init-config`: asked by browser SDKs before they connect, and the best place to refuse one. */
export function initConfigRoutes(deps: { access: Access; rooms: Rooms }): FastifyPluginAsyncTypebox {
  const { access, rooms } = deps;
  return async (app) => {
    app.setErrorHandler(handleJoinError);
    app.post(
      '/infra/v1/meetings/init-config',
      {
        schema: {
          summary: 'Ask where to join a room',
          tags: ['Joining'],
          security: [{ token: [] }],
          body: InitConfigBody,
          response: { 200: InitConfigAnswer, '4xx': JoinErrorBody },
        },
      },
      async ({ headers, body }) => {
        const grant = await access.authorizeJoin(headers.authorization);
        const room = await rooms.joinable(grant, body.roomId);
        const { publicUrl } = await rooms.placement(room);
        return { data: { baseUrl: new URL(publicUrl).host, observability: { traces: {}, logs: {} } } };
      },
    );
  };
}
