import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { readConfig, SETTINGS, settingsInForce, unknownSettings } from './config.ts';
import { DEFAULT_LIMITS, LIMITS } from './limits.ts';

const EMPTY = { ROOMFUL_DATA_DIR: '/tmp/roomful' };
const S3 = { ROOMFUL_STORAGE: 's3', ROOMFUL_S3_BUCKET: 'bucket' };
const THIS_FILE = fileURLToPath(import.meta.url);

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
    [
      { ROOMFUL_STORAGE: 's3', ROOMFUL_S3_BUCKET: 'bucket', ROOMFUL_S3_ENDPOINT: 'minio' },
      /ROOMFUL_S3_ENDPOINT .* URL/,
    ],
    [{ ROOMFUL_S3_ACCESS_KEY_ID: 'key' }, /ROOMFUL_S3_ACCESS_KEY_ID and ROOMFUL_S3_SECRET_ACCESS_KEY belong/],
    [{ ROOMFUL_STORAGE: 's3', ROOMFUL_S3_BUCKET: 'b/folder' }, /ROOMFUL_S3_BUCKET .* without folders/],
    [{ ...S3, ROOMFUL_S3_ENDPOINT: 'http://minio?region=x' }, /ROOMFUL_S3_ENDPOINT .* URL/],
    [{ ...S3, ROOMFUL_S3_PREFIX: 'é'.repeat(300) }, /ROOMFUL_S3_PREFIX .* 512 bytes/],
    [{ DATABASE_URL: 'mysql://localhost' }, /DATABASE_URL must begin with postgres/],
    [{ DATABASE_URL: 'postgres://me@db' }, /DATABASE_URL names no database/],
    [{ DATABASE_URL: 'postgres://me@db/' }, /DATABASE_URL names no database/],
    [{ DATABASE_URL: 'postgres://me:a#b@db/rooms' }, /DATABASE_URL is not a valid URL.*percent-encoded/],
    [{ DATABASE_URL: 'postgres://me:a@db:port/rooms' }, /DATABASE_URL is not a valid URL/],
    [{ ROOMFUL_PUBLIC_URL: 'https://example.com/rooms' }, /ROOMFUL_PUBLIC_URL .* without a path/],
    [{ ROOMFUL_PUBLIC_URL: 'https://example.com/?a=b' }, /ROOMFUL_PUBLIC_URL/],
    [{ ROOMFUL_PUBLIC_URL: 'https://example.com/#a' }, /ROOMFUL_PUBLIC_URL/],
    [{ ROOMFUL_PUBLIC_URL: 'https://me:secret@example.com' }, /ROOMFUL_PUBLIC_URL .* without user name/],
    [{ ROOMFUL_PUBLIC_URL: 'https://0.0.0.0:8443' }, /ROOMFUL_PUBLIC_URL .* others can connect to/],
    [{ ROOMFUL_PUBLIC_URL: 'https://[::]:8443' }, /ROOMFUL_PUBLIC_URL .* others can connect to/],
    [{ ROOMFUL_HOST: 'http://localhost' }, /ROOMFUL_HOST .* IP address or a host name/],
    [{ ROOMFUL_HOST: '[::1]' }, /ROOMFUL_HOST .* IP address or a host name/],
    [{ ROOMFUL_HOST: '127.0.0' }, /ROOMFUL_HOST .* IP address or a host name/],
    [{ ROOMFUL_HOST: '0.0.0.0:8080' }, /ROOMFUL_HOST .* without port/],
    [{ ROOMFUL_RTC_ADDRESS: '203.0.113.7:40000' }, /ROOMFUL_RTC_ADDRESS .* without port/],
    [{ ROOMFUL_RTC_ADDRESS: '0.0.0.0' }, /ROOMFUL_RTC_ADDRESS .* browsers can send to/],
    [{ ROOMFUL_RTC_ADDRESS: '0::0' }, /ROOMFUL_RTC_ADDRESS .* browsers can send to/],
    [{ ROOMFUL_NODE_ADDRESS: '0.0.0.0' }, /ROOMFUL_NODE_ADDRESS .* other nodes can send to/],
    [{ ROOMFUL_HTTP_PORT: '8443' }, /ROOMFUL_HTTP_PORT and ROOMFUL_HTTPS_PORT are both 8443/],
    [{ ROOMFUL_HTTP_PORT: '-1' }, /ROOMFUL_HTTP_PORT/],
    [{ ROOMFUL_RTC_PORT: '8442', ROOMFUL_MEDIA_WORKERS: '2' }, /ROOMFUL_HTTPS_PORT is 8443, one of the media ports/],
    [{ ROOMFUL_RTC_PORT: '8080', ROOMFUL_MEDIA_WORKERS: '1' }, /ROOMFUL_HTTP_PORT is 8080, one of the media ports/],
    [{ ROOMFUL_RTC_PORT: '65530', ROOMFUL_MEDIA_WORKERS: '8' }, /no ports above 65535/],
    [{ ROOMFUL_ROLES: ',' }, /ROOMFUL_ROLES/],
    [{ ROOMFUL_LIMIT_UPLOAD_STALL: '9999999' }, /ROOMFUL_LIMIT_UPLOAD_STALL .* 1 to 2147483/],
    [{ ROOMFUL_LIMIT_PARTICIPANTS: '0' }, /ROOMFUL_LIMIT_PARTICIPANTS .* from 1 on/],
    [{ ROOMFUL_TLS_CERT: '/', ROOMFUL_TLS_KEY: '/' }, /ROOMFUL_TLS_CERT .* can be read/],
    [{ ROOMFUL_TLS_CERT: THIS_FILE, ROOMFUL_TLS_KEY: THIS_FILE }, /ROOMFUL_TLS_CERT .* certificate in PEM/],
  ])('are refused with a sentence that names them: %j', (env, sentence) => {
    expect(() => readConfig({ ...EMPTY, ...env })).toThrow(sentence);
  });

  it('say of a database what is wrong without its password', () => {
    const read = () => readConfig({ ...EMPTY, DATABASE_URL: 'postgres://me:hunter2#@db/rooms' });
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  });

  it.each([
    { DATABASE_URL: 'postgresql:///rooms?host=/var/run/postgresql' },
    { DATABASE_URL: 'postgres://me@db?database=rooms' },
    { ROOMFUL_PUBLIC_URL: 'https://example.com/' },
    { ROOMFUL_HOST: '::' },
    { ROOMFUL_HOST: 'rooms-1.internal' },
    { ROOMFUL_RTC_ADDRESS: '2001:db8::7' },
    { ROOMFUL_RTC_ADDRESS: 'media.example.com' },
    { ROOMFUL_RTC_PORT: '0', ROOMFUL_MEDIA_WORKERS: '8' },
    { ROOMFUL_RTC_PORT: '8080', ROOMFUL_ROLES: 'api' },
    { ROOMFUL_HTTP_PORT: '0', ROOMFUL_HTTPS_PORT: '0' },
  ])('are taken: %j', (env) => {
    expect(() => readConfig({ ...EMPTY, ...env })).not.toThrow();
  });

  it('take a certificate with its own key alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomful-config-'));
    const [one, other] = await Promise.all([1, 2].map(() => generate([{ name: 'commonName', value: 'x' }])));
    const file = (name: string, text = '') => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const cert = file('cert.pem', one?.cert);
    const read = (key: string) =>
      readConfig({ ...EMPTY, ROOMFUL_TLS_CERT: cert, ROOMFUL_TLS_KEY: key }).config.tlsFiles;
    const key = file('key.pem', one?.private);
    expect(read(key)).toEqual({ cert, key });
    expect(() => read(file('other.pem', other?.private))).toThrow(/ROOMFUL_TLS_KEY .* key of the certificate/);
    expect(() => read(cert)).toThrow(/ROOMFUL_TLS_KEY .* private key in PEM/);
    rmSync(folder, { recursive: true });
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
  it('have a setting each, that no other one has', () => {
    const names = Object.values(LIMITS).map(({ setting }) => setting);
    expect(names).toHaveLength(new Set(names).size);
    const { limits } = readConfig({ ...EMPTY, ROOMFUL_LIMIT_FILE_UPLOADS: '7' }).config;
    expect(limits).toEqual({ ...DEFAULT_LIMITS, uploads: 7 });
  });

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
