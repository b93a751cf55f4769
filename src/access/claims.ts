// Reads the claims of a token as they count: what is `null` or empty is absent, a number is its text, and words that
// this server does not know are not there. Tokens in the wild have all of these.
import { decodeProtectedHeader } from 'jose';
import { invalidToken } from '../errors.ts';
import { clip } from '../kit/text.ts';
import { PERMISSIONS, ROLES, type TokenClaims } from '../protocol/rest/tokens.ts';

type Payload = Record<string, unknown>;

const ALGORITHM = 'HS256';
const API_KEY = /^[\x21-\x7e]{1,128}$/;
const MAX_ID_LENGTH = 256;
const CONTROL_CHARACTERS = /\p{Cc}/u;
/** Longest piece of a claim that is repeated in a sentence. */
const MAX_ECHO = 60;

/** The key that a token says it is signed by; nothing else of it is trusted before its signature is checked. */
export function claimedKey(token: string): string {
  const parts = token.split('.');
  if (parts.length !== 3) {
    throw invalidToken(`it has ${parts.length} of the three parts of a JSON Web Token, "header.payload.signature".`);
  }
  requireAlgorithm(token);
  return apiKeyOf(parsed(Buffer.from(parts[1] ?? '', 'base64url')));
}

/** Reads the payload of a token whose signature is right. */
export function readClaims(payload: Uint8Array): TokenClaims {
  const claims = parsed(payload);
  const optional = {
    roomId: textOf(claims, 'roomId'),
    participantId: textOf(claims, 'participantId'),
    exp: timeOf(claims, 'exp'),
    nbf: timeOf(claims, 'nbf'),
    iat: timeOf(claims, 'iat'),
  };
  return {
    apikey: apiKeyOf(claims),
    permissions: knownWords(claims, 'permissions', PERMISSIONS),
    roles: knownWords(claims, 'roles', ROLES),
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as typeof optional),
  } as TokenClaims;
}

function requireAlgorithm(token: string): void {
  let alg: unknown;
  try {
    ({ alg } = decodeProtectedHeader(token));
  } catch (cause) {
    throw invalidToken('its header is no JSON in base64url.', cause);
  }
  if (alg !== ALGORITHM)
    throw invalidToken(`its header names the algorithm ${echo(alg)}, but must name "${ALGORITHM}".`);
}

function parsed(bytes: Uint8Array): Payload {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidToken('its payload is no JSON in base64url.', cause);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalidToken('its payload is no JSON object.');
  }
  return value as Payload;
}

function apiKeyOf(claims: Payload): string {
  const apiKey = textOf(claims, 'apikey');
  if (apiKey === undefined) throw invalidToken('the claim apikey is missing; it names the API key that signs.');
  if (!API_KEY.test(apiKey)) throw wrong('apikey', apiKey, 'an API key of this server');
  return apiKey;
}

function textOf(claims: Payload, name: string): string | undefined {
  const value = claims[name];
  if (isAbsent(value)) return undefined;
  // Digits beyond these are rounded, and two ids would be one.
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string') throw wrong(name, value, 'text');
  if (text.length > MAX_ID_LENGTH || CONTROL_CHARACTERS.test(text)) {
    throw wrong(name, value, `text of at most ${MAX_ID_LENGTH} characters without control characters`);
  }
  return text;
}

function timeOf(claims: Payload, name: string): number | undefined {
  const value = claims[name];
  if (isAbsent(value)) return undefined;
  if (!Number.isFinite(value)) throw wrong(name, value, 'a number, of seconds since 1970');
  return value as number;
}

function knownWords<W extends string>(claims: Payload, name: string, known: readonly W[]): W[] {
  const value = claims[name];
  if (isAbsent(value)) return [];
  const words = Array.isArray(value) ? value : [value];
  if (words.some((word) => word !== null && typeof word !== 'string' && typeof word !== 'number')) {
    throw wrong(name, value, 'a list of words');
  }
  return known.filter((word) => words.includes(word));
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function wrong(name: string, value: unknown, right: string): Error {
  return invalidToken(`the claim ${name} is ${echo(value)}, but must be ${right}.`);
}

function echo(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_ECHO ? `${clip(text, MAX_ECHO)}…` : text;
}
