// Reads options and operands of a command, and refuses what it does not know.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

type Options = Record<string, string | boolean | undefined>;

/** Every option takes a value, except those in `switches`; of operands some may be left out. */
export function readArguments(
  args: readonly string[],
  known: { options?: readonly string[]; switches?: readonly string[]; operands?: number; optional?: number },
): { options: Options; operands: string[] } {
  const config: ParseArgsOptionsConfig = {};
  for (const name of known.options ?? []) config[name] = { type: 'string' };
  for (const name of known.switches ?? []) config[name] = { type: 'boolean' };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error));
  }
  const operands = parsed.positionals;
  const { operands: wanted = 0, optional = 0 } = known;
  if (operands.length < wanted) throw new UsageError('An argument is missing');
  if (operands.length > wanted + optional) throw new UsageError(`Unexpected argument '${operands[wanted + optional]}'`);
  return { options: parsed.values as Options, operands };
}

/** The text of an option that takes a value. */
export function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The words of an option that takes several, separated by commas. */
export function wordsOf(options: Options, name: string): string[] | undefined {
  return textOf(options, name)
    ?.split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** The time of an option such as `30m`, in seconds. */
export function secondsOf(options: Options, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (!amount || !unit) throw new UsageError(`--${name} is '${text}', but must be like 30m, 24h or 7d`);
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}
