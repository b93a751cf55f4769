import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig, SETTINGS, settingsInForce, unknownSettings } from './config.ts';
import { DEFAULT_LIMITS, LIMITS } from './limits.ts';

const EMPTY = { ROOMFUL_DATA_DIR: '/tmp/roomful' };

describe('settings', () => {
  it('stand in the operator’s table exactly as they are declared', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const declared = Object.entries(SETTINGS).map(
      ([name, setting]) =>
        `| \`${name}\` | ${setting.default ? `\`${setting.default}\`` : 'unset'} | ${setting.meaning} |`,
    );
    expect(rows).toEqual(declared);
  });

  it('have defaults that work together', () => {
    const { config, secrets } = readConfig(EMPTY);
    expect(config).toMatchObject({
      host: '127.0.0.1',
      httpPort: 8080,
      httpsPort: 8443,
      roles: ['api', 'media', 'egress'],
    });
    expect(secrets).toEqual({ databaseUrl: undefined, firstKey: undefined, s3: undefined });
  });

  it('read 0 as any free port and off as none', () => {
    expect(readConfig({ ...EMPTY, ROOMFUL_HTTP_PORT: 'off', ROOMFUL_HTTPS_PORT: '0' }).config).toMatchObject({
      httpPort: undefined,
      httpsPort: 0,
    });
  });

  it.each([
    [{ ROOMFUL_HTTP_PORT: '70000' }, /ROOMFUL_HTTP_PORT is "70000"/],
    [{ ROOMFUL_HTTP_PORT: '8o8o' }, /ROOMFUL_HTTP_PORT/],
    [{ ROOMFUL_HTTP_PORT: 'off', ROOMFUL_HTTPS_PORT: 'off' }, /both off/],
    [{ ROOMFUL_API_KEY: 'key' }, /ROOMFUL_API_KEY and ROOMFUL_API_SECRET belong together/],
    [{ ROOMFUL_API_KEY: 'key', ROOMFUL_API_SECRET: 'short' }, /at least 16 characters/],
    [{ ROOMFUL_TLS_CERT: '/nowhere.pem', ROOMFUL_TLS_KEY: '/nowhere.key' }, /ROOMFUL_TLS_CERT .* file that exists/],
    [{ ROOMFUL_PUBLIC_URL: 'rooms.example.com' }, /ROOMFUL_PUBLIC_URL .* http or https URL/],
    [{ ROOMFUL_ROLES: 'api,chef' }, /ROOMFUL_ROLES .* api, media, egress/],
    [{ ROOMFUL_MEDIA_WORKERS: '0' }, /ROOMFUL_MEDIA_WORKERS .* 1 to 256/],
    [{ ROOMFUL_LOG_LEVEL: 'loud' }, /ROOMFUL_LOG_LEVEL .* one of/],
    [{ ROOMFUL_EGRESS_SLOTS: '0' }, /ROOMFUL_EGRESS_SLOTS .* 1 to 1024/],
    [{ ROOMFUL_TRUSTED_PROXIES: '10.0.0.0/8, proxy' }, /ROOMFUL_TRUSTED_PROXIES .* addresses and CIDRs/],
    [{ ROOMFUL_TRUSTED_PROXIES: '10.0.0.0/33' }, /ROOMFUL_TRUSTED_PROXIES .* addresses and CIDRs/],
    [{ ROOMFUL_STORAGE: 'tape' }, /ROOMFUL_STORAGE .* file or s3/],
    [{ ROOMFUL_STORAGE: 's3' }, /ROOMFUL_S3_BUCKET .* name of a bucket/],
    [{ ROOMFUL_STORAGE: 's3', ROOMFUL_S3_BUCKET: 'b', ROOMFUL_S3_ENDPOINT: 'minio' }, /ROOMFUL_S3_ENDPOINT .* URL/],
    [{ ROOMFUL_S3_ACCESS_KEY_ID: 'key' }, /ROOMFUL_S3_ACCESS_KEY_ID and ROOMFUL_S3_SECRET_ACCESS_KEY belong/],
    [{ DATABASE_URL: 'mysql://localhost' }, /DATABASE_URL must begin with postgres/],
  ])('are refused with a sentence that names them: %j', (env, sentence) => {
    expect(() => readConfig({ ...EMPTY, ...env })).toThrow(sentence);
  });

  it('keep secrets apart from what is logged', () => {
    const secret = 'a very secret secret';
    const { config } = readConfig({
      ...EMPTY,
      ROOMFUL_API_KEY: 'key',
      ROOMFUL_API_SECRET: secret,
      DATABASE_URL: 'postgres://me:hunter2@db/rooms',
    });
    expect(JSON.stringify(config)).not.toMatch(/hunter2|secret secret/);
  });
});

describe('bounds', () => {
  it('stand in the table of docs/limits.md exactly as they are declared', () => {
    const page = readFileSync(new URL('../docs/limits.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => line.includes('`ROOMFUL_LIMIT_'));
    const declared = Object.values(LIMITS).map(
      (limit) =>
        `| \`${limit.setting}\` | ${limit.default.toLocaleString('en')} | ${limit.scope} | ${limit.meaning} | ${limit.crossed} |`,
    );
    expect(rows).toEqual(declared);
  });

  it('have their defaults, or what the operator says', () => {
    expect(readConfig(EMPTY).config.limits).toEqual(DEFAULT_LIMITS);
    const env = { ...EMPTY, ROOMFUL_LIMIT_SOCKET_REQUESTS: '7' };
    expect(readConfig(env).config.limits).toEqual({ ...DEFAULT_LIMITS, socketRequestsPerSecond: 7 });
    expect(unknownSettings(env)).toEqual([]);
    expect(settingsInForce(env).find(({ name }) => name === 'ROOMFUL_LIMIT_SOCKET_REQUESTS')).toMatchObject({
      value: '7',
      isDefault: false,
    });
  });

  it.each(['0', '-1', 'many', '1.5'])('are refused when they are %s', (value) => {
    expect(() => readConfig({ ...EMPTY, ROOMFUL_LIMIT_SOCKET_REQUESTS: value })).toThrow(
      /ROOMFUL_LIMIT_SOCKET_REQUESTS/,
    );
  });
});
