// The folder that knows every other: builds the parts by hand, starts them in order, stops them in reverse.
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import type { Node } from '../cluster/node.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../config/secrets.ts';
import type { SettingInForce } from '../config/settings.ts';
import { Dashboard } from '../dashboard/dashboard.ts';
import { Feed } from '../dashboard/feed.ts';
import type { Storage } from '../egress/storage/storage.ts';
import { inBackground } from '../kit/in-background.ts';
import { createOutbound, type Outbound } from '../kit/outbound/outbound.ts';
import type { Logger } from '../log.ts';
import { Quality } from '../quality/quality.ts';
import { NodeBus } from '../store/cluster/node-bus.ts';
import { ChangeChannel } from '../store/dashboard/change-channel.ts';
import { DashboardStore } from '../store/dashboard/dashboard-store.ts';
import { SessionQualityStore } from '../store/dashboard/session-quality-store.ts';
import { RemovalStore } from '../store/egress/removal-store.ts';
import { UploadStore } from '../store/egress/upload-store.ts';
import { QualityStore } from '../store/live/quality-store.ts';
import { DeliveryQueue } from '../store/webhooks/delivery-queue.ts';
import { WebhookStore } from '../store/webhooks/webhook-store.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { mediaAddresses } from './addresses.ts';
import { claimDataFolder } from './data-folder.ts';
import { createDoctor } from './doctor.ts';
import { createEgress, createEgressStore, createStorage, type EgressParts, egressObserver } from './egress.ts';
import { createFrontDoors } from './front-doors.ts';
import { createInfrastructure, type FirstKey, type Infrastructure } from './infrastructure.ts';
import { certificateOf, Listeners, type Urls } from './listeners.ts';
import { createMeetings, type Meetings } from './meetings.ts';
import { measureEgress, measureLive, measureNode, measureWebhooks } from './metrics.ts';
import { createNode } from './node.ts';

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
  readonly #stack: AsyncDisposableStack;
  readonly #log: Logger;
  #stopping: Promise<void> | undefined;

  private constructor({ urls, firstKey }: Started, stack: AsyncDisposableStack, log: Logger) {
    this.httpUrl = urls.http;
    this.httpsUrl = urls.https;
    this.publicUrl = urls.public;
    this.firstKey = firstKey;
    this.#stack = stack;
    this.#log = log;
  }

  /** Starts everything, or stops what had been started and throws. */
  static async start(
    config: Config,
    secrets: Secrets,
    log: Logger,
    { settings = [], ...others }: OtherParts & { settings?: readonly SettingInForce[] } = {},
  ): Promise<App> {
    const stack = new AsyncDisposableStack();
    try {
      const started = await startParts({ config, secrets, log, settings, others }, stack);
      return new App(started, stack, log);
    } catch (error) {
      await stop(stack, log);
      throw error;
    }
  }

  /** Drains and stops everything, in reverse order. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= stop(this.#stack, this.#log);
    return this.#stopping;
  }
}

/** In reverse order; a part that cannot be stopped keeps no other from it. */
async function stop(stack: AsyncDisposableStack, log: Logger): Promise<void> {
  try {
    await stack.disposeAsync();
  } catch (error) {
    log.error({ err: error }, 'not every part could be stopped');
  }
}

interface Started {
  urls: Urls;
  firstKey: FirstKey;
}

/** What every part of the product is built with. */
interface Parts {
  infrastructure: Infrastructure;
  urls: Urls;
  outbound: Outbound;
  meetings: Meetings;
  node: Node;
  egressParts: EgressParts;
  uploadStore: UploadStore;
  feed: Feed;
}

