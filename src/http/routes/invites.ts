import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Access, Caller } from '../../access/access.ts';
import { invalidPermissions, permissionNotHeld } from '../../errors.ts';
import { JoinErrorBody } from '../../protocol/rest/errors.ts';
import {
  GuestToken,
  GuestTokenBody,
  INVITE_PERMISSIONS,
  INVITE_SECONDS,
  Invite,
  InviteBody,
} from '../../protocol/rest/invites.ts';
import { RoomIdParams } from '../../protocol/rest/rooms.ts';
import type { Permission } from '../../protocol/rest/tokens.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Callers } from '../auth.ts';
import { documented } from '../documented.ts';
import { handleJoinError } from '../error-handler.ts';
import type { PublicUrl } from '../links.ts';

/** `/v2/rooms/:roomId/invite`: links to the meeting page for people without a token. */
export function inviteRoutes(deps: { access: Access; rooms: Rooms; publicUrl: PublicUrl }): FastifyPluginAsyncTypebox {
  const { access, rooms, publicUrl } = deps;
  const doc = documented('Rooms');
  return async (app) => {
    app.post(
      '/rooms/:roomId/invite',
      {
        schema: doc('Invite to a room', {
          params: RoomIdParams,
          body: InviteBody,
          ok: Invite,
          description:
            'A link to the meeting page for guests without a token. It gives no more than the token of its maker and ends no later. It ends with the secret that signed it.',
        }),
      },
      async ({ caller, params, body }) => {
        const { roomId } = await rooms.get(caller, params.roomId);
        const { permissions = INVITE_PERMISSIONS, expiresIn = INVITE_SECONDS } = body;
        if (permissions.includes('ask_join') && permissions.length > 1) {
          throw invalidPermissions('ask_join cannot be combined with allow_join or allow_mod.');
        }
        if (!permissions.includes('ask_join') && !permissions.includes('allow_join')) {
          throw invalidPermissions('An invite needs allow_join or ask_join.');
        }
        requireHeld(caller, permissions);
        const endsAt = Date.now() + expiresIn * 1000;
        const expiresAt = new Date(Math.min(endsAt, caller.expiresAt?.getTime() ?? endsAt));
        const invite = await access.invites.create(caller.apiKey, { roomId, name: body.name, permissions }, expiresAt);
        const url = `${publicUrl()}/meet/${encodeURIComponent(roomId)}#invite=${invite}`;
        return { url, invite, roomId, expiresAt: expiresAt.toISOString() };
      },
    );
  };
}

/** An invite gives no more than its maker has; who may join may have others ask. */
function requireHeld({ permissions: held }: Caller, permissions: readonly Permission[]): void {
  const isHeld = (permission: Permission) =>
    held?.includes(permission) || (permission === 'ask_join' && held?.includes('allow_join'));
  const missing = held && permissions.find((permission) => !isHeld(permission));
  if (missing) throw permissionNotHeld(missing);
}

/** `/meet-api/guest-token`: what the meeting page asks with the invite of its address. */
export function guestTokenRoutes(deps: { access: Access; callers: Callers }): FastifyPluginAsyncTypebox {
  const { access, callers } = deps;
  return async (app) => {
    app.setErrorHandler(handleJoinError);
    app.post(
      '/meet-api/guest-token',
      {
        schema: {
          summary: 'Exchange an invite for a token',
          tags: ['Joining'],
          body: GuestTokenBody,
          response: { 200: GuestToken, '4xx': JoinErrorBody },
        },
      },
      async (request) => {
        const redeem = () => access.invites.redeem(request.body.invite);
        const { token, roomId, name } = await callers.attempt(request, redeem);
        return { token, roomId, ...(name !== undefined && { name }) };
      },
    );
  };
}
