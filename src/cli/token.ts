import { mintToken } from '../access/mint.ts';
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
  const token = {
    expiresInSeconds: secondsOf(options, 'expires') ?? DEFAULT_LIFETIME_S,
    permissions: knownWords('permissions', wordsOf(options, 'permissions'), PERMISSIONS),
    roles: knownWords('roles', wordsOf(options, 'roles'), ROLES) ?? ROLES,
    roomId: textOf(options, 'room'),
    participantId: textOf(options, 'participant'),
  };
  return mintToken(await findKey(installation, textOf(options, 'key')), token);
}

function knownWords(option: string, words: string[] | undefined, known: readonly string[]): string[] | undefined {
  const unknown = words?.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UsageError(`--${option} has '${unknown}', but knows ${known.join(', ')}`);
  return words;
}
