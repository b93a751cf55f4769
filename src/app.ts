// The only file that knows every folder: builds the parts by hand, starts them in order, stops them in reverse.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { Access } from './access/access.ts';
import { SignIns } from './access/sign-ins.ts';
import { certificateHosts, mediaAddresses, shownHost } from './addresses.ts';
import { createDoctor, type Urls } from './app-doctor.ts';
import {
  createEgress,
  createEgressStore,
  createStorage,
  type EgressParts,
  egressOfMeetings,
  egressOnlooker,
  splitMailbox,
} from './app-egress.ts';
import type { Config, ListenPort, Secrets, SettingInForce } from './config.ts';
import { Dashboard } from './dashboard/dashboard.ts';
import { Feed } from './dashboard/feed.ts';
import { loadCertificate, publicKeyHash } from './http/certificate.ts';
import { Links } from './http/links.ts';
import { createListener } from './http/listener.ts';
import { dashboardEgressRoutes } from './http/routes/dashboard-egresses.ts';
import { hlsRoutes } from './http/routes/hls.ts';
import { guestTokenRoutes, inviteRoutes } from './http/routes/invites.ts';
import { livestreamRoutes } from './http/routes/livestreams.ts';
import { mediaFileRoutes } from './http/routes/media-files.ts';
import { pageRoutes } from './http/routes/pages.ts';
import { recordingRoutes } from './http/routes/recordings.ts';
import { sessionStatsRoutes } from './http/routes/session-stats.ts';
import { watchingRoutes } from './http/routes/watching.ts';
import { publicKeyRoutes, webhookRoutes } from './http/routes/webhooks.ts';
import { createHttpServer } from './http/server.ts';
import { Mailbox } from './jobs/mailbox.ts';
import { urlOf } from './kit/addresses.ts';
import { DataLock } from './kit/data-lock.ts';
import { createOutbound } from './kit/outbound/outbound.ts';
import { StartError } from './kit/start-error.ts';
import type { Logger } from './log.ts';
import { Media } from './media/media.ts';
import { measureEgress, measureLive, measureNode, measureWebhooks } from './metrics.ts';
import { newObjectId } from './protocol/ids.ts';
import { Quality } from './quality/quality.ts';
import { LiveRooms } from './rooms/live-rooms.ts';
import { Node } from './rooms/node.ts';
import { Rooms } from './rooms/rooms.ts';
import { SignalingServer } from './signaling/server.ts';
import { ChangeChannel } from './store/change-channel.ts';
import { DashboardStore } from './store/dashboard-store.ts';
import { openDatabase } from './store/database.ts';
import { DeliveryQueue } from './store/delivery-queue.ts';
import { EmbeddedPostgres } from './store/embedded-postgres.ts';
import { FileStore } from './store/file-store.ts';
import { KeyStore } from './store/key-store.ts';
import { LiveStore } from './store/live-store.ts';
import { NodeBus } from './store/node-bus.ts';
import { NodeStore } from './store/node-store.ts';
import { QualityStore } from './store/quality-store.ts';
import { RoomStore } from './store/room-store.ts';
import { SessionQualityStore } from './store/session-quality-store.ts';
import { SessionStore } from './store/session-store.ts';
import { SignInStore } from './store/sign-in-store.ts';
import { TopicStore } from './store/topic-store.ts';
import { UploadStore } from './store/upload-store.ts';
import { WebhookStore } from './store/webhook-store.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** What set-up builds of `web/`. */
const PAGES_FOLDER = join(import.meta.dirname, '..', 'dist', 'web');

export interface FirstKey {
  apiKey: string;
  secret: string;
  ownerId: string;
  created: boolean;
}

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
const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

type Undo = () => Promise<unknown> | unknown;

export class App {
  readonly httpUrl: string | undefined;
  readonly httpsUrl: string | undefined;
  readonly publicUrl: string;
  readonly firstKey: FirstKey;
  readonly #undo: Undo[];
  #stopping: Promise<void> | undefined;

