// Every setting with its default and meaning; `docs/configuration.md` is kept equal to this list by a test.
import { LIMITS, type LimitSetting } from '../limits.ts';

interface Setting {
  /** As shown to the operator; empty when unset means a behaviour that `meaning` describes. */
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
      'Base of every link and of the address that SDKs connect to: scheme, host and port, without a path. Unset: the HTTPS listener, else the HTTP one.',
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
      'Chromium or Chrome that records the pages of `templateUrl`. Unset: the first found on PATH (`chromium`, `google-chrome`, …).',
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

const LIMIT_SETTINGS = Object.values(LIMITS).map((limit): [string, Setting] => [
  limit.setting,
  { default: String(limit.default), meaning: limit.meaning },
]);

export const ALL_SETTINGS = { ...SETTINGS, ...Object.fromEntries(LIMIT_SETTINGS) } as Record<
  SettingName | LimitSetting,
  Setting
>;

export type Env = Record<string, string | undefined>;

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
