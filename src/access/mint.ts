import { SignJWT } from 'jose';

export interface TokenOptions {
  expiresInSeconds: number;
  permissions?: readonly string[] | undefined;
  /** Without them the claim is left out, as many callers of VideoSDK do. */
  roles?: readonly string[] | undefined;
  roomId?: string | undefined;
  participantId?: string | undefined;
}

/** Mints a token as the official SDKs do: HS256 with the key's secret, claims as the reference names them. */
export function mintToken(key: { apiKey: string; secret: string }, options: TokenOptions): Promise<string> {
  const { permissions = ['allow_join', 'allow_mod'], roles, roomId, participantId } = options;
  const claims = {
    apikey: key.apiKey,
    permissions,
    version: 2,
    ...(roles && { roles }),
    ...(roomId !== undefined && { roomId }),
    ...(participantId !== undefined && { participantId }),
  };
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + options.expiresInSeconds)
    .sign(new TextEncoder().encode(key.secret));
}
