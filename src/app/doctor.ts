// How the doctor gets at an installation: what its checks ask of settings, database, media, egress and the machine.

import type { X509Certificate } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type Config, type Secrets, settingsInForce, unknownSettings } from '../config.ts';
import type { Check } from '../doctor/check.ts';
import { browserCheck } from '../doctor/checks/browser.ts';
import { certificateCheck } from '../doctor/checks/certificate.ts';
import { compositorCheck } from '../doctor/checks/compositor.ts';
import { dataFolderCheck } from '../doctor/checks/data-folder.ts';
import { clockCheck, databaseCheck, type InspectDatabase, migrationsCheck } from '../doctor/checks/database.ts';
import { listenersCheck } from '../doctor/checks/listeners.ts';
import { mediaPortsCheck, mediaWorkerCheck, rtcAddressCheck } from '../doctor/checks/media.ts';
import { outboundCheck } from '../doctor/checks/outbound.ts';
import { publicUrlCheck } from '../doctor/checks/public-url.ts';
import { settingsCheck } from '../doctor/checks/settings.ts';
import { storageCheck } from '../doctor/checks/storage.ts';
import { tokensCheck } from '../doctor/checks/tokens.ts';
import { webhookKeyCheck } from '../doctor/checks/webhook-key.ts';
import { Doctor } from '../doctor/doctor.ts';
import { tryBrowser } from '../egress/try-browser.ts';
import { tryCompositor } from '../egress/try-compositor.ts';
import { ownCertificateFiles } from '../http/certificate.ts';
import { localAddress, portOf, urlOf } from '../kit/addresses.ts';
import { ask } from '../kit/ask.ts';
import { createLogger, type Logger } from '../log.ts';
import { Media } from '../media/media.ts';
import { askPorts, type PortAnswer, tryWorker } from '../media/reach.ts';
import { inspectDatabase } from '../store/inspect-database.ts';
import { mediaAddresses, shownHost } from './addresses.ts';
import { COMPOSITOR, createStorage, pageBounds } from './egress.ts';
import type { Urls } from './listeners.ts';

/** A server that runs on the installation now, in this process. */
interface RunningServer {
  nodeId: string;
  media: Media;
  urls: Urls;
}

interface Facts {
  config: Config;
  secrets: Secrets;
  /** The database, or how to get at it; nothing where there is none yet. */
  databaseUrl: string | (() => Promise<string | undefined>);
  running: RunningServer | undefined;
  /** Process of a server that runs on the installation and could not be asked. */
  silentServer?: number | undefined;
  /** Ends what was started for the examination. */
  close?: () => Promise<void>;
}

const DATABASE_TIMEOUT_MS = 8_000;
const SERVED_TIMEOUT_MS = 5_000;

export async function createDoctor(facts: Facts): Promise<Doctor> {
  const { config, secrets, running, close } = facts;
  const log = createLogger('silent');
  const { databaseUrl } = facts;
  const inspect = once(async () => {
    const url = typeof databaseUrl === 'string' ? databaseUrl : await databaseUrl();
    return url === undefined ? undefined : inspectDatabase(url, DATABASE_TIMEOUT_MS);
  });
  const storage = await createStorage(config, secrets);
  const checks: Check[] = [
    ...installationChecks(config, inspect, running),
    tokensCheck(inspect, config.restRoles === 'required'),
    ...addressChecks(facts),
    ...mediaChecks(facts, log),
    storageCheck({ storage, where: whereStored(config), isS3: config.egress.s3 !== undefined, folder: config.dataDir }),
    compositorCheck(config.roles.includes('egress'), () => tryCompositor(COMPOSITOR, log)),
    browserCheck({
      hasEgress: config.roles.includes('egress'),
      program: config.egress.browser,
      sandboxed: config.egress.browserSandboxed,
      start: (program) => tryBrowser(program, config.egress.browserSandboxed, pageBounds(config)),
    }),
    outboundCheck({ allow: config.outboundAllow, publicHost: publicHost(config, running) }),
  ];
  return new Doctor(checks, async () => {
    storage.close();
    await close?.();
  });
}

