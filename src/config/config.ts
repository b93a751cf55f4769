// The only reader of `process.env`: raw values in, one nested frozen `Config` out, secrets apart so that the rest can
// be logged whole.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { StartError } from '../kit/start-error.ts';
import { LIMITS, type LimitName, type Limits } from '../limits.ts';
import { nodeAddress, publicUrl, tlsFiles, trustedProxies } from './network.ts';
import { readSecrets, type Secrets } from './secrets.ts';
import type { Env } from './settings.ts';
import { type S3Config, s3Config } from './storage.ts';
import {
  announcedHost,
  host,
  integer,
  isExecutable,
  isOn,
  type ListenPort,
  listOf,
  MAX_LIMIT,
  MAX_TIMER_MS,
  port,
  read,
  refuse,
} from './values.ts';

const ROLES = ['api', 'media', 'egress'] as const;
export type Role = (typeof ROLES)[number];

const REST_ROLES = ['optional', 'required'] as const;
type RestRoles = (typeof REST_ROLES)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

export interface Config {
  readonly host: string;
  readonly httpPort: ListenPort;
  readonly httpsPort: ListenPort;
  readonly tlsFiles: { readonly cert: string; readonly key: string } | undefined;
  readonly publicUrl: string | undefined;
  /** Addresses and CIDRs. */
  readonly trustedProxies: readonly string[];
  readonly dataDir: string;
  /** Whether calls of the REST API take a token with a role, whatever its API key says. */
  readonly restRoles: RestRoles;
  readonly media: {
    readonly announcedAddress: string | undefined;
    readonly firstPort: number;
    readonly workers: number;
    readonly workerBin: string;
  };
  readonly roles: readonly Role[];
  readonly egress: {
    readonly slots: number;
    readonly s3: S3Config | undefined;
    readonly browser: string | undefined;
    readonly browserSandboxed: boolean;
    /** Where other nodes send streams to. */
    readonly address: string | undefined;
  };
  readonly outboundAllow: readonly string[];
  readonly limits: Limits;
  readonly logLevel: string;
}

function mostOf(name: string): number {
  if (name.endsWith('Ms')) return MAX_TIMER_MS;
  return name.endsWith('Seconds') ? Math.floor(MAX_TIMER_MS / 1000) : MAX_LIMIT;
}

function limits(env: Env): Limits {
  const values = Object.entries(LIMITS).map(([name, { setting }]) => [name, integer(env, setting, 1, mostOf(name))]);
  return Object.freeze(Object.fromEntries(values) as Record<LimitName, number>);
}

function roles(env: Env): Role[] {
  const text = read(env, 'ROOMFUL_ROLES');
  const names = text.split(',').map((name) => name.trim());
  const known = ROLES.filter((role) => names.includes(role));
  if (known.length !== new Set(names).size)
    refuse('ROOMFUL_ROLES', text, `some of ${ROLES.join(', ')}, separated by commas`);
  return known;
}

function restRoles(env: Env): RestRoles {
  const text = read(env, 'ROOMFUL_REST_ROLES');
  return REST_ROLES.find((known) => known === text) ?? refuse('ROOMFUL_REST_ROLES', text, REST_ROLES.join(' or '));
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function browser(env: Env): string | undefined {
  const given = read(env, 'ROOMFUL_BROWSER');
  if (given && !isExecutable(given)) refuse('ROOMFUL_BROWSER', given, 'the path of a program that can be executed');
  if (given) return given;
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Set-up leaves the path of the media worker it provided beside the dependencies. */
function mediaWorkerBin(env: Env): string {
  const given = read(env, 'MEDIASOUP_WORKER_BIN');
  if (given) return given;
  const record = new URL('../../node_modules/.roomful-setup.json', import.meta.url);
  if (!existsSync(record)) return '';
  return (JSON.parse(readFileSync(record, 'utf8')) as { mediasoupWorker?: string }).mediasoupWorker ?? '';
}

/** Ports that cannot all be bound: each media worker takes its own, by TCP too. */
function refuseCollisions({ httpPort, httpsPort, roles, media: { firstPort, workers } }: Config): void {
  if (httpPort && httpPort === httpsPort) {
    throw new StartError(`ROOMFUL_HTTP_PORT and ROOMFUL_HTTPS_PORT are both ${httpPort}: give each a port of its own.`);
  }
  if (firstPort === 0 || !roles.includes('media')) return;
  const lastPort = firstPort + workers - 1;
  const range = `the media ports ${firstPort} to ${lastPort} (ROOMFUL_RTC_PORT, and one for each of ${workers} ROOMFUL_MEDIA_WORKERS)`;
  if (lastPort > 65535) throw new StartError(`There are no ports above 65535: ${range} are too many.`);
  for (const [name, port] of [
    ['ROOMFUL_HTTP_PORT', httpPort],
    ['ROOMFUL_HTTPS_PORT', httpsPort],
  ] as const) {
    if (port && port >= firstPort && port <= lastPort) throw new StartError(`${name} is ${port}, one of ${range}.`);
  }
}

/** Reads and checks every setting; a bad one stops the start with a sentence that names it. */
export function readConfig(env: Env = process.env): { config: Config; secrets: Secrets } {
  const logLevel = read(env, 'ROOMFUL_LOG_LEVEL');
  if (!LOG_LEVELS.includes(logLevel)) refuse('ROOMFUL_LOG_LEVEL', logLevel, `one of ${LOG_LEVELS.join(', ')}`);
  const workers = read(env, 'ROOMFUL_MEDIA_WORKERS')
    ? integer(env, 'ROOMFUL_MEDIA_WORKERS', 1, 256)
    : availableParallelism();
  const config: Config = Object.freeze({
    host: host(env, 'ROOMFUL_HOST'),
    httpPort: port(env, 'ROOMFUL_HTTP_PORT'),
    httpsPort: port(env, 'ROOMFUL_HTTPS_PORT'),
    tlsFiles: tlsFiles(env),
    publicUrl: publicUrl(env),
    trustedProxies: Object.freeze(trustedProxies(env)),
    dataDir: resolve(read(env, 'ROOMFUL_DATA_DIR')),
    restRoles: restRoles(env),
    media: Object.freeze({
      announcedAddress: announcedHost(env, 'ROOMFUL_RTC_ADDRESS'),
      firstPort: integer(env, 'ROOMFUL_RTC_PORT', 0, 65535),
      workers,
      workerBin: mediaWorkerBin(env),
    }),
    roles: Object.freeze(roles(env)),
    egress: Object.freeze({
      slots: read(env, 'ROOMFUL_EGRESS_SLOTS') ? integer(env, 'ROOMFUL_EGRESS_SLOTS', 1, 1024) : availableParallelism(),
      s3: s3Config(env),
      browser: browser(env),
      browserSandboxed: isOn(env, 'ROOMFUL_BROWSER_SANDBOX'),
      address: nodeAddress(env),
    }),
    outboundAllow: Object.freeze(listOf(read(env, 'ROOMFUL_OUTBOUND_ALLOW'))),
    limits: limits(env),
    logLevel,
  });
  if (config.httpPort === undefined && config.httpsPort === undefined) {
    throw new StartError('ROOMFUL_HTTP_PORT and ROOMFUL_HTTPS_PORT are both off: nothing could be reached.');
  }
  refuseCollisions(config);
  return { config, secrets: readSecrets(env) };
}
