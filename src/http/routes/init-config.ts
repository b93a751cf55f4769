import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Access } from '../../access/access.ts';
import { readingsOf } from '../../kit/pasted-query.ts';
import { JoinErrorBody } from '../../protocol/rest/errors.ts';
import { InitConfigAnswer, InitConfigBody } from '../../protocol/rest/joining.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { type Callers, OPEN_BODY_BYTES } from '../auth.ts';
import { handleJoinError } from '../error-handler.ts';
import { socketUrlFor } from '../socket-url.ts';
import type { Admission } from './files.ts';

/** `/infra/v1/meetings/init-config`: asked by browser SDKs before they connect, and the best place to refuse one. */
export function initConfigRoutes(deps: {
  access: Access;
  admission: Pick<Admission, 'admit'>;
  rooms: Rooms;
  callers: Callers;
}): FastifyPluginAsyncTypebox {
  const { access, admission, rooms, callers } = deps;
  return async (app) => {
    app.setErrorHandler(handleJoinError);
    // Who is in the meeting may come back with a token that has expired; which room it is, the body says.
    callers.require(app, ({ headers }) => access.authorizeJoin(headers.authorization, { evenIfExpired: true }));
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
      async ({ headers, body }) => {
        // Some apps escape an id themselves, since the SDK does not.
        const { facts: room } = await admission.admit(headers.authorization, [body.roomId, ...readingsOf(body.roomId)]);
        const { publicUrl } = await rooms.placement(room);
        const { host } = new URL(publicUrl);
        const socketUrl = socketUrlFor(host, room, body.roomId);
        return { data: { baseUrl: host, ...(socketUrl && { socketUrl }), observability: { traces: {}, logs: {} } } };
      },
    );
  };
}
