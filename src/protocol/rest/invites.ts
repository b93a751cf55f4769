// Invite links to the meeting page: our addition to the reference's API.
import { type Static, Type } from 'typebox';
import { Name, Open, oneOf, Text, Timestamp } from './common.ts';
import { PERMISSIONS, type Permission } from './tokens.ts';

const DAY_S = 24 * 3600;
/** What an invite allows, and for how long, when the call does not say. */
export const INVITE_PERMISSIONS: Permission[] = ['allow_join'];
export const INVITE_SECONDS = 7 * DAY_S;

export const InviteBody = Open({
  name: Type.Optional(Name(100, 'Name proposed to the guest, who may change it.')),
  permissions: Type.Optional(
    Type.Array(oneOf(PERMISSIONS), {
      minItems: 1,
      maxItems: 3,
      default: INVITE_PERMISSIONS,
      description: 'What the guest may do; `ask_join` has to be let in and goes with nothing else.',
    }),
  ),
  expiresIn: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 365 * DAY_S,
      default: INVITE_SECONDS,
      description: 'Seconds for which the link works. Whoever is in the meeting by then stays.',
    }),
  ),
});
export type InviteBody = Static<typeof InviteBody>;

export const Invite = Type.Object(
  {
    url: Type.String({ description: 'Link for the guest’s browser.' }),
    invite: Type.String({ description: 'The signed part of it.' }),
    roomId: Type.String({ description: 'The room it leads to.' }),
    expiresAt: Timestamp('When the link stops working.'),
  },
  {
    examples: [
      {
        url: 'https://rooms.example.com/meet/abcd-efgh-ijkl#invite=eyJhbGciOiJIUzI1NiJ9.e30.c2ln',
        invite: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln',
        roomId: 'abcd-efgh-ijkl',
        expiresAt: '2026-03-25T04:49:11.024Z',
      },
    ],
  },
);

export const GuestTokenBody = Open({ invite: Text(4096, 'The signed part of an invite link.') });

export const GuestToken = Type.Object({
  token: Type.String({ description: 'Good for joining the room of the invite.' }),
  roomId: Type.String(),
  name: Type.Optional(Type.String({ description: 'Name proposed to the guest.' })),
});
