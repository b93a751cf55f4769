import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import {
  ChangeSettingsBody,
  DeliveryBody,
  DeliveryDetailBody,
  DeliveryIdParams,
  DeliveryPage,
  EnabledBody,
  EndpointBody,
  EndpointsBody,
  ListDeliveriesQuery,
  PublicKeyBody,
  ReplayBody,
  ReplayedBody,
  SettingsBody,
  TestResultBody,
  TestWebhookBody,
} from '../../protocol/rest/webhooks.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { documented } from '../documented.ts';
import { warningsFor } from '../warnings.ts';

const doc = documented('Webhooks');

/** What the settings answer can be sent back with. */
const SETTINGS_READ_ONLY = new Set(Object.keys(SettingsBody.properties));

/** `/webhooks`, to be registered under `/v2`. */
export function webhookRoutes({ webhooks }: { webhooks: Webhooks }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/webhooks/deliveries',
      { schema: doc('List deliveries', { querystring: ListDeliveriesQuery, ok: DeliveryPage }) },
      async ({ caller, query }) => {
        const { page: _page, perPage: _perPage, ...filter } = query;
        const paging = pagingOf(query);
        const found = await webhooks.deliveries(caller, filter, paging);
        return { pageInfo: pageInfo(paging, found.total), data: found.deliveries };
      },
    );

    app.get(
      '/webhooks/deliveries/:id',
      { schema: doc('Get a delivery with its attempts', { params: DeliveryIdParams, ok: DeliveryDetailBody }) },
      ({ caller, params }) => webhooks.delivery(caller, params.id),
    );

    app.post(
      '/webhooks/deliveries/:id/replay',
      { schema: doc('Send a delivery again', { params: DeliveryIdParams, ok: DeliveryBody }) },
      ({ caller, params }) => webhooks.replay(caller, params.id),
    );

    app.post(
      '/webhooks/deliveries/replay',
      { schema: doc('Send many deliveries again, at most 10,000 at a time', { body: ReplayBody, ok: ReplayedBody }) },
      async (request) => ({
        replayed: await webhooks.replayAll(request.caller, rangeOf(request.body)),
        ...warningsFor(request, ReplayBody),
      }),
    );

    app.get(
      '/webhooks/endpoints',
      { schema: doc('Health of every receiver', { ok: EndpointsBody }) },
      async ({ caller }) => ({ data: await webhooks.endpoints(caller) }),
    );

    app.post(
      '/webhooks/endpoints/enable',
      { schema: doc('Enable a receiver that answered 410', { body: EndpointBody, ok: EnabledBody }) },
      async ({ caller, body }) => {
        await webhooks.enableEndpoint(caller, body.url);
        return { url: body.url, disabled: null };
      },
    );

    app.post(
      '/webhooks/test',
      { schema: doc('Send a sample event now', { body: TestWebhookBody, ok: TestResultBody }) },
      ({ caller, body }) => webhooks.test(caller, body.url, body.type ?? 'session-started'),
    );

    app.get(
      '/webhooks/settings',
      { schema: doc("Get the API key's own receiver", { ok: SettingsBody }) },
      ({ caller }) => webhooks.settings(caller),
    );

    app.put(
      '/webhooks/settings',
      { schema: doc("Set the API key's own receiver", { body: ChangeSettingsBody, ok: SettingsBody }) },
      async (request) => {
        const { endPoint, events } = request.body;
        const settings = { ...(endPoint && { endPoint }), ...(events && { events }) };
        const changed = await webhooks.changeSettings(request.caller, settings);
        return { ...changed, ...warningsFor(request, ChangeSettingsBody, SETTINGS_READ_ONLY) };
      },
    );
  };
}

/** `/v2/public/rsa-public-key`, from the root and without a token: receivers fetch it bare. */
export function publicKeyRoutes({ webhooks }: { webhooks: Webhooks }): FastifyPluginAsyncTypebox {
  const { security: _security, ...schema } = doc('Get the key that verifies webhooks', { ok: PublicKeyBody });
  return async (app) => {
    app.get('/v2/public/rsa-public-key', { schema }, async () => ({ publicKey: webhooks.publicKeyPem() }));
  };
}

function rangeOf({ from, to, status, sessionId, roomId, type, url }: ReplayBody) {
  return {
    status: status ?? ('dead' as const),
    sessionId,
    roomId,
    type,
    url,
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  };
}
