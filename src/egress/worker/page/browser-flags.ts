// The browser's command line: to show a page alike everywhere, to reach nothing but through the proxy, to
// offer a page nothing of the machine, and to do nothing by itself.
import { statfsSync } from 'node:fs';

export interface BrowserFlags {
  profile: string;
  size: { width: number; height: number };
  proxyPort: number;
  /** `host:port` that is reached without the proxy. */
  directHost: string;
  /** Of the tab that is filmed, at the time when filming begins. */
  titleOfFilmed: string;
  /** SHA-256 of public keys, base64: certificates of this installation that need no authority to vouch for them. */
  certificates: readonly string[];
  sandboxed: boolean;
}

const SMALL_SHARED_MEMORY_BYTES = 512 * 1024 * 1024;

/** Parts of the browser that call their maker, look around in the network, or wait for an answer of a person. */
const FEATURES_OFF = [
  'AimEnabled',
  'AimServerEligibilityEnabled',
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DialMediaRouteProvider',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationGuideModelDownloading',
  'OptimizationGuideOnDeviceModel',
  'OptimizationHints',
  'OptimizationHintsFetching',
  'PreconnectToSearch',
  'Translate',
];

/** Its maker's addresses, for parts that cannot be turned off. */
const HOMES = ['--gaia-url', '--gcm-checkin-url', '--gcm-registration-url', '--google-apis-url', '--google-base-url'];

const SAME_EVERYWHERE = [
  '--headless=new',
  '--disable-gpu',
  '--disable-infobars',
  '--hide-scrollbars',
  '--force-color-profile=srgb',
  '--force-device-scale-factor=1',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

const NOTHING_BY_ITSELF = [
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--disable-background-networking',
  '--disable-breakpad',
  '--disable-client-side-phishing-detection',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-field-trial-config',
  '--disable-sync',
  `--disable-features=${FEATURES_OFF.join(',')}`,
];

const NOTHING_FOR_THE_PAGE = [
  // QUIC and WebRTC would go past the proxy, by UDP; WebRTC has ICE over TCP, which does not.
  '--disable-quic',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--deny-permission-prompts',
  '--disable-print-preview',
];

export function browserFlags(flags: BrowserFlags): string[] {
  const { profile, size, proxyPort, directHost, titleOfFilmed, certificates, sandboxed } = flags;
  return [
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    `--window-size=${size.width},${size.height}`,
    `--proxy-server=http://127.0.0.1:${proxyPort}`,
    // By itself Chromium goes around the proxy for the loopback; of two rules that fit, the later one counts.
    `--proxy-bypass-list=<-loopback>;${directHost}`,
    `--auto-select-tab-capture-source-by-title=${titleOfFilmed}`,
    ...(certificates.length > 0 ? [`--ignore-certificate-errors-spki-list=${certificates.join(',')}`] : []),
    ...(sandboxed ? [] : ['--no-sandbox']),
    ...(sharedMemoryBytes() < SMALL_SHARED_MEMORY_BYTES ? ['--disable-dev-shm-usage'] : []),
    ...SAME_EVERYWHERE,
    ...NOTHING_BY_ITSELF,
    // Answered there with 404.
    ...HOMES.map((home) => `${home}=http://${directHost}/`),
    ...NOTHING_FOR_THE_PAGE,
    'about:blank',
  ];
}

function sharedMemoryBytes(): number {
  try {
    const { bsize, blocks } = statfsSync('/dev/shm');
    return bsize * blocks;
  } catch {
    return 0;
  }
}
