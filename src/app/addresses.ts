// Which addresses are bound, and which are told to others, as far as settings and the machine decide it.
import type { Config } from '../config.ts';
import { firstExternalAddress, isLoopback, isUnspecified } from '../kit/addresses.ts';
import { StartError } from '../kit/start-error.ts';

export function mediaAddresses({ host, media }: Config): {
  listenAddress: string;
  announcedAddress: string | undefined;
} {
  const local = host === 'localhost' ? '127.0.0.1' : host;
  if (media.announcedAddress) {
    return {
      listenAddress: isLoopback(media.announcedAddress) ? local : '0.0.0.0',
      announcedAddress: media.announcedAddress,
    };
  }
  if (!isUnspecified(host)) return { listenAddress: local, announcedAddress: undefined };
  const announcedAddress = firstExternalAddress();
  if (!announcedAddress) throw new StartError('No address for media was found: set ROOMFUL_RTC_ADDRESS.');
  return { listenAddress: '0.0.0.0', announcedAddress };
}

/** The host that others are told: where all addresses are bound, the one that media is announced with. */
export function shownHost(config: Config): string {
  if (!isUnspecified(config.host)) return config.host;
  return config.media.announcedAddress ?? firstExternalAddress() ?? '127.0.0.1';
}

/** Hosts that a certificate of our own is for. */
export function certificateHosts(config: Config): string[] {
  return [...new Set(['localhost', '127.0.0.1', shownHost(config)])];
}
