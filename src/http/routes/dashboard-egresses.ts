import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Caller } from '../../access/access.ts';
import type { Dashboard } from '../../dashboard/dashboard.ts';
import type { Egress } from '../../egress/egress.ts';
import { pageInfo, pagingOf } from '../../protocol/rest/common.ts';
import { EgressesQuery, EgressParams } from '../../protocol/rest/dashboard.ts';
import type { Links } from '../links.ts';
import { presentForOwner } from '../present-egress.ts';

/** `/dashboard-api/egresses`: recordings, HLS streams and livestreams as the dashboard lists and shows them. */
export function dashboardEgressRoutes(deps: {
  dashboard: Dashboard;
  egress: Egress<Caller>;
  links: Links;
}): FastifyPluginAsyncTypebox {
  const { dashboard, egress, links } = deps;
  return async (app) => {
    app.get('/egresses', { schema: { querystring: EgressesQuery } }, async ({ caller, query }) => {
      const paging = pagingOf(query);
      const found = await dashboard.egresses(caller, query, paging);
      return { pageInfo: pageInfo(paging, found.total), data: found.egresses };
    });

    app.get('/egresses/:kind/:egressId', { schema: { params: EgressParams } }, async ({ caller, params }) => {
      const shown = await egress.get(caller, params.kind, params.egressId);
      return presentForOwner(shown, await dashboard.egress(caller, shown.egress.id), links);
    });
  };
}
