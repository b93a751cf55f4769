// The claims of a token: a JWT signed with HS256 and the secret of an API key. Source: the reference's page on tokens.
import { type Static, Type } from 'typebox';

export const PERMISSIONS = ['allow_join', 'ask_join', 'allow_mod'] as const;
export type Permission = (typeof PERMISSIONS)[number];
export const ROLES = ['crawler', 'rtc'] as const;

const Id = (description: string) =>
  Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]+$', description });
const Words = (description: string) => Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32, description });

export const TokenClaims = Type.Object({
  apikey: Type.String({
    pattern: '^[\\u0021-\\u007e]{1,128}$',
    description: 'The API key whose secret signs the token.',
  }),
  permissions: Type.Optional(
    Words('`allow_join` joins, `ask_join` has to be let in, `allow_mod` moderates. Needed for joining.'),
  ),
  roles: Type.Optional(Words('`crawler` may call the REST API, `rtc` may join. Absent: both.')),
  roomId: Type.Optional(Id('Good for this room only.')),
  participantId: Type.Optional(Id('Good for this participant only.')),
  exp: Type.Optional(Type.Number({ description: 'Good until, in seconds since 1970. Absent: for ever.' })),
  nbf: Type.Optional(Type.Number({ description: 'Good from, in seconds since 1970.' })),
});
export type TokenClaims = Static<typeof TokenClaims>;
