import { type ApiKey, type Keys, validSecrets } from '../access/keys.ts';
import { StartError } from '../kit/start-error.ts';
import { ROTATION_SECONDS } from '../protocol/rest/dashboard.ts';
import { readArguments, secondsOf, textOf } from './arguments.ts';
import { type Installation, withKeys } from './installation.ts';
import { table } from './table.ts';
import { UsageError } from './usage-error.ts';

type Command = (args: readonly string[], installation: Installation) => Promise<string>;

const COMMANDS: Record<string, Command> = { list, create, disable, rotate, 'end-old': endOld, roles };

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
  // `--new-owner` is what happens anyway; scripts may say it.
  const { options } = readArguments(args, { options: ['name', 'owner', 'roles'], switches: ['new-owner'] });
  const [name, owner, rolesRequired] = [textOf(options, 'name'), textOf(options, 'owner'), rolesOf(options.roles)];
  if (owner !== undefined && options['new-owner']) throw new UsageError('--owner and --new-owner exclude each other');
  const key = await withKeys(installation, async (keys) => {
    const ownerId = owner === undefined ? undefined : await knownOwner(keys, owner);
    return keys.create({ name, ownerId, rolesRequired });
  });
  return withSecret(key);
}

async function disable(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { operands: 1 });
  const key = await withKeys(installation, (keys) => keys.disable(operands[0] ?? ''));
  return `API key ${key.apiKey} is disabled; its tokens are refused from now on.`;
}

async function rotate(args: readonly string[], installation: Installation): Promise<string> {
  const { operands, options } = readArguments(args, { operands: 1, options: ['keep'], switches: ['now'] });
  const given = secondsOf(options, 'keep');
  if (given !== undefined && options.now) throw new UsageError('--keep and --now exclude each other');
  const keepSeconds = options.now ? 0 : (given ?? ROTATION_SECONDS);
  return withSecret(await withKeys(installation, (keys) => keys.rotate(operands[0] ?? '', keepSeconds)));
}

async function endOld(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { operands: 1 });
  const key = await withKeys(installation, (keys) => keys.endPreviousSecret(operands[0] ?? ''));
  return `Only the new secret of API key ${key.apiKey} is good from now on.`;
}

async function roles(args: readonly string[], installation: Installation): Promise<string> {
  const { operands } = readArguments(args, { operands: 2 });
  const [apiKey = '', word] = operands;
  const required = rolesOf(word) ?? false;
  await withKeys(installation, (keys) => keys.requireRoles(apiKey, required));
  return required
    ? `API key ${apiKey} takes tokens with the role crawler for the REST API from now on.`
    : `API key ${apiKey} takes tokens without roles for the documented REST API from now on.`;
}

function rolesOf(word: string | boolean | undefined): boolean | undefined {
  if (word === undefined) return undefined;
  if (word === 'required' || word === 'optional') return word === 'required';
  throw new UsageError(`Roles are 'required' or 'optional', not '${word}'`);
}

/** By the owner's id, or by one of their keys. */
async function knownOwner(keys: Keys, name: string): Promise<string> {
  const found = (await keys.list()).find(({ ownerId, apiKey }) => ownerId === name || apiKey === name);
  if (found) return found.ownerId;
  throw new StartError(`There is no owner ${name}. 'roomful keys list' shows the owner of each key.`);
}

function facts(key: ApiKey, withSecrets: boolean): Record<string, string> {
  const isRotating = validSecrets(key).length > 1;
  return {
    apiKey: key.apiKey,
    name: key.name,
    owner: key.ownerId,
    state: key.disabledAt ? 'disabled' : 'active',
    roles: key.rolesRequired ? 'required' : 'optional',
    usedWithoutRoles: key.usedWithoutRolesAt?.toISOString() ?? '-',
    oldSecretUntil: (isRotating && key.previousSecretUntil?.toISOString()) || '-',
    created: key.createdAt.toISOString(),
    ...(withSecrets && { secret: key.secret, webhookSecret: key.webhookSecret }),
  };
}

function withSecret(key: ApiKey): string {
  const { apiKey, secret, webhookSecret, ownerId, previousSecretUntil } = key;
  const isRotating = validSecrets(key).length > 1;
  return [
    `API key:        ${apiKey}`,
    `Secret:         ${secret}`,
    `Webhook secret: ${webhookSecret}`,
    `Owner:          ${ownerId}`,
    ...(isRotating ? [`Old secret:     good until ${previousSecretUntil?.toISOString()}`] : []),
  ].join('\n');
}
