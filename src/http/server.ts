// The HTTP side of the server: REST API, bootstrap of the SDKs, files, health and documentation in one application.
//
// It does not listen. `createListener` makes servers around it, so that one application answers on several ports with
// and without TLS, and sockets can be attached to the same servers.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { Registry } from 'prom-client';
import type { Access } from '../access/access.ts';
import { restCall } from '../access/rest-calls.ts';
import { badRequest, tooManyRequests } from '../errors.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { API_DOCUMENT } from './api-document.ts';
import { boundOpenRequests, Callers, OPEN_BODY_BYTES, releaseWhenAnswered } from './auth.ts';
import { parseBodies } from './body-parser.ts';
import { watchBodies } from './body-watch.ts';
import { CORS_HEADERS, CORS_OPTIONS, exposeRates } from './cors.ts';
import { handleError, handleNotFound } from './error-handler.ts';
import type { IsOwnHost } from './hosts.ts';
import { Links, type PublicUrl } from './links.ts';
import { refuseUnderPressure } from './pressure.ts';
import { measureRequests } from './request-metrics.ts';
import { type DashboardDeps, dashboardRoutes } from './routes/dashboard.ts';
import { docsRoutes } from './routes/docs.ts';
import { type Admission, type FileStore, fileRoutes } from './routes/files.ts';
import { type Draining, healthRoutes, type ReadinessCheck } from './routes/health.ts';
import { initConfigRoutes } from './routes/init-config.ts';
import { roomRoutes } from './routes/rooms.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { validatorCompiler } from './validation.ts';

export type HttpServer = FastifyInstance;

export interface HttpDeps {
  access: Access;
  /** Judges tokens for joining with what is known of who is in a meeting. */
  admission: Admission;
  rooms: Rooms;
  files: FileStore;
  /** Asked by `/readyz`, by name. */
  checks: Record<string, ReadinessCheck>;
  draining?: Draining;
  nodeId?: string;
  limits?: Limits;
  /** Addresses and CIDRs of proxies that are believed who calls. */
  trustedProxies?: readonly string[];
  publicUrl: PublicUrl;
  /** Names that the dashboard is served under beside addresses and `localhost`; any where it is left out. */
  isOwnHost?: IsOwnHost;
  /** Whether browsers are told to come back with TLS only. */
  strictTransport?: boolean;
  log: Logger;
  metrics?: Registry;
  /** What `/metrics` asks for. */
  metricsToken?: string | undefined;
  /** More routes under `/v2` for callers with a token. */
  v2?: readonly FastifyPluginAsyncTypebox[];
  /** More routes, from the root and without a token. */
  open?: (callers: Callers) => readonly FastifyPluginAsyncTypebox[];
  /** Sign-in and what the operator's pages call. */
  dashboard?: DashboardDeps;
}

const STRICT_TRANSPORT_S = 365 * 24 * 3600;
/** Of the rate of calls, which is counted per API key. */
const RATE_WINDOW_MS = 10_000;
const MAX_RATED_KEYS = 10_000;
/** Ids may be 256 characters, each of up to 12 when encoded. */
const MAX_PARAM_LENGTH = 3_072;
/** Ids that proxies in front give to requests; anything else could forge lines of the log. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/** Builds the application, ready to answer; `close()` it after its listeners. */
export async function createHttpServer(deps: HttpDeps): Promise<HttpServer> {
  const { metrics = new Registry(), limits = DEFAULT_LIMITS } = deps;
  const app = newApp(deps);
  parseBodies(app);
  measureRequests(app, metrics);
  await app.register(cors, CORS_OPTIONS);
  exposeRates(app);
  refuseUnderPressure(app, limits);
  requireHost(app);
  if (deps.strictTransport) askForTransportSecurity(app);
  watchBodies(app, limits);
  boundOpenRequests(app, limits);
  releaseWhenAnswered(app);
  await app.register(swagger, { openapi: API_DOCUMENT });
  requireTableEntries(app);
  await registerRoutes(app, { ...deps, metrics }, await createCallers(app, deps.access, limits));
  await app.ready();
  return app;
}

