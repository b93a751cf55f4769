import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  CreatedRoomBody,
  CreateRoomBody,
  DeactivatedRoomBody,
  DeactivateRoomBody,
  ListRoomsQuery,
  OwnedRoomBody,
  READ_ONLY_FIELDS,
  RoomBody,
  RoomIdParams,
  RoomPage,
} from '../../protocol/rest/rooms.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { documented } from '../documented.ts';
import type { Links } from '../links.ts';
import { presentDeactivatedRoom, presentListedRoom, presentOwnedRoom, presentRoom } from '../present-room.ts';
import { warningsFor } from '../warnings.ts';

/** `/v2/rooms` */
export function roomRoutes({ rooms, links }: { rooms: Rooms; links: Links }): FastifyPluginAsyncTypebox {
  const doc = documented('Rooms');
  return async (app) => {
    app.post(
      '/',
      {
        schema: doc('Create a room', {
          body: CreateRoomBody,
          ok: CreatedRoomBody,
          description:
            'Every field is optional. Creating a customRoomId again returns its room, unchanged. Any room of an answer can be sent.',
        }),
      },
      async (request) => {
        const room = await rooms.create(request.caller, request.body);
        return { ...presentRoom(room, links), ...warningsFor(request, CreateRoomBody, READ_ONLY_FIELDS) };
      },
    );

    app.get(
      '/',
      { schema: doc('List rooms', { querystring: ListRoomsQuery, ok: RoomPage, description: 'Newest first.' }) },
      async ({ caller, query }) => {
        const paging = pagingOf(query);
        const found = await rooms.list(caller, query.query, paging);
        return {
          pageInfo: pageInfo(paging, found.total),
          data: found.rooms.map((room) => presentListedRoom(room, links)),
        };
      },
    );

    app.get(
      '/:roomId',
      {
        schema: doc('Get a room', {
          params: RoomIdParams,
          ok: OwnedRoomBody,
          description: 'By roomId, customRoomId or object id.',
        }),
      },
      async ({ caller, params }) => {
        const room = await rooms.get(caller, params.roomId);
        return presentOwnedRoom(room, links);
      },
    );

    const validate = doc('Validate a room', {
      params: RoomIdParams,
      ok: RoomBody,
      description: 'Tells whether a roomId or customRoomId is one of the caller’s rooms; status 400 when it is not.',
    });
    // One old page of the reference prints POST for what the others call with GET.
    for (const [method, hide] of [
      ['GET', false],
      ['POST', true],
    ] as const) {
      app.route({
        method,
        url: '/validate/:roomId',
        schema: { ...validate, hide },
        handler: async ({ caller, params }) => {
          const room = await rooms.validate(caller, params.roomId);
          return presentRoom(room, links);
        },
      });
    }

    app.post(
      '/deactivate',
      {
        schema: doc('Deactivate a room', {
          body: DeactivateRoomBody,
          ok: DeactivatedRoomBody,
          description:
            'For ever: its live session ends and nobody can join any more. Only a roomId is taken; anything else is status 402.',
        }),
      },
      async ({ caller, body }) => {
        const room = await rooms.deactivate(caller, body.roomId);
        return presentDeactivatedRoom(room, links);
      },
    );
  };
}
