// The only reader of `process.env`: raw values in, one nested frozen `Config` out, secrets apart so that the rest can
// be logged whole. Every setting is declared in `SETTINGS` with its default and meaning; `docs/configuration.md` is
// kept equal to that list by a test.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { isUnspecified } from './kit/addresses.ts';
import { keyPairProblem } from './kit/key-pair.ts';
import { StartError } from './kit/start-error.ts';
import { LIMITS, type LimitName, type LimitSetting, type Limits } from './limits.ts';

interface Setting {
  /** As shown to the operator; empty when unset means a behaviour that `meaning` tells. */
  default: string;
  meaning: string;
  secret?: boolean;
}

export const SETTINGS = {
  ROOMFUL_HOST: { default: '127.0.0.1', meaning: 'Address the HTTP and HTTPS listeners bind.' },
  ROOMFUL_HTTP_PORT: {
    default: '8080',
    meaning: 'REST, signaling and pages without TLS; `0` = any free port, `off` = none.',
  },
  ROOMFUL_HTTPS_PORT: {
    default: '8443',
    meaning: 'The same with TLS, which the official browser SDKs need; `0` = any free port, `off` = none.',
  },
  ROOMFUL_TLS_CERT: {
    default: '',
    meaning: 'PEM file of the certificate chain. Unset: a self-signed one, kept in the data folder.',
  },
  ROOMFUL_TLS_KEY: { default: '', meaning: "PEM file of the certificate's private key. Set both or none." },
  ROOMFUL_PUBLIC_URL: {
    default: '',
    meaning:
      'Base of every link and of what SDKs are told to connect to: scheme, host and port, without a path. Unset: the HTTPS listener, else the HTTP one.',
  },
  ROOMFUL_TRUSTED_PROXIES: {
    default: '',
    meaning:
      'Comma-separated addresses and CIDRs of the reverse proxies in front, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Unset: nobody’s, and bounds per address hold for all behind one proxy together.',
  },
  ROOMFUL_DATA_DIR: {
    default: './data',
    meaning: 'Folder of the embedded database, recordings, HLS, files and keys.',
  },
  DATABASE_URL: {
    default: '',
    meaning: 'Any PostgreSQL from version 14 on. Unset: the embedded one.',
    secret: true,
  },
  ROOMFUL_API_KEY: { default: '', meaning: 'The first API key. Unset: generated once and kept.' },
  ROOMFUL_API_SECRET: {
    default: '',
    meaning: 'Its secret, at least 16 characters. Set both or none.',
    secret: true,
  },
  ROOMFUL_REST_ROLES: {
    default: 'optional',
    meaning:
      'Whether calls of the REST API take a token with the role `crawler`: `optional` = as each API key has it, `required` = always. See [tokens](tokens.md).',
  },
  ROOMFUL_METRICS_TOKEN: {
    default: '',
    meaning: 'What `/metrics` asks for, as `Authorization: Bearer …`, at least 16 characters. Unset: nothing.',
    secret: true,
  },
  ROOMFUL_RTC_ADDRESS: {
    default: '',
    meaning:
      'Address announced in ICE candidates, IPv4 or IPv6; a host name is resolved at start, to one address of each family. Unset: detected; loopback when the listeners bind it.',
  },
  ROOMFUL_RTC_PORT: {
    default: '40000',
    meaning: 'First media port; each media worker takes one, UDP and TCP, none of which the listeners may have.',
  },
  ROOMFUL_NODE_ADDRESS: {
    default: '',
    meaning:
      'IPv4 address that other nodes send streams to when this one composes their sessions: to any UDP port, encrypted. Unset: that of ROOMFUL_RTC_ADDRESS.',
  },
  ROOMFUL_MEDIA_WORKERS: { default: '', meaning: 'Number of mediasoup workers. Unset: the number of cores.' },
  ROOMFUL_ROLES: { default: 'api,media,egress', meaning: 'Which parts this process runs.' },
  ROOMFUL_EGRESS_SLOTS: {
    default: '',
    meaning:
      'How many compositions run at once, counted in 720p; 1080p counts two, 480p a half, sound alone a quarter. More have to wait. Unset: the number of cores.',
  },
  ROOMFUL_BROWSER: {
    default: '',
    meaning:
      'Chromium or Chrome that films the pages of `templateUrl`. Unset: the first found on PATH (`chromium`, `google-chrome`, …).',
  },
  ROOMFUL_BROWSER_SANDBOX: {
    default: 'on',
    meaning:
      '`off` lets the browser run without its sandbox on machines that have none for it, such as containers without user namespaces. Only for pages that you trust.',
  },
  ROOMFUL_STORAGE: {
    default: 'file',
    meaning: 'Where finished recordings are kept: `file` = the data folder, `s3` = an S3-compatible object storage.',
  },
  ROOMFUL_S3_BUCKET: { default: '', meaning: 'Bucket of the object storage; has to exist.' },
  ROOMFUL_S3_ENDPOINT: {
    default: '',
    meaning: 'Address of the object storage, such as `https://minio.example.com`. Unset: Amazon S3.',
  },
  ROOMFUL_S3_REGION: { default: 'us-east-1', meaning: 'Region of the bucket.' },
  ROOMFUL_S3_PREFIX: {
    default: '',
    meaning: 'Folder of the bucket that everything is put under, of at most 512 bytes.',
  },
  ROOMFUL_S3_ACCESS_KEY_ID: {
    default: '',
    meaning: "Access key. Unset: as Amazon's SDK finds it, such as the role of the machine.",
  },
  ROOMFUL_S3_SECRET_ACCESS_KEY: { default: '', meaning: 'Its secret. Set both or none.', secret: true },
  ROOMFUL_OUTBOUND_ALLOW: {
    default: '',
    meaning:
      'Comma-separated CIDRs and host names that webhooks, RTMP, templates and storage may reach although they are private.',
  },
  ROOMFUL_LOG_LEVEL: {
    default: 'info',
    meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  },
  MEDIASOUP_WORKER_BIN: {
    default: '',
    meaning: 'A mediasoup-worker binary to use instead of the one that set-up provides.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

const ROLES = ['api', 'media', 'egress'] as const;
export type Role = (typeof ROLES)[number];

const REST_ROLES = ['optional', 'required'] as const;
type RestRoles = (typeof REST_ROLES)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** A port to bind: a number, 0 for any free one, or `undefined` for no listener. */
export type ListenPort = number | undefined;

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

/** The object storage that recordings are brought to, without its keys. */
export interface S3Config {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly prefix: string;
}

/** What must never be logged. */
export interface Secrets {
  readonly databaseUrl: string | undefined;
  readonly firstKey: { readonly apiKey: string; readonly secret: string } | undefined;
  /** What `/metrics` asks for. */
  readonly metricsToken: string | undefined;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

type Env = Record<string, string | undefined>;

function read(env: Env, name: SettingName | LimitSetting): string {
  return env[name]?.trim() || ALL_SETTINGS[name].default;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

function refuse(name: string, value: string, wanted: string): never {
  throw new StartError(`${name} is ${JSON.stringify(value)}, but must be ${wanted}.`);
}

function integer(env: Env, name: SettingName | LimitSetting, min: number, max: number): number {
  const text = read(env, name);
  const value = Number(text);
  const range = max === MAX_LIMIT ? `from ${min} on` : `from ${min} to ${max}`;
  if (!/^\d+$/.test(text) || value < min || value > max) refuse(name, text, `a whole number ${range}`);
  return value;
}

const MAX_LIMIT = 2 ** 40;
/** As far as a timer goes; one that is set further goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function mostOf(name: string): number {
  if (name.endsWith('Ms')) return MAX_TIMER_MS;
  return name.endsWith('Seconds') ? Math.floor(MAX_TIMER_MS / 1000) : MAX_LIMIT;
}

function limits(env: Env): Limits {
  const values = Object.entries(LIMITS).map(([name, { setting }]) => [name, integer(env, setting, 1, mostOf(name))]);
  return Object.freeze(Object.fromEntries(values) as Record<LimitName, number>);
}

function port(env: Env, name: SettingName): ListenPort {
  if (read(env, name) === 'off') return undefined;
  const text = read(env, name);
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65535) refuse(name, text, 'a port from 0 to 65535, or "off"');
  return value;
}

/** Both or neither: half a pair is always a mistake. */
function pair(env: Env, first: SettingName, second: SettingName): [string, string] | undefined {
  const [a, b] = [read(env, first), read(env, second)];
  if (a && b) return [a, b];
  if (a || b) throw new StartError(`${first} and ${second} belong together: set both or none.`);
  return undefined;
}

function tlsFiles(env: Env): Config['tlsFiles'] {
  const files = pair(env, 'ROOMFUL_TLS_CERT', 'ROOMFUL_TLS_KEY');
  if (!files) return undefined;
  const [cert, key] = files;
  const problem = keyPairProblem(textOf('ROOMFUL_TLS_CERT', cert), textOf('ROOMFUL_TLS_KEY', key));
  if (problem?.which === 'cert') refuse('ROOMFUL_TLS_CERT', cert, problem.wanted);
  if (problem?.which === 'key') refuse('ROOMFUL_TLS_KEY', key, problem.wanted);
  return { cert, key };
}

function textOf(name: SettingName, path: string): string {
  if (!existsSync(path)) refuse(name, path, 'a file that exists');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    refuse(name, path, `a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** An address or a name to bind, or to tell others; with neither brackets nor port. */
function host(env: Env, name: SettingName): string {
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
function announcedHost(env: Env, name: SettingName): string | undefined {
  if (!read(env, name)) return undefined;
  const text = host(env, name);
  if (isUnspecified(text)) refuse(name, text, 'an address that browsers can send to, not the one that stands for all');
  return text;
}

function publicUrl(env: Env): string | undefined {
  const text = read(env, 'ROOMFUL_PUBLIC_URL');
  if (!text) return undefined;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    refuse('ROOMFUL_PUBLIC_URL', text, 'an http or https URL such as https://rooms.example.com');
  }
  if (url.username || url.password) refuse('ROOMFUL_PUBLIC_URL', url.origin, 'a URL without user name and password');
  if (/[^/]/.test(url.pathname)) {
    const wanted =
      'an address without a path: SDKs are told a host and add paths of their own. Give it a host name of its own';
    refuse('ROOMFUL_PUBLIC_URL', text, wanted);
  }
  if (isUnspecified(url.hostname.replace(/^\[|\]$/g, '')) || url.port === '0') {
    refuse('ROOMFUL_PUBLIC_URL', text, 'an address that others can connect to');
  }
  return url.origin;
}

function trustedProxies(env: Env): string[] {
  const text = read(env, 'ROOMFUL_TRUSTED_PROXIES');
  const entries = listOf(text);
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/', 2);
    const version = isIP(address);
    const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
    if (version === 0 || !isRange) refuse('ROOMFUL_TRUSTED_PROXIES', text, 'addresses and CIDRs, separated by commas');
  }
  return entries;
}

function roles(env: Env): Role[] {
  const text = read(env, 'ROOMFUL_ROLES');
  const names = text.split(',').map((name) => name.trim());
  const known = ROLES.filter((role) => names.includes(role));
  if (known.length !== new Set(names).size)
    refuse('ROOMFUL_ROLES', text, `some of ${ROLES.join(', ')}, separated by commas`);
  return known;
}

function databaseUrl(env: Env): string | undefined {
  const text = read(env, 'DATABASE_URL');
  if (text && !/^postgres(ql)?:\/\//.test(text)) {
    throw new StartError('DATABASE_URL must begin with postgres:// or postgresql://.');
  }
  if (text) refuseDatabase(URL.parse(text));
  return text || undefined;
}

const MIN_SECRET_LENGTH = 16;

/** Without the URL, which holds a password. */
function refuseDatabase(url: URL | null): void {
  const advice = 'Characters such as # / ? @ in its password have to be percent-encoded.';
  if (!url || url.hash) throw new StartError(`DATABASE_URL is not a valid URL. ${advice}`);
  if (!/[^/]/.test(url.pathname) && !url.searchParams.get('database')) {
    throw new StartError(`DATABASE_URL names no database, as in postgres://user:password@host:5432/roomful. ${advice}`);
  }
}

function firstKey(env: Env): Secrets['firstKey'] {
  const given = pair(env, 'ROOMFUL_API_KEY', 'ROOMFUL_API_SECRET');
  if (!given) return undefined;
  const [apiKey, secret] = given;
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new StartError(`ROOMFUL_API_SECRET must be at least ${MIN_SECRET_LENGTH} characters long.`);
  }
  return { apiKey, secret };
}

function restRoles(env: Env): RestRoles {
  const text = read(env, 'ROOMFUL_REST_ROLES');
  return REST_ROLES.find((known) => known === text) ?? refuse('ROOMFUL_REST_ROLES', text, REST_ROLES.join(' or '));
}

function metricsToken(env: Env): string | undefined {
  const token = read(env, 'ROOMFUL_METRICS_TOKEN');
  if (token && token.length < MIN_SECRET_LENGTH) {
    throw new StartError(`ROOMFUL_METRICS_TOKEN must be at least ${MIN_SECRET_LENGTH} characters long.`);
  }
  return token || undefined;
}

/** Half of what a key may have. */
const MAX_PREFIX_BYTES = 512;

function s3Config(env: Env): S3Config | undefined {
  const storage = read(env, 'ROOMFUL_STORAGE');
  if (storage !== 'file' && storage !== 's3') refuse('ROOMFUL_STORAGE', storage, 'file or s3');
  if (storage === 'file') return undefined;
  const bucket = read(env, 'ROOMFUL_S3_BUCKET');
  if (!bucket) refuse('ROOMFUL_S3_BUCKET', bucket, 'the name of a bucket, since ROOMFUL_STORAGE is s3');
  if (!/^[a-z0-9][\w.-]{1,61}[a-z0-9]$/i.test(bucket)) {
    refuse(
      'ROOMFUL_S3_BUCKET',
      bucket,
      'the name of a bucket: 3 to 63 letters, digits, dots and hyphens, without folders',
    );
  }
  const endpoint = read(env, 'ROOMFUL_S3_ENDPOINT');
  const url = URL.parse(endpoint);
  if (endpoint && (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)) {
    refuse('ROOMFUL_S3_ENDPOINT', endpoint, 'an http or https URL such as https://minio.example.com');
  }
  const prefix = read(env, 'ROOMFUL_S3_PREFIX').replace(/^\/+|\/+$/g, '');
  if (Buffer.byteLength(prefix) > MAX_PREFIX_BYTES) {
    refuse('ROOMFUL_S3_PREFIX', prefix, `at most ${MAX_PREFIX_BYTES} bytes, which leaves room for the keys below it`);
  }
  return Object.freeze({
    bucket,
    endpoint: endpoint || undefined,
    region: read(env, 'ROOMFUL_S3_REGION'),
    prefix,
  });
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function browser(env: Env): string | undefined {
  const given = read(env, 'ROOMFUL_BROWSER');
  if (given && !isExecutable(given)) refuse('ROOMFUL_BROWSER', given, 'the path of a program that can be executed');
  if (given) return given;
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isOn(env: Env, name: SettingName): boolean {
  const text = read(env, name);
  if (text !== 'on' && text !== 'off') refuse(name, text, 'on or off');
  return text === 'on';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A host name may be announced to browsers, but streams are sent to an IP address. */
function nodeAddress(env: Env): string | undefined {
  const given = read(env, 'ROOMFUL_NODE_ADDRESS');
  if (given && (isIP(given) !== 4 || isUnspecified(given))) {
    refuse('ROOMFUL_NODE_ADDRESS', given, 'an IPv4 address that other nodes can send to');
  }
  const announced = read(env, 'ROOMFUL_RTC_ADDRESS');
  return given || (isIP(announced) === 4 ? announced : undefined);
}

function s3Credentials(env: Env): Secrets['s3'] {
  const given = pair(env, 'ROOMFUL_S3_ACCESS_KEY_ID', 'ROOMFUL_S3_SECRET_ACCESS_KEY');
  return given && { accessKeyId: given[0], secretAccessKey: given[1] };
}

/** Set-up leaves the path of the media worker it provided beside the dependencies. */
function mediaWorkerBin(env: Env): string {
  const given = read(env, 'MEDIASOUP_WORKER_BIN');
  if (given) return given;
  const record = new URL('../node_modules/.roomful-setup.json', import.meta.url);
  if (!existsSync(record)) return '';
  return (JSON.parse(readFileSync(record, 'utf8')) as { mediasoupWorker?: string }).mediasoupWorker ?? '';
}

const LIMIT_SETTINGS = Object.values(LIMITS).map((limit): [string, Setting] => [
  limit.setting,
  { default: String(limit.default), meaning: limit.meaning },
]);

const ALL_SETTINGS = { ...SETTINGS, ...Object.fromEntries(LIMIT_SETTINGS) } as Record<
  SettingName | LimitSetting,
  Setting
>;

/** A setting as the operator may look it up; what is secret says only whether it is set. */
export interface SettingInForce {
  name: string;
  value: string;
  isDefault: boolean;
  secret: boolean;
  meaning: string;
}

/** Of our own tests, which are no settings. */
const TEST_PREFIX = 'ROOMFUL_TEST_';

/** Variables that look like settings and are none: misspelt ones, mostly. */
export function unknownSettings(env: Env = process.env): string[] {
  const isOurs = (name: string) => name.startsWith('ROOMFUL_') && !name.startsWith(TEST_PREFIX);
  return Object.keys(env).filter((name) => isOurs(name) && !Object.hasOwn(ALL_SETTINGS, name));
}

/** Every setting with the value it has. */
export function settingsInForce(env: Env = process.env): SettingInForce[] {
  return Object.entries<Setting>(ALL_SETTINGS).map(([name, setting]) => {
    const given = env[name]?.trim() ?? '';
    const secret = setting.secret ?? false;
    const value = secret && given ? 'set' : given || setting.default;
    return { name, value, isDefault: given === '', secret, meaning: setting.meaning };
  });
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
  return {
    config,
    secrets: Object.freeze({
      databaseUrl: databaseUrl(env),
      firstKey: firstKey(env),
      metricsToken: metricsToken(env),
      s3: s3Credentials(env),
    }),
  };
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
