// Who may do what: tokens in, callers and join grants out. REST and sockets both ask here and nowhere else.
import { decodeJwt, errors, jwtVerify } from 'jose';
import {
  apiKeyDisabled,
  invalidApiKey,
  invalidPermissions,
  invalidToken,
  roleNotAllowed,
  TokenExpired,
} from '../errors.ts';
import { normalize } from '../kit/normalize.ts';
import { findProblems } from '../kit/validate.ts';
import { TokenClaims } from '../protocol/rest/tokens.ts';
import { Invites } from './invites.ts';
import { KeyCache, type VerifyingKey } from './key-cache.ts';
import { type KeyStore, Keys } from './keys.ts';
import { mintToken, type TokenWish } from './mint.ts';
import { TokenCache } from './token-cache.ts';

/** Longer than any token with sensible claims; refused before anything is parsed. */
const MAX_TOKEN_LENGTH = 8_192;
/** How far ahead the clock of whoever mints tokens may be. */
const CLOCK_TOLERANCE_S = 5;

/** A token whose signature, times and shape are right. */
export interface VerifiedToken {
  apiKey: string;
  ownerId: string;
  claims: TokenClaims;
}

/** Who calls the REST API; `roomId` and `participantId` limit the call to that room and participant. */
export interface Caller {
  apiKey: string;
  ownerId: string;
  roomId?: string;
  participantId?: string;
}

/** What a token allows its bearer in a meeting. */
export interface JoinGrant extends Caller {
  /** `ask`: somebody inside has to let them in. */
  entry: 'allowed' | 'ask';
  moderator: boolean;
}

export class Access {
  /** The API keys; changing one through here takes effect in this process at once. */
  readonly keys: Keys;
  /** Invite links for guests. */
  readonly invites: Invites;
  readonly #cache: KeyCache;
  readonly #tokens = new TokenCache();

  constructor(store: KeyStore) {
    this.#cache = new KeyCache(store);
    this.invites = new Invites((apiKey) => this.#cache.find(apiKey));
    this.keys = new Keys(store, (apiKey) => this.#cache.forget(apiKey));
  }

  /** Checks signature, times and claims of a token, or throws an `AppError` with status 401. */
  async verifyToken(token: string, { evenIfExpired = false } = {}): Promise<VerifiedToken> {
    const known = this.#tokens.get(token);
    const key = await this.#cache.find(known?.claims.apikey ?? claimedKey(token));
    if (!key) throw invalidApiKey();
    const claims = known?.secret === key.secret ? known.claims : await this.#check(token, key);
    requireTime(claims, evenIfExpired);
    // After the signature: only who holds the secret may learn that a key has been disabled.
    if (key.disabledAt) throw apiKeyDisabled();
    return { apiKey: key.apiKey, ownerId: key.ownerId, claims };
  }

  /** Whether the token of an `Authorization` header has been found right before; what it may now is asked elsewhere. */
  hasSeen(header: string | undefined): boolean {
    const token = bareToken(header);
    return token.length <= MAX_TOKEN_LENGTH && this.#tokens.get(token) !== undefined;
  }

  /** Reads an `Authorization` header for a call of the REST API. */
  async authorizeRest(header: string | undefined): Promise<Caller> {
    const token = await this.verifyToken(tokenOf(header));
    if (token.claims.roles && !token.claims.roles.includes('crawler')) throw roleNotAllowed('crawler');
    return callerOf(token);
  }

  /** Reads an `Authorization` header where a token of either role will do, such as fetching a file. */
  async authorizeAny(header: string | undefined): Promise<Caller> {
    return callerOf(await this.verifyToken(tokenOf(header)));
  }

  /**
   * Reads a token for joining a room; a scheme word before it is accepted here too. Throws `TokenExpired` when nothing
   * else is wrong with it; `evenIfExpired` is for who is in the room already.
   */
  async authorizeJoin(token: string | undefined, options: { evenIfExpired?: boolean } = {}): Promise<JoinGrant> {
    const verified = await this.verifyToken(tokenOf(token), options);
    const { roles, permissions = [] } = verified.claims;
    if (roles && !roles.includes('rtc')) throw roleNotAllowed('rtc');
    return { ...callerOf(verified), entry: entryOf(permissions), moderator: permissions.includes('allow_mod') };
  }

  /** A token in the name of an owner, for what this server itself joins a room with. */
  async tokenOf(ownerId: string, wish: TokenWish): Promise<string> {
    const key = (await this.keys.list()).find((it) => it.ownerId === ownerId && !it.disabledAt);
    if (!key) throw apiKeyDisabled();
    return mintToken(key, wish);
  }

  async #check(token: string, key: VerifyingKey): Promise<TokenClaims> {
    const claims = readClaims(await verifiedPayload(token, key));
    this.#tokens.set(token, { claims, secret: key.secret });
    return claims;
  }
}

/** The token in a header value: bare as the reference wants it, or after `Bearer` as other tools send it. */
function tokenOf(header: string | undefined): string {
  const token = bareToken(header);
  if (!token) throw invalidToken('Token is missing: send it in the Authorization header.');
  if (token.length > MAX_TOKEN_LENGTH) throw invalidToken();
  return token;
}

export function bareToken(header: string | undefined): string {
  return header?.trim().replace(/^bearer\s+/i, '') ?? '';
}

/** The key a token says it is signed by; nothing else of the token is trusted before its signature is checked. */
function claimedKey(token: string): string {
  let apiKey: unknown;
  try {
    apiKey = decodeJwt(token).apikey;
  } catch (cause) {
    throw invalidToken('Token is invalid or expired', cause);
  }
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(apiKey)) {
    throw invalidToken('Token is invalid: it has no apikey claim.');
  }
  return apiKey;
}