  private constructor(facts: Omit<Started, 'undo'>, undo: Undo[]) {
    this.httpUrl = facts.httpUrl;
    this.httpsUrl = facts.httpsUrl;
    this.publicUrl = facts.publicUrl;
    this.firstKey = facts.firstKey;
    this.#undo = undo;
  }

  /** Starts everything, or undoes what had been started and throws. */
  static async start(
    config: Config,
    secrets: Secrets,
    log: Logger,
    { settings = [], ...others }: OtherParts & { settings?: readonly SettingInForce[] } = {},
  ): Promise<App> {
    const undo: Undo[] = [];
    try {
      const started = await startParts({ config, secrets, log, settings, others }, undo);
      return new App(started, undo);
    } catch (error) {
      await unwind(undo);
      throw error;
    }
  }

  /** Drains and stops everything, in reverse order. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= unwind(this.#undo);
    return this.#stopping;
  }
}

interface Started {
  httpUrl: string | undefined;
  httpsUrl: string | undefined;
  publicUrl: string;
  firstKey: FirstKey;
}

async function unwind(undo: Undo[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

async function startParts(given: Given, undo: Undo[]): Promise<Started> {
  const { config, secrets, log, settings, others } = given;
  const { dataDir } = config;
  makeFolder(dataDir);
  const lock = DataLock.acquire(dataDir);
  undo.push(() => lock.release());
  const nodeId = keptNodeId(dataDir);

  const databaseUrl = secrets.databaseUrl ?? (await startEmbedded(dataDir, log, undo));
  const { db } = await openDatabase(databaseUrl);
  undo.push(() => db.destroy());
  const keyStore = new KeyStore(db);
  const access = new Access(keyStore);
  const firstKey = await access.keys.ensureFirstKey(secrets.firstKey);

  const addresses = mediaAddresses(config);
  const media = new Media({ ...config.media, ...addresses, log: log.child({ part: 'media' }) });
  undo.push(() => media.stop());
  const mailbox = new Mailbox({ databaseUrl, nodeId, log });
  undo.push(() => mailbox.stop());
  await Promise.all([config.roles.includes('media') && media.start(), mailbox.start()]);

  const egressStore = createEgressStore(db, mailbox);
  let egressParts: EgressParts;
  const liveStore = new LiveStore({
    db,
    nodeId,
    send: (tx, job, startAt) => mailbox.send(nodeId, job, { tx, startAt }),
    onSessionEnd: (tx, sessionId, at) => egressStore.sessionEnds(tx, sessionId, at),
  });
  const liveRooms = new LiveRooms({
    store: liveStore,
    topicStore: new TopicStore(db),
    media,
    onlooker: egressOnlooker(() => egressParts, log),
    log: log.child({ part: 'rooms' }),
  });
  media.on('workerDied', ({ peers }) => liveRooms.mediaLost(peers));

  const urls: Urls = { public: config.publicUrl ?? '', http: undefined, https: undefined };
  const tls = config.httpsPort === undefined ? undefined : await certificate(config);
  const nodeStore = new NodeStore(db);
  const node = new Node({
    id: nodeId,
    roles: config.roles,
    publicUrl: () => urls.public,
    certificate: tls && publicKeyHash(tls),
    egress: {
      hasBrowser: config.egress.browser !== undefined,
      freeSlots: () => egressParts.studio.freeSlots,
    },
    store: nodeStore,
    onDrainChanged: () => feed.changed('nodes'),
    mailbox: splitMailbox(mailbox, (command) => egressParts.egress.obey(command)),
    rooms: liveRooms,
    endLostSessions: (id, lastSeen) => liveStore.endLostSessions(id, lastSeen),
    log: log.child({ part: 'node', node: nodeId }),
  });
  const outbound = createOutbound({ allow: config.outboundAllow });
  undo.push(() => outbound.close());
  const rooms = new Rooms({
    rooms: new RoomStore(db),
    sessions: new SessionStore(db),
    live: node,
    checkUrl: (url) => outbound.checkUrl(url),
  });

  const uploadStore = new UploadStore(db);
  const storage = await createStorage(config, secrets);
  undo.push(() => storage.close());
  egressParts = createEgress({
    ...others,
    config,
    storage,
    nodeId,
    store: egressStore,
    uploads: uploadStore,
    rooms,
    liveRooms,
    media,
    access,
    outbound,
    bus: new NodeBus({ db, url: databaseUrl, nodeId, log }),
    address: config.egress.address ?? addresses.announcedAddress ?? addresses.listenAddress,
    installation: async () => {
      const { publicUrls, certificates } = await nodeStore.reach();
      return { hosts: hostsOf([urls.http, urls.https, urls.public, ...publicUrls]), certificates };
    },
    isOver: async (sessionId) => (await nodeStore.ofSession(sessionId)) === undefined,
    log,
  });
  const { egress, studio, uploads, remote, successors } = egressParts;
  undo.push(() => uploads.stop());

  const feed = new Feed({ channel: new ChangeChannel(db, databaseUrl), log: log.child({ part: 'dashboard' }) });
  undo.push(() => feed.stop());
  const quality = new Quality({
    store: new QualityStore(db),
    present: () => liveRooms.present(),
    readStreams: () => media.readStreams(),
    onSampled: () => feed.changed('quality'),
    log: log.child({ part: 'quality' }),
  });
  const metrics = new Registry();
  measureLive(metrics, { rooms: liveRooms, media });
  measureNode(metrics, node);
  measureEgress(metrics, studio, () => uploadStore.pendingUploads(nodeId));
  const attempts = measureWebhooks(metrics);
  const webhooks = await Webhooks.create({
    queue: new DeliveryQueue(db, databaseUrl),
    store: new WebhookStore(db),
    outbound,
    log,
    nodeId,
    metrics: {
      attempted: (facts) => {
        attempts.attempted(facts);
        feed.changed('deliveries');
      },
    },
  });
  undo.push(() => webhooks.stop());
  const links = new Links(() => urls.public);
  const dashboard = new Dashboard({
    store: new DashboardStore(db),
    quality: new SessionQualityStore(db),
    nodes: nodeStore,
    keys: access.keys,
    feed,
    installation: {
      version: VERSION,
      nodeId,
      dataDir,
      operatorId: firstKey.ownerId,
      keyFromSettings: secrets.firstKey?.apiKey,
      publicUrl: () => urls.public,
      settings,
      workers: () => workersOf(media),
      doctor: () => createDoctor({ config, secrets, databaseUrl, running: { nodeId, media, urls } }),
      egress: () => studio.counts,
    },
  });
  const http = await createHttpServer({
    access,
    dashboard: {
      dashboard,
      signIns: new SignIns({ store: new SignInStore(db), keys: keyStore }),
      routes: [dashboardEgressRoutes({ dashboard, egress, links })],
    },
    rooms,
    files: new FileStore(db, dataDir),
    checks: {
      database: () => sql`select 1`.execute(db),
      media: async () => {
        if (config.roles.includes('media') && !media.ready) throw new Error('a media worker is being replaced');
      },
    },
    draining: () => node.draining(),
    nodeId,
    publicUrl: () => urls.public,
    log,
    metrics,
    v2: [
      webhookRoutes({ webhooks }),
      inviteRoutes({ access, rooms, publicUrl: () => urls.public }),
      prefixed('/sessions', sessionStatsRoutes({ rooms, quality })),
      prefixed('/recordings', recordingRoutes({ egress, links })),
      prefixed('/hls', hlsRoutes({ egress, links })),
      prefixed('/livestreams', livestreamRoutes({ egress, links })),
    ],
    open: [
      publicKeyRoutes({ webhooks }),
      mediaFileRoutes({ egress }),
      guestTokenRoutes({ access }),
      prefixed('/watch-api', watchingRoutes({ egress, rooms, links })),
      pageRoutes({ folder: PAGES_FOLDER, mediaOrigins: () => otherOrigins(nodeStore, urls.public) }),
    ],
  });
  undo.push(() => http.close());
  const signaling = new SignalingServer({
    services: {
      admit: async (token, roomId, participantId) => {
        const grant = await access.authorizeJoin(token);
        return { facts: await rooms.joinable(grant, roomId, participantId), grant };
      },
      openRoom: (facts) => liveRooms.open(facts),
      rtpCapabilities: () => media.rtpCapabilities,
      egress: egressOfMeetings(egress),
    },
    publicUrl: () => urls.public,
    log,
  });
  undo.push(() => signaling.close());

  // Sessions of an earlier life end before anybody can join again.
  await node.recover();
  const listen = (port: ListenPort, make: () => Promise<Server>, scheme: string) =>
    port === undefined ? undefined : openListener({ config, port, make, scheme, signaling, undo });
  urls.http = await listen(config.httpPort, async () => createListener(http), 'http');
  urls.https = await listen(config.httpsPort, async () => createListener(http, tls), 'https');
  urls.public ||= urls.https ?? urls.http ?? '';
  await feed.start();
  await remote.start();
  undo.push(() => remote.stop());
  await node.start();
  undo.push(() => studio.stop());
  undo.push(() => node.stop());
  successors.start();
  undo.push(() => successors.stop());
  await quality.start();
  undo.push(() => quality.stop());
  // What this node left unfinished is finished under the addresses it has now.
  await studio.start();
  await uploads.start();
  if (config.roles.includes('api')) await webhooks.start();
  return { httpUrl: urls.http, httpsUrl: urls.https, publicUrl: urls.public, firstKey };
}

/** `host:port` of each address. */
function hostsOf(addresses: readonly (string | undefined)[]): string[] {
  const urls = addresses.flatMap((address) => (address ? new URL(address) : []));
  return [...new Set(urls.map((url) => `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`))];
}

function prefixed(prefix: string, routes: FastifyPluginAsyncTypebox): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(routes, { prefix });
  };
}

