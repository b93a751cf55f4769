// What must never be logged: the database with its password, keys and tokens.
import { StartError } from '../kit/start-error.ts';
import type { Env } from './settings.ts';
import { pair, read } from './values.ts';

/** What must never be logged. */
export interface Secrets {
  readonly databaseUrl: string | undefined;
  readonly firstKey: { readonly apiKey: string; readonly secret: string } | undefined;
  /** What `/metrics` asks for. */
  readonly metricsToken: string | undefined;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

const MIN_SECRET_LENGTH = 16;

function databaseUrl(env: Env): string | undefined {
  const text = read(env, 'DATABASE_URL');
  if (text && !/^postgres(ql)?:\/\//.test(text)) {
    throw new StartError('DATABASE_URL must begin with postgres:// or postgresql://.');
  }
  if (text) refuseDatabase(URL.parse(text));
  return text || undefined;
}

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

function metricsToken(env: Env): string | undefined {
  const token = read(env, 'ROOMFUL_METRICS_TOKEN');
  if (token && token.length < MIN_SECRET_LENGTH) {
    throw new StartError(`ROOMFUL_METRICS_TOKEN must be at least ${MIN_SECRET_LENGTH} characters long.`);
  }
  return token || undefined;
}

function s3Credentials(env: Env): Secrets['s3'] {
  const given = pair(env, 'ROOMFUL_S3_ACCESS_KEY_ID', 'ROOMFUL_S3_SECRET_ACCESS_KEY');
  return given && { accessKeyId: given[0], secretAccessKey: given[1] };
}

export function readSecrets(env: Env): Secrets {
  return Object.freeze({
    databaseUrl: databaseUrl(env),
    firstKey: firstKey(env),
    metricsToken: metricsToken(env),
    s3: s3Credentials(env),
  });
}
