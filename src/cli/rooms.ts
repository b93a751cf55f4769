// Rooms are changed through the running server: only it can end the session of a room that is deactivated.
import { mintToken } from '../access/mint.ts';
import type { Config } from '../config.ts';
import { localAddress, urlOf } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';
import { readArguments, textOf, wordsOf } from './arguments.ts';
import { findKey, type Installation } from './installation.ts';
import { UsageError } from './usage-error.ts';

const SERVER_OPTIONS = ['url', 'key'];
/** As long as one command needs. */
const TOKEN_LIFETIME_S = 60;

interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
}

type Command = (args: readonly string[]) => { call: Call; options: Record<string, string | boolean | undefined> };

const COMMANDS: Record<string, Command> = { list, create, get, deactivate };

/** `roomful rooms …`: prints what the REST API answers. */
export async function roomsCommand(
  [name = '', ...args]: readonly string[],
  installation: Installation,
): Promise<string> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(name ? `There is no 'rooms ${name}'` : "'rooms' needs a command");
  const { call, options } = command(args);
  const base = textOf(options, 'url') ?? addressOf(installation.config);
  const key = await findKey(installation, textOf(options, 'key'));
  const token = await mintToken(key, { roles: ['crawler'], permissions: [], expiresInSeconds: TOKEN_LIFETIME_S });
  return JSON.stringify(await send(base, call, token), null, 2);
}

function list(args: readonly string[]): ReturnType<Command> {
  const { options } = readArguments(args, { options: [...SERVER_OPTIONS, 'query', 'page', 'per-page'] });
  const query = new URLSearchParams();
  for (const [option, parameter] of [
    ['query', 'query'],
    ['page', 'page'],
    ['per-page', 'perPage'],
  ] as const) {
    const value = textOf(options, option);
    if (value !== undefined) query.set(parameter, value);
  }
  return { call: { method: 'GET', path: `/v2/rooms?${query}` }, options };
}

function create(args: readonly string[]): ReturnType<Command> {
  const { options } = readArguments(args, { options: [...SERVER_OPTIONS, 'custom-id', 'webhook', 'events', 'body'] });
  const endPoint = textOf(options, 'webhook');
  const events = wordsOf(options, 'events');
  if (events && endPoint === undefined) throw new UsageError('--events needs --webhook');
  const body = {
    ...jsonOption(textOf(options, 'body')),
    customRoomId: textOf(options, 'custom-id'),
    ...(endPoint !== undefined && { webhook: { endPoint, events } }),
  };
  return { call: { method: 'POST', path: '/v2/rooms', body }, options };
}

function get(args: readonly string[]): ReturnType<Command> {
  const { options, operands } = readArguments(args, { options: SERVER_OPTIONS, operands: 1 });
  return { call: { method: 'GET', path: `/v2/rooms/${encodeURIComponent(operands[0] ?? '')}` }, options };
}

function deactivate(args: readonly string[]): ReturnType<Command> {
  const { options, operands } = readArguments(args, { options: SERVER_OPTIONS, operands: 1 });
  return { call: { method: 'POST', path: '/v2/rooms/deactivate', body: { roomId: operands[0] } }, options };
}

function jsonOption(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, as is JSON that is no object.
  }
  throw new UsageError('--body must be a JSON object');
}

/** The server on this machine, without TLS where it can be: its certificate may be its own. */
function addressOf({ host, httpPort, publicUrl }: Config): string {
  if (httpPort) return urlOf('http', localAddress(host), httpPort);
  if (publicUrl) return publicUrl;
  throw new UsageError('The server has no fixed HTTP port here; name its address with --url');
}

async function send(base: string, { method, path, body }: Call, token: string): Promise<unknown> {
  const url = `${base.replace(/\/+$/, '')}${path}`;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { authorization: token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new StartError(`No server answers at ${base} (${reason}). Is it running? --url names another address.`);
  }
  const answered = (await answer.json().catch(() => undefined)) as { message?: string } | undefined;
  if (!answer.ok) throw new StartError(answered?.message ?? `The server answered with status ${answer.status}.`);
  return answered;
}
