// Who may do what: tokens in, callers and join grants out. REST and sockets both ask here and nowhere else.
import { compactVerify } from 'jose';
import {
  apiKeyDisabled,
  conflict,
  invalidApiKey,
  invalidPermissions,
  invalidToken,
  roleNotAllowed,
  TokenExpired,
  tokenFromTheFuture,
  wrongSecret,
} from '../errors.ts';
import { inBackground } from '../kit/in-background.ts';
import type { Logger } from '../log.ts';
import type { Permission, Role, TokenClaims } from '../protocol/rest/tokens.ts';
import { claimedKey, readClaims } from './claims.ts';
import { Invites } from './invites.ts';
import { KeyCache, type VerifyingKey } from './key-cache.ts';
import { type KeyStore, Keys } from './keys.ts';
import { mintToken, type TokenOptions } from './mint.ts';
import { DOCUMENTED, type RestCall } from './rest-calls.ts';
import { isWithoutRoles, type Rights, requireCall, rightsOf } from './rights.ts';
import { TokenCache } from './token-cache.ts';

/** Longer than any token with sensible claims; refused before anything is parsed. */
const MAX_TOKEN_LENGTH = 8_192;
/** How far ahead the clock of whoever mints tokens may be, by what a token says it is good from and was made at. */
const CLOCK_TOLERANCE_S = { nbf: 5, iat: 30 };
/** That a key is used with tokens without roles is written down once in this time. */
const NOTE_EVERY_MS = 60_000;
const MAX_NOTED_KEYS = 10_000;

/** A token whose signature, times and shape are right. */
export interface VerifiedToken {
  apiKey: string;
  ownerId: string;
  claims: TokenClaims;
  /** Whether its API key takes no tokens without roles. */
  rolesRequired: boolean;
}

/** Who calls the REST API, and what the call is limited to. */
export interface Caller {
  apiKey: string;
  ownerId: string;
  /** The one room, by either id. */
  roomId?: string;
  /** Calls that name a participant: only for this one. */
  participantId?: string;
  /** Ids of the rooms, where the token is for a participant and those are the rooms that they are in. */
  presentIn?: readonly string[];
  /** What invites of this caller may hold at most, and until when; absent where there is no such limit. */
  permissions?: readonly Permission[];
  expiresAt?: Date;
}

/** What a token allows its bearer in a meeting. */
export interface JoinGrant extends Caller {
  /** `ask`: somebody inside has to let them in. */
  entry: 'allowed' | 'ask';
  moderator: boolean;
}

export interface AccessOptions {
  /** Ids of the rooms in whose live session a participant of an owner is. */
  roomsOf?: (ownerId: string, participantId: string) => Promise<string[]>;
  /** Whether no API key takes tokens without roles. */
  rolesRequired?: boolean;
  log?: Logger;
}

export class Access {
  /** The API keys; changing one through here takes effect in this process at once. */
  readonly keys: Keys;
  /** Invite links for guests. */
  readonly invites: Invites;
  readonly #store: KeyStore;
  readonly #options: AccessOptions;
  readonly #cache: KeyCache;
  readonly #tokens = new TokenCache();
  /** When it was noted last, by API key. */
  readonly #noted = new Map<string, number>();

