// Settings that work, and probably not as they were meant to. They are logged when the server starts.
import type { Config, SettingInForce } from '../config.ts';

/** A sentence for each, which names the settings. */
export function settingWarnings(
  { publicUrl, httpsPort, tlsFiles, egress }: Config,
  { settings, unknown }: { settings: readonly SettingInForce[]; unknown: readonly string[] },
): string[] {
  const ofS3 = settings.filter(({ name, isDefault }) => name.startsWith('ROOMFUL_S3_') && !isDefault);
  const found: (string | false)[] = [
    unknown.length > 0 && `${unknown.join(', ')}: no such setting; docs/configuration.md lists all.`,
    publicUrl?.startsWith('http:') === true &&
      'ROOMFUL_PUBLIC_URL is not https: browsers give camera and microphone to https pages only, and official browser SDKs connect with TLS only.',
    publicUrl === undefined &&
      httpsPort === undefined &&
      'There is no TLS: official browser SDKs connect with TLS only. Leave ROOMFUL_HTTPS_PORT on, or name the https address of a proxy in ROOMFUL_PUBLIC_URL.',
    tlsFiles !== undefined &&
      httpsPort === undefined &&
      'ROOMFUL_TLS_CERT has no effect while ROOMFUL_HTTPS_PORT is off.',
    egress.s3 === undefined &&
      ofS3.length > 0 &&
      `${ofS3.map(({ name }) => name).join(', ')}: no effect while ROOMFUL_STORAGE is file.`,
  ];
  return found.filter((warning) => warning !== false);
}