/** RFC 9112, section 3.2. Node would refuse it too, but without our headers and body. */
function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, reply, done) => {
    if (raw.httpVersionMinor === 0 || raw.headers.host) return done();
    reply.header('connection', 'close');
    done(badRequest('HOST_MISSING', 'The header Host is missing.'));
  });
}

/** RFC 6797: only over TLS, where plain requests can be changed on their way. */
function askForTransportSecurity(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.protocol === 'https') reply.header('strict-transport-security', `max-age=${STRICT_TRANSPORT_S}`);
    done();
  });
}

/** Every route of the REST API says whose it is, or the server does not start. */
function requireTableEntries(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url }) => {
    if (!/^\/v\d+(\/|$)/.test(url)) return;
    for (const each of [method].flat()) restCall(each, url);
  });
}

async function createCallers(app: FastifyInstance, access: Access, limits: Limits): Promise<Callers> {
  await app.register(rateLimit, {
    global: false,
    max: limits.restCalls,
    timeWindow: RATE_WINDOW_MS,
    cache: MAX_RATED_KEYS,
    enableDraftSpec: true,
    keyGenerator: ({ caller }) => caller.apiKey,
    errorResponseBuilder: (_request, { max, ttl }) =>
      tooManyRequests(`an API key may make ${max} calls in ${RATE_WINDOW_MS / 1000} s`, Math.ceil(ttl / 1000)),
  });
  const isKnown = (request: FastifyRequest) => access.hasSeen(request.headers.authorization);
  return new Callers({ limits, rateLimit: app.rateLimit(), isKnown });
}

function newApp({ log, trustedProxies = [] }: Pick<HttpDeps, 'log' | 'trustedProxies'>): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log.child({ part: 'http' });
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    // `Callers` raises it for those who have shown a token.
    bodyLimit: OPEN_BODY_BYTES,
    genReqId: requestId,
    requestIdHeader: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    // Of paths that cannot be read, for which no hook runs.
    frameworkErrors: (error, request, reply) =>
      handleError(error, request, reply.headers({ ...CORS_HEADERS, 'x-request-id': request.id })),
  });
  app.setValidatorCompiler(validatorCompiler);
  // Plain JSON: a serialiser made from the schemas would drop what they do not name.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  app.decorateRequest('caller').decorateRequest('release');
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  return app;
}

async function registerRoutes(
  app: FastifyInstance,
  deps: HttpDeps & { metrics: Registry },
  callers: Callers,
): Promise<void> {
  const { access, admission, rooms, files, checks, publicUrl, metrics, dashboard } = deps;
  const links = new Links(publicUrl);
  const restApi = async (scope: FastifyInstance) => {
    if (dashboard) tellOfChanges(scope, dashboard.dashboard.feed);
    await scope.register(roomRoutes({ rooms, links }), { prefix: '/v2/rooms' });
    await scope.register(sessionRoutes({ rooms, links }), { prefix: '/v2/sessions' });
    for (const routes of deps.v2 ?? []) await scope.register(routes, { prefix: '/v2' });
  };
  await app.register(async (v2) => {
    callers.require(v2, ({ method, routeOptions, headers }) =>
      access.authorizeRest(headers.authorization, restCall(method, routeOptions.url ?? '')),
    );
    await restApi(v2);
  });
  if (dashboard) {
    const { isOwnHost } = deps;
    const routes = dashboardRoutes({ ...dashboard, publicUrl, checks, callers, isOwnHost, restApi });
    await app.register(routes, { prefix: '/dashboard-api' });
  }
  await app.register(initConfigRoutes({ access, admission, rooms, callers }));
  await app.register(fileRoutes({ access, admission, rooms, files, links, callers }));
  const { draining, nodeId, metricsToken } = deps;
  await app.register(healthRoutes({ checks, draining, nodeId, metrics, metricsToken }));
  await app.register(docsRoutes({ publicUrl }));
  for (const routes of deps.open?.(callers) ?? []) await app.register(routes);
}

/** Sessions tell of their changes themselves; rooms are changed by requests alone. */
function tellOfChanges(scope: FastifyInstance, feed: DashboardDeps['dashboard']['feed']): void {
  scope.addHook('onResponse', async (request, reply) => {
    if (request.method === 'POST' && reply.statusCode < 300 && request.routeOptions.url?.includes('/v2/rooms')) {
      feed.changed('rooms');
    }
  });
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