  constructor(store: KeyStore, options: AccessOptions = {}) {
    this.#store = store;
    this.#options = options;
    this.#cache = new KeyCache(store);
    this.invites = new Invites((apiKey) => this.#cache.find(apiKey));
    this.keys = new Keys(store, (apiKey) => this.#cache.forget(apiKey));
  }

  /**
   * Checks signature, times and claims of a token, or throws an `AppError` with status 401: `TokenExpired` when nothing
   * but `exp` is wrong, which is no fault with `evenIfExpired`.
   */
  async verifyToken(token: string, { evenIfExpired = false } = {}): Promise<VerifiedToken> {
    const known = this.#tokens.get(token);
    const apiKey = known?.claims.apikey ?? claimedKey(token);
    const key = await this.#cache.find(apiKey);
    if (!key) throw invalidApiKey(apiKey);
    const isKnown = known && key.verifyWith.some(({ secret }) => secret === known.secret);
    const claims = isKnown ? known.claims : await this.#check(token, key);
    // After the signature: only who holds the secret may learn that a key has been disabled.
    if (key.disabledAt) throw apiKeyDisabled(apiKey);
    requireTime(claims, evenIfExpired);
    const rolesRequired = key.rolesRequired || this.#options.rolesRequired === true;
    return { apiKey: key.apiKey, ownerId: key.ownerId, claims, rolesRequired };
  }

  /** Whether the token of an `Authorization` header has been found right before; what it may now is asked elsewhere. */
  hasSeen(header: string | undefined): boolean {
    const token = bareToken(header);
    return token.length <= MAX_TOKEN_LENGTH && this.#tokens.get(token) !== undefined;
  }

  /** Reads an `Authorization` header for a call of the REST API. */
  async authorizeRest(header: string | undefined, call: RestCall = DOCUMENTED): Promise<Caller> {
    const token = await this.verifyToken(tokenOf(header));
    const rights = rightsOf(token.claims, token);
    requireCall(rights, call, token.claims);
    if (isWithoutRoles(rights, token.claims)) this.#noteUseWithoutRoles(token.apiKey);
    const presentIn = await this.#roomsOf(token.ownerId, rights);
    return { ...callerOf(token, rights), ...(presentIn && { presentIn }) };
  }

  /** Reads an `Authorization` header where a token of either role will do, such as fetching a file. */
  async authorizeAny(header: string | undefined): Promise<Caller> {
    const token = await this.verifyToken(tokenOf(header));
    return callerOf(token, token.claims);
  }

  /**
   * Reads a token for joining a room; a scheme word before it is accepted here too. `evenIfExpired` is for who is in the
   * room already.
   */
  async authorizeJoin(token: string | undefined, options: { evenIfExpired?: boolean } = {}): Promise<JoinGrant> {
    const verified = await this.verifyToken(tokenOf(token), options);
    const { roles, permissions } = verified.claims;
    if (roles.includes('crawler') && !roles.includes('rtc')) throw roleNotAllowed('rtc', roles);
    const moderator = permissions.includes('allow_mod');
    return { ...callerOf(verified, verified.claims), entry: entryOf(permissions), moderator };
  }

  /** A token in the name of an owner, for what this server itself joins a room with. */
  async tokenOf(ownerId: string, options: TokenOptions & { roles: readonly Role[] }): Promise<string> {
    const key = (await this.keys.list()).find((it) => it.ownerId === ownerId && !it.disabledAt);
    if (!key) throw conflict('NO_API_KEY', 'The owner has no API key that works.');
    return mintToken(key, options);
  }

  async #check(token: string, key: VerifyingKey): Promise<TokenClaims> {
    const { secret, payload } = await verified(token, key);
    const claims = readClaims(payload);
    this.#tokens.set(token, { claims, secret });
    const { permissions } = claims;
    if (permissions.includes('ask_join') && permissions.includes('allow_join')) {
      const { apikey: apiKey, participantId } = claims;
      this.#options.log?.warn({ apiKey, participantId }, 'token with ask_join and allow_join: it joins without asking');
    }
    return claims;
  }

  async #roomsOf(ownerId: string, { presentAs }: Rights): Promise<string[] | undefined> {
    if (presentAs === undefined) return undefined;
    return (await this.#options.roomsOf?.(ownerId, presentAs)) ?? [];
  }

  #noteUseWithoutRoles(apiKey: string): void {
    const { log } = this.#options;
    const now = Date.now();
    if (!log || (this.#noted.get(apiKey) ?? 0) > now - NOTE_EVERY_MS) return;
    if (this.#noted.size >= MAX_NOTED_KEYS) this.#noted.clear();
    this.#noted.set(apiKey, now);
    inBackground(log, 'note of a token without roles', () => this.#store.usedWithoutRoles(apiKey, new Date(now)));
  }
}

/** The token in a header value: bare as the reference wants it, or after `Bearer` as other tools send it. */
function tokenOf(header: string | undefined): string {
  const token = bareToken(header);
  if (!token) throw invalidToken('it is missing; send it in the Authorization header.');
  if (token.length > MAX_TOKEN_LENGTH) {
    throw invalidToken(`it has ${token.length} characters, but may have ${MAX_TOKEN_LENGTH}.`);
  }
  return token;
}

/** The token without a scheme word before it; empty where there is none. */
export function bareToken(header: string | undefined): string {
  return header?.trim().replace(/^bearer(\s+|$)/i, '') ?? '';
}

/** Tries the secrets of the key that are good now. */
async function verified(token: string, key: VerifyingKey): Promise<{ secret: string; payload: Uint8Array }> {
  for (const { secret, key: verifier } of key.verifyWith) {
    const found = await compactVerify(token, verifier, { algorithms: ['HS256'] }).catch(() => undefined);
    if (found) return { secret, payload: found.payload };
  }
  throw wrongSecret(key.apiKey);
}

/** The tolerance is for clocks that run ahead; what has expired by our own clock has expired. */
function requireTime(claims: TokenClaims, evenIfExpired: boolean): void {
  const nowS = Date.now() / 1000;
  for (const name of ['nbf', 'iat'] as const) {
    const time = claims[name];
    if (time !== undefined && time > nowS + CLOCK_TOLERANCE_S[name]) throw tokenFromTheFuture(name, time);
  }
  if (claims.exp !== undefined && claims.exp <= nowS && !evenIfExpired) throw new TokenExpired(claims.exp);
}

function callerOf(
  { apiKey, ownerId, claims }: VerifiedToken,
  limits: Pick<Rights, 'roomId' | 'participantId'>,
): Caller {
  const { roomId, participantId } = limits;
  const { permissions, roles, exp } = claims;
  const isUnlimited = permissions.length === 0 && roles.includes('crawler');
  return {
    apiKey,
    ownerId,
    ...(roomId !== undefined && { roomId }),
    ...(participantId !== undefined && { participantId }),
    ...(!isUnlimited && { permissions }),
    ...(exp !== undefined && { expiresAt: new Date(exp * 1000) }),
  };
}

/** Who may join needs not ask; who may only moderate cannot get in. */
function entryOf(permissions: readonly Permission[]): JoinGrant['entry'] {
  if (permissions.includes('allow_join')) return 'allowed';
  if (permissions.includes('ask_join') && !permissions.includes('allow_mod')) return 'ask';
  const has = JSON.stringify(permissions);
  throw invalidPermissions(
    `Joining takes a token whose permissions claim names "allow_join", or "ask_join" without "allow_mod"; this one's are ${has}.`,
  );
}
