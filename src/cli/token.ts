import { SignJWT } from 'jose';
import { PERMISSIONS, ROLES } from '../protocol/rest/tokens.ts';
import { readArguments, secondsOf, textOf, wordsOf } from './arguments.ts';
import { findKey, type Installation } from './installation.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_LIFETIME_S = 24 * 3600;

/** `roomful token`: prints a token, and nothing else, so that it can be put into a variable. */
export async function tokenCommand(args: readonly string[], installation: Installation): Promise<string> {
  const { options } = readArguments(args, {
    options: ['room', 'participant', 'permissions', 'roles', 'expires', 'key'],
  });
  const claims = {
    permissions: knownWords('permissions', wordsOf(options, 'permissions'), PERMISSIONS) ?? ['allow_join', 'allow_mod'],
    version: 2,
    roles: knownWords('roles', wordsOf(options, 'roles'), ROLES),
    roomId: textOf(options, 'room'),
    participantId: textOf(options, 'participant'),
  };
  const expiresInS = secondsOf(options, 'expires') ?? DEFAULT_LIFETIME_S;
  const key = await findKey(installation, textOf(options, 'key'));
  return mintToken(key, claims, expiresInS);
}

/** Signs claims with a key; those that are undefined are left out. */
export function mintToken(
  key: { apiKey: string; secret: string },
  claims: Record<string, unknown>,
  expiresInS: number,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ apikey: key.apiKey, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + expiresInS)
    .sign(new TextEncoder().encode(key.secret));
}

function knownWords(option: string, words: string[] | undefined, known: readonly string[]): string[] | undefined {
  const unknown = words?.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UsageError(`--${option} has '${unknown}', but knows ${known.join(', ')}`);
  return words;
}
