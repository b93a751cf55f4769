// Invite links: what a backend that holds an API key promises to guests who have none. An invite is signed with a key
// derived from the API key's secret, so that it can be exchanged for a token but is none itself, and so that rotating
// or disabling the API key voids it.
import { createHmac } from 'node:crypto';
import { decodeJwt, jwtVerify, SignJWT } from 'jose';
import { invalidInvite } from '../errors.ts';
import { newParticipantId } from '../protocol/ids.ts';
import type { Permission } from '../protocol/rest/tokens.ts';
import { type ApiKey, validSecrets } from './keys.ts';
import { mintToken } from './mint.ts';

/** A guest stays in a meeting for no longer; within it, a lost connection comes back with the same token. */
const GUEST_TOKEN_SECONDS = 12 * 3600;
const MAX_INVITE_LENGTH = 4_096;
/** Keeps an invite from being taken for any other token that is ever signed with the derived key. */
const AUDIENCE = 'roomful:invite';

export interface Invite {
  roomId: string;
  /** Proposed to the guest, who may change it. */
  name?: string | undefined;
  permissions: readonly Permission[];
}

export interface Guest extends Invite {
  token: string;
}

type SigningKey = Pick<ApiKey, 'apiKey' | 'secret' | 'previousSecret' | 'previousSecretUntil' | 'disabledAt'>;
type FindKey = (apiKey: string) => Promise<SigningKey | undefined>;

export class Invites {
  readonly #find: FindKey;

  constructor(find: FindKey) {
    this.#find = find;
  }

  /** Signs an invite in the name of an API key. */
  async create(apiKey: string, invite: Invite, expiresAt: Date): Promise<string> {
    const key = await this.#find(apiKey);
    if (!key || key.disabledAt) throw invalidInvite();
    const { roomId, name, permissions } = invite;
    return new SignJWT({ apikey: apiKey, roomId, permissions, ...(name !== undefined && { name }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(signingKey(key.secret));
  }

  /** Exchanges an invite for the token of a new guest, or throws that it is not good. */
  async redeem(invite: string): Promise<Guest> {
    const key = await this.#find(claimedKey(invite));
    if (!key || key.disabledAt) throw invalidInvite();
    const { roomId, name, permissions, exp } = await verified(invite, key);
    // A guest's token ends with the invite, as the invite does with the token of its maker.
    const expiresInSeconds = Math.min(GUEST_TOKEN_SECONDS, exp - Math.floor(Date.now() / 1000));
    const participantId = newParticipantId();
    const token = await mintToken(key, { expiresInSeconds, roomId, permissions, roles: ['rtc'], participantId });
    return { token, roomId, name, permissions };
  }
}

/** Tries the secrets of the key that are good now. */
async function verified(invite: string, key: SigningKey): Promise<Invite & { exp: number }> {
  let cause: unknown;
  for (const secret of validSecrets(key)) {
    try {
      const options = { algorithms: ['HS256'], audience: AUDIENCE, requiredClaims: ['exp'] };
      return (await jwtVerify<Invite & { exp: number }>(invite, signingKey(secret), options)).payload;
    } catch (error) {
      cause = error;
    }
  }
  throw invalidInvite(cause);
}

function signingKey(secret: string): Uint8Array {
  return createHmac('sha256', secret).update(AUDIENCE).digest();
}

function claimedKey(invite: string): string {
  try {
    if (invite.length > MAX_INVITE_LENGTH) throw new Error('too long');
    const { apikey } = decodeJwt(invite);
    if (typeof apikey === 'string') return apikey;
  } catch {
    // Said below.
  }
  throw invalidInvite();
}
