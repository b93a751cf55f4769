import type { ApiKey, Keys } from '../access/keys.ts';
import { readArguments, textOf } from './arguments.ts';
import { type Installation, withKeys } from './installation.ts';
import { table } from './table.ts';
import { UsageError } from './usage-error.ts';

type Command = (args: readonly string[], installation: Installation) => Promise<string>;

const COMMANDS: Record<string, Command> = { list, create, disable, rotate };

/** `roomful keys …` */
export function keysCommand([name = '', ...args]: readonly string[], installation: Installation): Promise<string> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(name ? `There is no 'keys ${name}'` : "'keys' needs a command");
  return command(args, installation);
}

async function list(args: readonly string[], installation: Installation): Promise<string> {
  const { options } = readArguments(args, { switches: ['json', 'secrets'] });
  const keys = await withKeys(installation, (all) => all.list());
  const shown = keys.map((key) => facts(key, options.secrets === true));
  if (options.json) return JSON.stringify(shown, null, 2);
  return table(shown) || "There is no API key yet; 'roomful keys create' makes one.";
}

async function create(args: readonly string[], installation: Installation): Promise<string> {
  const { options } = readArguments(args, { options: ['name'], switches: ['new-owner'] });
  const name = textOf(options, 'name');
  const key = await withKeys(installation, async (keys) =>
    keys.create({ name, ownerId: options['new-owner'] ? undefined : await firstOwner(keys) }),
  );
  return withSecret(key);
}

async function disable(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { operands: 1 });
  const key = await withKeys(installation, (keys) => keys.disable(operands[0] ?? ''));
  return `API key ${key.apiKey} is disabled; its tokens are refused from now on.`;
}

async function rotate(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { operands: 1 });
  return withSecret(await withKeys(installation, (keys) => keys.rotate(operands[0] ?? '')));
}

/** Keys of one installation normally belong to one owner, who sees the same rooms with each of them. */
async function firstOwner(keys: Keys): Promise<string | undefined> {
  const [first] = await keys.list();
  return first?.ownerId;
}

function facts(key: ApiKey, withSecrets: boolean): Record<string, string> {
  return {
    apiKey: key.apiKey,
    name: key.name,
    owner: key.ownerId,
    state: key.disabledAt ? 'disabled' : 'active',
    created: key.createdAt.toISOString(),
    ...(withSecrets && { secret: key.secret, webhookSecret: key.webhookSecret }),
  };
}

function withSecret(key: ApiKey): string {
  return `API key:        ${key.apiKey}\nSecret:         ${key.secret}\nWebhook secret: ${key.webhookSecret}`;
}
