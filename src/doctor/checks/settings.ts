// Whether the settings make sense together; that each is valid has been seen to when they were read.
import { isLoopback, isUnspecified } from '../../kit/addresses.ts';
import { AT_ONCE_MS, type Check, ok, plural, warning } from '../check.ts';

interface Settings {
  host: string;
  httpsPort: number | undefined;
  publicUrl: string | undefined;
  /** Variables that begin like settings and are none. */
  unknown: readonly string[];
  /** How many differ from their defaults. */
  changed: number;
  workers: number;
  cores: number;
}

export function settingsCheck(settings: Settings): Check {
  const { host, httpsPort, publicUrl, unknown, changed, workers, cores } = settings;
  return {
    name: 'settings',
    title: 'Settings',
    timeoutMs: AT_ONCE_MS,
    advice: 'Correct the setting, and start the server again.',
    run() {
      const [first] = unknown;
      if (first !== undefined) {
        return warning(
          `${unknown.join(', ')} is no setting.`,
          'Correct its spelling; docs/configuration.md lists all.',
        );
      }
      const hasTls = httpsPort !== undefined || publicUrl?.startsWith('https:');
      if (!hasTls) {
        const found =
          'There is no TLS, neither here nor in the public URL, and official browser SDKs connect with TLS only.';
        return warning(
          found,
          'Leave ROOMFUL_HTTPS_PORT on, or name the https address of a proxy in ROOMFUL_PUBLIC_URL.',
        );
      }
      if (isUnspecified(host) && publicUrl === undefined) {
        const found = 'All addresses of the machine are bound, and links name whichever comes first.';
        return warning(found, 'Set ROOMFUL_PUBLIC_URL to the address that browsers reach this server by.');
      }
      if (workers > cores) {
        const found = `${plural(workers, 'media worker')} share ${plural(cores, 'core')}.`;
        return warning(found, 'Set ROOMFUL_MEDIA_WORKERS to the number of cores at most.');
      }
      const differ = changed === 0 ? 'none differs' : changed === 1 ? 'one differs' : `${changed} differ`;
      const isPrivate = isLoopback(host) && publicUrl === undefined;
      return ok(
        `All are valid; ${differ} from the defaults${isPrivate ? '; only this machine can reach the server' : ''}.`,
      );
    },
  };
}