async function verifiedPayload(token: string, key: VerifyingKey): Promise<unknown> {
  try {
    const options = { algorithms: ['HS256'], clockTolerance: CLOCK_TOLERANCE_S };
    return (await jwtVerify(token, key.verifyWith, options)).payload;
  } catch (cause) {
    // Its signature is right, and its times are looked at by themselves.
    if (cause instanceof errors.JWTExpired) return cause.payload;
    throw invalidToken('Token is invalid or expired', cause);
  }
}

/** The tolerance is for clocks that run ahead; what has expired by our own clock has expired. */
function requireTime({ exp = Number.POSITIVE_INFINITY, nbf = 0 }: TokenClaims, evenIfExpired: boolean): void {
  const nowS = Date.now() / 1000;
  if (nbf > nowS + CLOCK_TOLERANCE_S) throw invalidToken();
  if (exp <= nowS && !evenIfExpired) throw new TokenExpired();
}

function readClaims(payload: unknown): TokenClaims {
  const claims = normalize(TokenClaims, payload);
  const problems = findProblems(TokenClaims, claims, 'token');
  const words = problems.map((p) => `${p.field}: ${p.allowed}, but got ${p.got}.`);
  if (words.length > 0) throw invalidToken(`Token is invalid: ${words.join(' ')}`);
  return claims as TokenClaims;
}

function callerOf({ apiKey, ownerId, claims }: VerifiedToken): Caller {
  return {
    apiKey,
    ownerId,
    ...(claims.roomId !== undefined && { roomId: claims.roomId }),
    ...(claims.participantId !== undefined && { participantId: claims.participantId }),
  };
}

function entryOf(permissions: readonly string[]): JoinGrant['entry'] {
  const asks = permissions.includes('ask_join');
  if (asks && (permissions.includes('allow_join') || permissions.includes('allow_mod'))) {
    throw invalidPermissions('The token combines ask_join with allow_join or allow_mod; they exclude each other.');
  }
  if (asks) return 'ask';
  if (permissions.includes('allow_join')) return 'allowed';
  throw invalidPermissions('The token does not allow joining: its permissions hold neither allow_join nor ask_join.');
}