async function startParts(given: Given, stack: AsyncDisposableStack): Promise<Started> {
  const { config, log } = given;
  const addresses = await mediaAddresses(config);
  const nodeId = claimDataFolder(config.dataDir, log, stack);
  const listeners = await Listeners.bind(config, stack);
  const { urls } = listeners;
  const tls = await certificateOf(config);
  const infrastructure = await createInfrastructure(given, { nodeId, addresses }, stack);
  const { db, databaseUrl } = infrastructure;
  const outbound = createOutbound({ allow: config.outboundAllow });
  stack.defer(() => outbound.close());
  const feed = new Feed({ channel: new ChangeChannel(db, databaseUrl), log: log.child({ part: 'dashboard' }) });
  stack.defer(() => feed.stop());

  const egressStore = createEgressStore(db, infrastructure.mailbox, config.limits);
  const uploadStore = new UploadStore(db);
  const storage = await createStorage(config, given.secrets);
  stack.defer(() => storage.close());
  warnOfStorage(storage, config, log);
  const meetings = createMeetings({
    config,
    infrastructure,
    outbound,
    egressStore,
    maxKeyBytes: storage.maxKeyBytes,
    log,
  });
  const egressParts = createEgress({
    ...given.others,
    config,
    infrastructure,
    meetings,
    urls,
    storage,
    store: egressStore,
    uploads: uploadStore,
    removals: new RemovalStore(db),
    outbound,
    messages: new NodeBus({ db, url: databaseUrl, nodeId, log }),
    log,
  });
  meetings.liveRooms.observe(egressObserver(egressParts, log));
  const onDrainChanged = () => feed.changed('nodes');
  const node = createNode({ config, infrastructure, urls, tls, meetings, egressParts, onDrainChanged, log });
  const { egress, runner, uploads, removals, remote, failover, stopRetries } = egressParts;
  stack.defer(() => uploads.stop());
  stack.defer(() => removals.stop());
  stack.defer(() => stopRetries());

  const parts: Parts = { infrastructure, urls, outbound, meetings, node, egressParts, uploadStore, feed };
  const quality = createQuality(given, parts);
  const metrics = new Registry();
  const webhooks = await createWebhooks(given, parts, metrics);
  stack.defer(() => webhooks.stop());
  measure(metrics, parts);
  const dashboard = createDashboard(given, parts);
  const doors = await createFrontDoors(
    {
      config,
      secrets: given.secrets,
      infrastructure,
      meetings,
      node,
      egress,
      webhooks,
      quality,
      dashboard,
      metrics,
      urls,
      log,
    },
    stack,
  );

  // Sessions of an earlier life end before anybody can join again.
  await node.recover();
  await listeners.serve({ config, ...doors, tls, log }, stack);
  await feed.start();
  await remote.start();
  stack.defer(() => remote.stop());
  await node.start();
  stack.defer(() => runner.stop());
  stack.defer(() => node.stop());
  failover.start();
  stack.defer(() => failover.stop());
  await quality.start();
  stack.defer(() => quality.stop());
  // What this node left unfinished is finished under the addresses it has now.
  await runner.start();
  await uploads.start();
  await removals.start();
  if (config.roles.includes('api')) await webhooks.start();
  return { urls, firstKey: infrastructure.firstKey };
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

function createQuality({ log }: Given, { infrastructure, meetings, feed }: Parts): Quality {
  return new Quality({
    store: new QualityStore(infrastructure.db),
    present: () => meetings.liveRooms.present(),
    readStreams: () => infrastructure.media.readStreams(),
    onSampled: () => feed.changed('quality'),
    log: log.child({ part: 'quality' }),
  });
}

async function createWebhooks(
  { config, log }: Given,
  { infrastructure, outbound, feed }: Parts,
  metrics: Registry,
): Promise<Webhooks> {
  const { db, databaseUrl, nodeId } = infrastructure;
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

function measure(metrics: Registry, { infrastructure, meetings, node, egressParts, uploadStore }: Parts): void {
  measureLive(metrics, { rooms: meetings.liveRooms, media: infrastructure.media });
  measureNode(metrics, node);
  measureEgress(metrics, egressParts.runner, () => uploadStore.pendingUploads(infrastructure.nodeId));
}

function createDashboard({ config, secrets, settings }: Given, parts: Parts): Dashboard {
  const { infrastructure, urls, meetings, egressParts, feed } = parts;
  const { db, databaseUrl, nodeId, media, firstKey } = infrastructure;
  return new Dashboard({
    store: new DashboardStore(db),
    quality: new SessionQualityStore(db),
    nodes: meetings.nodeStore,
    keys: infrastructure.access.keys,
    feed,
    installation: {
      version: VERSION,
      nodeId,
      dataDir: config.dataDir,
      operatorId: firstKey.ownerId,
      keyFromSettings: secrets.firstKey?.apiKey,
      publicUrl: urls.public,
      settings,
      workers: () => media.placement.loads().map(({ peers, ...load }) => ({ ...load, people: peers })),
      doctor: () => createDoctor({ config, secrets, databaseUrl, running: { nodeId, media, urls } }),
      egress: () => egressParts.runner.counts,
    },
  });
}