function installationChecks(config: Config, inspect: InspectDatabase, running: RunningServer | undefined): Check[] {
  return [
    settingsCheck({
      ...config,
      unknown: unknownSettings(),
      changed: settingsInForce().filter(({ isDefault }) => !isDefault).length,
      workers: config.media.workers,
      cores: availableParallelism(),
    }),
    dataFolderCheck(config.dataDir),
    databaseCheck(inspect),
    migrationsCheck(inspect, running !== undefined),
    clockCheck(inspect),
    webhookKeyCheck(inspect),
  ];
}

function addressChecks({ config, running, silentServer }: Facts): Check[] {
  const { host, tlsFiles, dataDir } = config;
  const ports = running
    ? { http: boundPort(running.urls.http), https: boundPort(running.urls.https) }
    : { http: config.httpPort, https: config.httpsPort };
  const listeners = (['http', 'https'] as const).flatMap((scheme) => {
    const port = ports[scheme];
    return port === undefined ? [] : [{ scheme, host, port }];
  });
  return [
    listenersCheck({ listeners, runningNode: running?.nodeId, silentServer }),
    certificateCheck({
      httpsPort: ports.https,
      files: tlsFiles ?? ownCertificateFiles(dataDir),
      isGiven: tlsFiles !== undefined,
      publicHost: publicHost(config, running),
      served: running && (() => servedCertificate(urlOf('https', localAddress(host), ports.https ?? 0))),
    }),
    publicUrlCheck({
      url: running?.urls.public ?? config.publicUrl,
      runningNode: running?.nodeId,
    }),
  ];
}

function mediaChecks({ config, running, silentServer }: Facts, log: Logger): Check[] {
  const hasMedia = config.roles.includes('media');
  const { workerBin } = config.media;
  return [
    mediaWorkerCheck(hasMedia, workerBin, () => tryWorker(workerBin)),
    rtcAddressCheck({
      hasMedia,
      findAnnounced: () => announcedAddress(config),
      publicHost: publicHost(config, running),
    }),
    mediaPortsCheck(hasMedia, silentServer, () => mediaPorts(config, running, log)),
  ];
}

/** Of the workers that run, else of some that are started on the same ports for this. */
async function mediaPorts(config: Config, running: RunningServer | undefined, log: Logger): Promise<PortAnswer[]> {
  if (running) return askPorts(running.media);
  const media = new Media({ ...config.media, listen: await mediaAddresses(config), log });
  try {
    await media.start();
    return await askPorts(media);
  } finally {
    await media.stop();
  }
}

/** As it is set, so that the check can say that a name does not exist. */
async function announcedAddress(config: Config): Promise<string> {
  if (config.media.announcedAddress !== undefined) return config.media.announcedAddress;
  const [first] = await mediaAddresses(config);
  return first?.announcedAddress ?? first?.listenAddress ?? '';
}

function publicHost(config: Config, running: RunningServer | undefined): string {
  const url = config.publicUrl ?? running?.urls.public;
  return url === undefined ? shownHost(config) : new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function boundPort(url: string | undefined): number | undefined {
  return url === undefined ? undefined : portOf(new URL(url));
}

async function servedCertificate(url: string): Promise<X509Certificate> {
  const { tls } = await ask(`${url}/healthz`, { timeoutMs: SERVED_TIMEOUT_MS });
  if (!tls) throw new Error('the server showed no certificate');
  return tls.certificate;
}

function whereStored({ dataDir, egress: { s3 } }: Config): string {
  return s3 ? `the bucket ${s3.bucket} at ${s3.endpoint ?? 'Amazon S3'}` : `${dataDir}/storage`;
}

/** Several checks read the same facts; whoever asks first has them looked up. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let promise: Promise<T> | undefined;
  return () => {
    promise ??= work();
    return promise;
  };
}
