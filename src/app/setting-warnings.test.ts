import { expect, it } from 'vitest';
import { readConfig, settingsInForce, unknownSettings } from '../config.ts';
import { settingWarnings } from './setting-warnings.ts';

it.each([
  [{}, []],
  [{ ROOMFUL_PUBLIC_URL: 'http://rooms.example.com' }, [/ROOMFUL_PUBLIC_URL is not https/]],
  [{ ROOMFUL_HTTPS_PORT: 'off' }, [/There is no TLS/]],
  [{ ROOMFUL_HTTPS_PORT: 'off', ROOMFUL_PUBLIC_URL: 'https://rooms.example.com' }, []],
  [{ ROOMFUL_S3_BUCKET: 'bucket' }, [/ROOMFUL_S3_BUCKET: no effect/]],
  [{ ROOMFUL_HTP_PORT: '1' }, [/ROOMFUL_HTP_PORT: no such setting/]],
])('of %j it is warned by %j', (env, warnings) => {
  const facts = { settings: settingsInForce(env), unknown: unknownSettings(env) };
  const expected = warnings.map((warning) => expect.stringMatching(warning));
  expect(settingWarnings(readConfig(env).config, facts)).toEqual(expected);
});
