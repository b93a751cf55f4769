import { SignJWT } from 'jose';
import { PERMISSIONS, ROLES } from '../protocol/rest/tokens.ts';
import { readArguments, textOf, wordsOf } from './arguments.ts';
import { findKey, type Installation } from './installation.ts';
import { UsageError } from './usage-error.ts';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };

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
  const expiresInS = seconds(textOf(options, 'expires') ?? '24h');
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

function seconds(text: string): number {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (!amount || !unit) throw new UsageError(`--expires is '${text}', but must be like 30m, 24h or 7d`);
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}

function knownWords(option: string, words: string[] | undefined, known: readonly string[]): string[] | undefined {
  const unknown = words?.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UsageError(`--${option} has '${unknown}', but knows ${known.join(', ')}`);
  return words;
}