/** Where other nodes of the deployment hand out their streams and recordings. */
async function otherOrigins(nodes: NodeStore, publicUrl: string): Promise<string[]> {
  const { publicUrls } = await nodes.reach();
  const origins = publicUrls.map((url) => URL.parse(url)?.origin ?? '');
  return [...new Set(origins)].filter((origin) => origin && origin !== URL.parse(publicUrl)?.origin);
}

function workersOf(media: Media) {
  return media.workers.map(({ index, worker, rooms, peers, consumers }) => ({
    index,
    pid: worker.pid,
    rooms,
    people: peers.size,
    consumers,
  }));
}

async function startEmbedded(dataDir: string, log: Logger, undo: Undo[]): Promise<string> {
  const postgres = await EmbeddedPostgres.start({ dataDir, log });
  undo.push(() => postgres.stop());
  return postgres.url;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new StartError(`The data folder ${folder} could not be made: ${(error as Error).message}`);
  }
}

/** A node keeps its id, so that after a crash it finds the sessions and deliveries that were its own. */
function keptNodeId(dataDir: string): string {
  const file = join(dataDir, 'node-id');
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{24}$/.test(kept)) return kept;
  } catch {
    // The first start in this folder.
  }
  const made = newObjectId();
  writeFileSync(file, `${made}\n`);
  return made;
}

function certificate(config: Config) {
  return loadCertificate({ files: config.tlsFiles, dataDir: config.dataDir, hosts: certificateHosts(config) });
}

async function openListener(options: {
  config: Config;
  port: number;
  make: () => Promise<Server>;
  scheme: string;
  signaling: SignalingServer;
  undo: Undo[];
}): Promise<string> {
  const { config, port, make, scheme, signaling, undo } = options;
  const server = await make();
  signaling.attach(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, scheme, config.host, port)));
    server.listen(port, config.host, resolve);
  });
  undo.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const host = shownHost(config);
  const bound = (server.address() as AddressInfo).port;
  return urlOf(scheme, host, bound);
}

function listenError(error: NodeJS.ErrnoException, scheme: string, host: string, port: number): StartError {
  const setting = scheme === 'https' ? 'ROOMFUL_HTTPS_PORT' : 'ROOMFUL_HTTP_PORT';
  if (error.code === 'EADDRINUSE') {
    return new StartError(`Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${setting}.`);
  }
  if (error.code === 'EACCES')
    return new StartError(`Port ${port} may not be bound by this user; choose another with ${setting}.`);
  return new StartError(`Port ${port} on ${host} could not be bound: ${error.message}`);
}
