// What a setting may hold, by kind: each reads one from the environment, or stops the start with a sentence that names it.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isUnspecified } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';
import type { LimitSetting } from '../limits.ts';
import { ALL_SETTINGS, type Env, type SettingName } from './settings.ts';

export function read(env: Env, name: SettingName | LimitSetting): string {
  return env[name]?.trim() || ALL_SETTINGS[name].default;
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

export function refuse(name: string, value: string, wanted: string): never {
  throw new StartError(`${name} is ${JSON.stringify(value)}, but must be ${wanted}.`);
}

export const MAX_LIMIT = 2 ** 40;
/** As far as a timer goes; one that is set further goes off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export function integer(env: Env, name: SettingName | LimitSetting, min: number, max: number): number {
  const text = read(env, name);
  const value = Number(text);
  const range = max === MAX_LIMIT ? `from ${min} on` : `from ${min} to ${max}`;
  if (!/^\d+$/.test(text) || value < min || value > max) refuse(name, text, `a whole number ${range}`);
  return value;
}

/** A port to bind: a number, 0 for any free one, or `undefined` for no listener. */
export type ListenPort = number | undefined;

export function port(env: Env, name: SettingName): ListenPort {
  if (read(env, name) === 'off') return undefined;
  const text = read(env, name);
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65535) refuse(name, text, 'a port from 0 to 65535, or "off"');
  return value;
}

/** Both or neither: half a pair is always a mistake. */
export function pair(env: Env, first: SettingName, second: SettingName): [string, string] | undefined {
  const [a, b] = [read(env, first), read(env, second)];
  if (a && b) return [a, b];
  if (a || b) throw new StartError(`${first} and ${second} belong together: set both or none.`);
  return undefined;
}

export function textOf(name: SettingName, path: string): string {
  if (!existsSync(path)) refuse(name, path, 'a file that exists');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    refuse(name, path, `a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** An address or a name to bind, or to announce; with neither brackets nor port. */
export function host(env: Env, name: SettingName): string {
  const text = read(env, name);
  const isName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text);
  // A number is an address that was cut off.
  if (isIP(text) === 0 && (!isName || /^[\d.]+$/.test(text))) {
    refuse(name, text, 'an IP address or a host name, without port');
  }
  // An IPv6 address has many spellings; this is the short one.
  return isIP(text) === 6 ? (URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) ?? text) : text;
}

/** One that others can send to. */
export function announcedHost(env: Env, name: SettingName): string | undefined {
  if (!read(env, name)) return undefined;
  const text = host(env, name);
  if (isUnspecified(text)) refuse(name, text, 'an address that browsers can send to, not the one that stands for all');
  return text;
}

export function isOn(env: Env, name: SettingName): boolean {
  const text = read(env, name);
  if (text !== 'on' && text !== 'off') refuse(name, text, 'on or off');
  return text === 'on';
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
