import { PassThrough } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mintToken } from '../../access/mint.ts';
import { SIGN_IN_MAX_MS, type SignIns } from '../../access/sign-ins.ts';
import type { Dashboard } from '../../dashboard/dashboard.ts';
import { AppError } from '../../errors.ts';
import { DEFAULT_LIMITS, type Limits } from '../../limits.ts';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  CreateKeyBody,
  KeyParams,
  KeyRolesBody,
  MintBody,
  NodeParams,
  OverviewQuery,
  ROTATION_SECONDS,
  RoomsQuery,
  RotateKeyBody,
  SessionsQuery,
  SignInBody,
} from '../../protocol/rest/dashboard.ts';
import { QualityParams } from '../../protocol/rest/dashboard-quality.ts';
import { SessionIdParams } from '../../protocol/rest/sessions.ts';
import { ROLES } from '../../protocol/rest/tokens.ts';
import type { Callers } from '../auth.ts';
import { type IsOwnHost, requireOwnHost } from '../hosts.ts';
import type { PublicUrl } from '../links.ts';
import { refuseOtherSites, SignInCookie } from '../signed-in.ts';
import { liveRoute } from './dashboard-live.ts';
import { type ReadinessCheck, runChecks } from './health.ts';

export interface DashboardDeps {
  signIns: SignIns;
  dashboard: Dashboard;
  limits?: Pick<Limits, 'dashboardStreams'>;
  /** More routes for whoever is signed in. */
  routes?: readonly FastifyPluginAsyncTypebox[];
}

interface Deps extends DashboardDeps {
  publicUrl: PublicUrl;
  checks: Record<string, ReadinessCheck>;
  callers: Callers;
  isOwnHost?: IsOwnHost | undefined;
  /** The routes of the REST API, which the pages call as whoever is signed in. */
  restApi: (scope: FastifyInstance) => Promise<void>;
}

/** `/dashboard-api`: what our own pages call. */
export function dashboardRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const {
    signIns,
    dashboard,
    limits = DEFAULT_LIMITS,
    routes = [],
    publicUrl,
    checks,
    callers,
    restApi,
    isOwnHost,
  } = deps;
  const cookie = new SignInCookie(publicUrl);
  return async (app) => {
    app.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    if (isOwnHost) requireOwnHost(app, isOwnHost);
    refuseOtherSites(app, publicUrl);

    app.post('/sign-in', { schema: { body: SignInBody } }, async (request, reply) => {
      const { token } = await signIns
        .signIn(request.body, request.ip)
        .catch((error: unknown) => refuse(error, request));
      cookie.write(request, reply, token, SIGN_IN_MAX_MS / 1000);
      return { signedIn: true };
    });

    // Asked by every page as it opens: that nobody is signed in is an answer and no error.
    app.get('/me', async (request, reply) => {
      const signedIn = await signIns.authorize(cookie.read(request)).catch((error: unknown) => {
        if (error instanceof AppError && error.status === 401) return undefined;
        throw error;
      });
      if (!signedIn) return reply.type('application/json').send('null');
      const { expiresAt, ...caller } = signedIn;
      return { ...caller, expiresAt: expiresAt.toISOString(), ...(await dashboard.facts(caller)) };
    });

    app.post('/sign-out', async (request, reply) => {
      await signIns.signOut(cookie.read(request));
      cookie.write(request, reply, '', 0);
      return { signedIn: false };
    });

    await app.register(async (signedIn) => {
      callers.require(signedIn, async (request) => {
        const { apiKey, ownerId } = await signIns.authorize(cookie.read(request));
        return { apiKey, ownerId };
      });
      await signedIn.register(pageRoutes({ signIns, dashboard, limits, cookie, checks }));
      for (const more of routes) await signedIn.register(more);
      await restApi(signedIn);
    });
  };
}

/** Guessing leaves a trace. */
function refuse(error: unknown, request: FastifyRequest): never {
  if (error instanceof AppError) request.log.warn({ address: request.ip, code: error.code }, 'sign-in refused');
  throw error;
}

