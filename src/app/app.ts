// The folder that knows every other: builds the parts by hand, starts them in order, stops them in reverse.
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import type { Config, Secrets, SettingInForce } from '../config.ts';
import { Dashboard } from '../dashboard/dashboard.ts';
import { Feed } from '../dashboard/feed.ts';
import type { Storage } from '../egress/storage/storage.ts';
import { inBackground } from '../kit/in-background.ts';
import { createOutbound, type Outbound } from '../kit/outbound/outbound.ts';
import type { Logger } from '../log.ts';
import { Quality } from '../quality/quality.ts';
import { ChangeChannel } from '../store/change-channel.ts';
import { DashboardStore } from '../store/dashboard-store.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import { NodeBus } from '../store/node-bus.ts';
import { QualityStore } from '../store/quality-store.ts';
import { RemovalStore } from '../store/removal-store.ts';
import { SessionQualityStore } from '../store/session-quality-store.ts';
import { UploadStore } from '../store/upload-store.ts';
import { WebhookStore } from '../store/webhook-store.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { createDoctor } from './doctor.ts';
import { createEgress, createEgressStore, createStorage, type EgressParts } from './egress.ts';
import { createFrontDoors } from './front-doors.ts';
import { type FirstKey, type Ground, layGround } from './ground.ts';
import { certificateOf, listen, type Urls } from './listeners.ts';
import { createMeetings, type Meetings } from './meetings.ts';
import { measureEgress, measureLive, measureNode, measureWebhooks } from './metrics.ts';
import { type Undo, unwind } from './undo.ts';

/** What tests put in the place of parts. */
export interface OtherParts {
  /** Program of another compositor. */
  compositor?: string;
}

interface Given {
  config: Config;
  secrets: Secrets;
  log: Logger;
  /** For the operator to look up. */
  settings: readonly SettingInForce[];
  others: OtherParts;
}

