// The claims of a token: a JWT signed with HS256 and the secret of an API key. Source: the reference's page on tokens.

/** `allow_join` joins, `ask_join` has to be let in, `allow_mod` moderates. */
export const PERMISSIONS = ['allow_join', 'ask_join', 'allow_mod'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** `crawler` calls the REST API, `rtc` joins rooms. */
export const ROLES = ['crawler', 'rtc'] as const;
export type Role = (typeof ROLES)[number];

/** What counts of a token. Claims that are `null` or empty and words that are not known have been left out. */
export interface TokenClaims {
  /** The API key whose secret signs the token. */
  apikey: string;
  permissions: readonly Permission[];
  roles: readonly Role[];
  /** Good for this room only, named by either id. */
  roomId?: string;
  /** Good for this participant only. */
  participantId?: string;
  /** Good until, in seconds since 1970; absent: for ever. */
  exp?: number;
  /** Good from, and made at, in seconds since 1970. */
  nbf?: number;
  iat?: number;
}
