// What people and programs reach: the application that answers requests, and the sockets of the SDKs.
import { join } from 'node:path';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { sql } from 'kysely';
import type { Registry } from 'prom-client';
import { SignIns } from '../access/sign-ins.ts';
import type { Config, Secrets } from '../config.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import { Links } from '../http/links.ts';
import { dashboardEgressRoutes } from '../http/routes/dashboard-egresses.ts';
import { hlsRoutes } from '../http/routes/hls.ts';
import { guestTokenRoutes, inviteRoutes } from '../http/routes/invites.ts';
import { livestreamRoutes } from '../http/routes/livestreams.ts';
import { mediaFileRoutes } from '../http/routes/media-files.ts';
import { pageRoutes } from '../http/routes/pages.ts';
import { recordingRoutes } from '../http/routes/recordings.ts';
import { sessionStatsRoutes } from '../http/routes/session-stats.ts';
import { watchingRoutes } from '../http/routes/watching.ts';
import { publicKeyRoutes, webhookRoutes } from '../http/routes/webhooks.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import type { Logger } from '../log.ts';
import type { Quality } from '../quality/quality.ts';
import { SignalingServer } from '../signaling/server.ts';
import { FileStore } from '../store/file-store.ts';
import { FileSweep } from '../store/file-sweep.ts';
import type { NodeStore } from '../store/node-store.ts';
import { SignInStore } from '../store/sign-in-store.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { type EgressParts, egressOfMeetings } from './egress.ts';
import type { Ground } from './ground.ts';
import type { Urls } from './listeners.ts';
import type { Meetings } from './meetings.ts';
import { ownHosts } from './own-hosts.ts';
import type { Undo } from './undo.ts';

/** What set-up builds of `web/`. */
const PAGES_FOLDER = join(import.meta.dirname, '..', '..', 'dist', 'web');

interface FrontDeps {
  config: Config;
  secrets: Secrets;
  ground: Ground;
  meetings: Meetings;
  egress: EgressParts['egress'];
  webhooks: Webhooks;
  quality: Quality;
  dashboard: Dashboard;
  metrics: Registry;
  urls: Urls;
  log: Logger;
}

export interface FrontDoors {
  http: HttpServer;
  signaling: SignalingServer;
}

/** Builds both; neither listens yet. */
export async function createFrontDoors(deps: FrontDeps, undo: Undo): Promise<FrontDoors> {
  const { config, ground, log } = deps;
  const sweep = new FileSweep({
    db: ground.db,
    dataDir: config.dataDir,
    limits: config.limits,
    log: log.child({ part: 'files' }),
  });
  undo.push(() => sweep.stop());
  await sweep.start();
  const http = await createHttp(deps);
  undo.push(() => http.close());
  const signaling = createSignaling(deps);
  undo.push(() => signaling.close());
  return { http, signaling };
}

function createHttp(deps: FrontDeps): Promise<HttpServer> {
  const { config, secrets, ground, meetings, egress, webhooks, quality, dashboard, metrics, urls, log } = deps;
  const { db, access, nodeId, keyStore, media } = ground;
  const { rooms, node, nodeStore, admission } = meetings;
  const publicUrl = () => urls.public;
  const links = new Links(publicUrl);
  const isOwnHost = ownHosts({ config, urls, nodes: nodeStore });
  return createHttpServer({
    access,
    admission,
    dashboard: {
      dashboard,
      limits: config.limits,
      signIns: new SignIns({ store: new SignInStore(db), keys: keyStore }),
      routes: [dashboardEgressRoutes({ dashboard, egress, links })],
    },
    rooms,
    files: new FileStore(db, config.dataDir, config.limits),
    checks: {
      database: () => sql`select 1`.execute(db),
      media: async () => config.roles.includes('media') && (await media.check()),
    },
    draining: () => node.draining(),
    nodeId,
    limits: config.limits,
    trustedProxies: config.trustedProxies,
    publicUrl,
    isOwnHost,
    // With a certificate of our own, a visit without TLS is what is left when it has changed.
    strictTransport: config.tlsFiles !== undefined && config.httpsPort === 443,
    log,
    metrics,
    metricsToken: secrets.metricsToken,
    v2: [
      webhookRoutes({ webhooks }),
      inviteRoutes({ access, rooms, publicUrl }),
      prefixed('/sessions', sessionStatsRoutes({ rooms, quality })),
      prefixed('/recordings', recordingRoutes({ egress, links })),
      prefixed('/hls', hlsRoutes({ egress, links })),
      prefixed('/livestreams', livestreamRoutes({ egress, links })),
    ],
    open: (callers) => [
      guestTokenRoutes({ access, callers }),
      publicKeyRoutes({ webhooks }),
      mediaFileRoutes({ egress }),
      prefixed('/watch-api', watchingRoutes({ egress, rooms, links })),
      pageRoutes({ folder: PAGES_FOLDER, mediaOrigins: () => otherOrigins(nodeStore, urls.public), isOwnHost }),
    ],
  });
}

function createSignaling({ config, ground, meetings, egress, urls, log }: FrontDeps): SignalingServer {
  const { media } = ground;
  const { liveRooms, admission } = meetings;
  return new SignalingServer({
    services: {
      admit: admission.admit,
      openRoom: (facts) => liveRooms.open(facts),
      rtpCapabilities: () => media.rtpCapabilities,
      egress: egressOfMeetings(egress),
    },
    publicUrl: () => urls.public,
    limits: config.limits,
    log,
  });
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