/** From the package, which says what was installed. */
const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export class App {
  readonly httpUrl: string | undefined;
  readonly httpsUrl: string | undefined;
  readonly publicUrl: string;
  readonly firstKey: FirstKey;
  readonly #undo: Undo;
  readonly #log: Logger;
  #stopping: Promise<void> | undefined;

  private constructor({ urls, firstKey }: Started, undo: Undo, log: Logger) {
    this.httpUrl = urls.http;
    this.httpsUrl = urls.https;
    this.publicUrl = urls.public;
    this.firstKey = firstKey;
    this.#undo = undo;
    this.#log = log;
  }

  /** Starts everything, or undoes what had been started and throws. */
  static async start(
    config: Config,
    secrets: Secrets,
    log: Logger,
    { settings = [], ...others }: OtherParts & { settings?: readonly SettingInForce[] } = {},
  ): Promise<App> {
    const undo: Undo = [];
    try {
      const started = await startParts({ config, secrets, log, settings, others }, undo);
      return new App(started, undo, log);
    } catch (error) {
      await unwind(undo, log);
      throw error;
    }
  }

  /** Drains and stops everything, in reverse order. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= unwind(this.#undo, this.#log);
    return this.#stopping;
  }
}

interface Started {
  urls: Urls;
  firstKey: FirstKey;
}

/** What every part of the product is built with. */
interface Parts {
  ground: Ground;
  urls: Urls;
  outbound: Outbound;
  meetings: Meetings;
  egressParts: EgressParts;
  uploadStore: UploadStore;
  feed: Feed;
}

async function startParts(given: Given, undo: Undo): Promise<Started> {
  const { config, log } = given;
  const ground = await layGround(given, undo);
  const { db, databaseUrl, nodeId } = ground;
  const urls: Urls = { public: config.publicUrl ?? '', http: undefined, https: undefined };
  const tls = await certificateOf(config);
  const outbound = createOutbound({ allow: config.outboundAllow });
  undo.push(() => outbound.close());
  const feed = new Feed({ channel: new ChangeChannel(db, databaseUrl), log: log.child({ part: 'dashboard' }) });
  undo.push(() => feed.stop());

  const egressStore = createEgressStore(db, ground.mailbox, config.limits);
  const uploadStore = new UploadStore(db);
  const storage = await createStorage(config, given.secrets);
  undo.push(() => storage.close());
  warnOfStorage(storage, config, log);
  const meetings = createMeetings({
    config,
    ground,
    urls,
    tls,
    outbound,
    egressStore,
    maxKeyBytes: storage.maxKeyBytes,
    egress: () => egressParts,
    onDrainChanged: () => feed.changed('nodes'),
    log,
  });
  const bus = new NodeBus({ db, url: databaseUrl, nodeId, log });
  const egressParts: EgressParts = createEgress({
    ...given.others,
    config,
    ground,
    meetings,
    urls,
    storage,
    store: egressStore,
    uploads: uploadStore,
    removals: new RemovalStore(db),
    outbound,
    bus,
    log,
  });
  const { egress, studio, uploads, removals, remote, successors, stopRetries } = egressParts;
  undo.push(() => uploads.stop());
  undo.push(() => removals.stop());
  undo.push(() => stopRetries());

  const parts: Parts = { ground, urls, outbound, meetings, egressParts, uploadStore, feed };
  const quality = createQuality(given, parts);
  const metrics = new Registry();
  const webhooks = await createWebhooks(given, parts, metrics);
  undo.push(() => webhooks.stop());
  measure(metrics, parts);
  const dashboard = createDashboard(given, parts);
  const doors = await createFrontDoors(
    { config, secrets: given.secrets, ground, meetings, egress, webhooks, quality, dashboard, metrics, urls, log },
    undo,
  );

  // Sessions of an earlier life end before anybody can join again.
  await meetings.node.recover();
  await listen({ config, ...doors, tls, urls, log }, undo);
  await feed.start();
  await remote.start();
  undo.push(() => remote.stop());
  await meetings.node.start();
  undo.push(() => studio.stop());
  undo.push(() => meetings.node.stop());
  successors.start();
  undo.push(() => successors.stop());
  await quality.start();
  undo.push(() => quality.stop());
  // What this node left unfinished is finished under the addresses it has now.
  await studio.start();
  await uploads.start();
  await removals.start();
  if (config.roles.includes('api')) await webhooks.start();
  return { urls, firstKey: ground.firstKey };
}

/** The server starts all the same: what it records is kept here until the storage takes it. */
function warnOfStorage(storage: Storage, { egress }: Config, log: Logger): void {
  inBackground(log, 'look at the storage', () =>
    storage.check().catch((error) => {
      const advice = 'Correct the ROOMFUL_S3_ settings or the bucket; `doctor` says more.';
      log.warn({ err: error, ...egress.s3, advice }, 'the object storage cannot be used now');
    }),
  );
}

function createQuality({ log }: Given, { ground, meetings, feed }: Parts): Quality {
  return new Quality({
    store: new QualityStore(ground.db),
    present: () => meetings.liveRooms.present(),
    readStreams: () => ground.media.readStreams(),
    onSampled: () => feed.changed('quality'),
    log: log.child({ part: 'quality' }),
  });
}

async function createWebhooks(
  { config, log }: Given,
  { ground, outbound, feed }: Parts,
  metrics: Registry,
): Promise<Webhooks> {
  const { db, databaseUrl, nodeId } = ground;
  const attempts = measureWebhooks(metrics);
  return Webhooks.create({
    queue: new DeliveryQueue(db, databaseUrl),
    store: new WebhookStore(db),
    outbound,
    log,
    nodeId,
    limits: config.limits,
    metrics: {
      attempted: (facts) => {
        attempts.attempted(facts);
        feed.changed('deliveries');
      },
    },
  });
}

function measure(metrics: Registry, { ground, meetings, egressParts, uploadStore }: Parts): void {
  measureLive(metrics, { rooms: meetings.liveRooms, media: ground.media });
  measureNode(metrics, meetings.node);
  measureEgress(metrics, egressParts.studio, () => uploadStore.pendingUploads(ground.nodeId));
}

function createDashboard({ config, secrets, settings }: Given, parts: Parts): Dashboard {
  const { ground, urls, meetings, egressParts, feed } = parts;
  const { db, databaseUrl, nodeId, media, firstKey } = ground;
  return new Dashboard({
    store: new DashboardStore(db),
    quality: new SessionQualityStore(db),
    nodes: meetings.nodeStore,
    keys: ground.access.keys,
    feed,
    installation: {
      version: VERSION,
      nodeId,
      dataDir: config.dataDir,
      operatorId: firstKey.ownerId,
      keyFromSettings: secrets.firstKey?.apiKey,
      publicUrl: () => urls.public,
      settings,
      workers: () =>
        media.workers.map(({ index, worker, rooms, peers, consumers }) => ({
          index,
          pid: worker.pid,
          rooms,
          people: peers.size,
          consumers,
        })),
      doctor: () => createDoctor({ config, secrets, databaseUrl, running: { nodeId, media, urls } }),
      egress: () => egressParts.studio.counts,
    },
  });
}