function pageRoutes(deps: {
  signIns: SignIns;
  dashboard: Dashboard;
  limits: Pick<Limits, 'dashboardStreams'>;
  cookie: SignInCookie;
  checks: Record<string, ReadinessCheck>;
}): FastifyPluginAsyncTypebox {
  const { signIns, dashboard, limits, cookie, checks } = deps;
  return async (app) => {
    liveRoute(app, {
      feed: dashboard.feed,
      maxPerOwner: limits.dashboardStreams,
      authorize: async (request) => void (await signIns.authorize(cookie.read(request))),
    });

    app.get('/overview', { schema: { querystring: OverviewQuery } }, ({ caller, query }) =>
      dashboard.overview(caller, query.range ?? '7d', knownTimeZone(query.timeZone)),
    );

    app.get('/rooms', { schema: { querystring: RoomsQuery } }, async ({ caller, query }) => {
      const paging = pagingOf(query);
      const found = await dashboard.rooms(caller, query, paging);
      return { pageInfo: pageInfo(paging, found.total), data: found.rooms };
    });

    app.get('/sessions', { schema: { querystring: SessionsQuery } }, async ({ caller, query }) => {
      const paging = pagingOf(query);
      const found = await dashboard.sessions(caller, query, paging);
      return { pageInfo: pageInfo(paging, found.total), data: found.sessions };
    });

    app.get('/sessions/:sessionId/timeline', { schema: { params: SessionIdParams } }, ({ caller, params }) =>
      dashboard.timeline(caller, params.sessionId),
    );

    app.get('/sessions/:sessionId/quality', { schema: { params: SessionIdParams } }, ({ caller, params }) =>
      dashboard.quality(caller, params.sessionId),
    );

    app.get('/sessions/:sessionId/quality/:participant', { schema: { params: QualityParams } }, ({ caller, params }) =>
      dashboard.participantQuality(caller, params.sessionId, params.participant),
    );

    app.get('/keys', async ({ caller }) => ({ data: await dashboard.keys(caller) }));

    app.post('/keys', { schema: { body: CreateKeyBody } }, ({ caller, body }) =>
      dashboard.createKey(caller, body.name),
    );

    app.post('/keys/:apiKey/rotate', { schema: { params: KeyParams, body: RotateKeyBody } }, async (request) => {
      const { caller, params, body } = request;
      const made = await dashboard.rotateKey(caller, params.apiKey, body.keepSeconds ?? ROTATION_SECONDS);
      const token = cookie.read(request);
      if (token && params.apiKey === caller.apiKey) await signIns.renew(token, made.secret);
      return made;
    });

    app.post('/keys/:apiKey/end-previous-secret', { schema: { params: KeyParams } }, async ({ caller, params }) => {
      await dashboard.endPreviousSecret(caller, params.apiKey);
      return { previousSecretUntil: null };
    });

    app.put('/keys/:apiKey/roles', { schema: { params: KeyParams, body: KeyRolesBody } }, async (request) => {
      const { caller, params, body } = request;
      await dashboard.requireRoles(caller, params.apiKey, body.required);
      return { rolesRequired: body.required };
    });

    app.post('/keys/:apiKey/disable', { schema: { params: KeyParams } }, async ({ caller, params }) => {
      await dashboard.disableKey(caller, params.apiKey);
      return { disabled: true };
    });

    app.post('/tokens', { schema: { body: MintBody } }, async ({ caller, body }) => {
      const { apiKey = caller.apiKey, roles = ROLES, ...options } = body;
      return { token: await mintToken(await dashboard.signingKey(caller, apiKey), { ...options, roles }) };
    });

    for (const [path, draining] of [
      ['/nodes/:nodeId/drain', true],
      ['/nodes/:nodeId/undrain', false],
    ] as const) {
      app.post(path, { schema: { params: NodeParams } }, async ({ caller, params }) => {
        await dashboard.setDraining(caller, params.nodeId, draining);
        return { draining };
      });
    }

    app.post('/doctor', async ({ caller, log }, reply) => {
      const examine = dashboard.examination(caller);
      const lines = new PassThrough();
      examine((line) => lines.write(`${JSON.stringify(line)}\n`))
        .catch((error: unknown) => log.error({ err: error }, 'examination broke off'))
        .finally(() => lines.end());
      return reply.type('application/x-ndjson').send(lines);
    });

    app.get('/system', async ({ caller }) => dashboard.system(caller, await runChecks(checks)));
  };
}

/** Days begin where the operator is; where that is not known, in UTC. */
function knownTimeZone(name = 'UTC'): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
