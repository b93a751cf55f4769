import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Access } from '../../access/access.ts';
import { JoinErrorBody } from '../../protocol/rest/errors.ts';
import { InitConfigAnswer, InitConfigBody } from '../../protocol/rest/joining.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type Callers, OPEN_BODY_BYTES } from '../auth.ts';
import { handleJoinError } from '../error-handler.ts';

/** `/infra/v1/meetings/init-config`: asked by browser SDKs before they connect, and the best place to refuse one. */
export function initConfigRoutes(deps: { access: Access; rooms: Rooms; callers: Callers }): FastifyPluginAsyncTypebox {
  const { access, rooms, callers } = deps;
  return async (app) => {
    app.setErrorHandler(handleJoinError);
    callers.require(app, ({ headers }) => access.authorizeJoin(headers.authorization));
    app.post(
      '/infra/v1/meetings/init-config',
      {
        bodyLimit: OPEN_BODY_BYTES,
        schema: {
          summary: 'Ask where to join a room',
          tags: ['Joining'],
          security: [{ token: [] }],
          body: InitConfigBody,
          response: { 200: InitConfigAnswer, '4xx': JoinErrorBody },
        },
      },
      async ({ caller, body }) => {
        const room = await rooms.joinable(caller, body.roomId);
        const { publicUrl } = await rooms.placement(room);
        return { data: { baseUrl: new URL(publicUrl).host, observability: { traces: {}, logs: {} } } };
      },
    );
  };
}
