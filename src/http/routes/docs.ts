import scalar from '@scalar/fastify-api-reference';
import type { FastifyPluginAsync } from 'fastify';
import type { PublicUrl } from '../links.ts';

/** The reference page brings everything itself; this makes the browser refuse what it might still ask of others. */
const OWN_HOST_ONLY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
].join('; ');

/** `/openapi.json` and `/docs`: how the server is spoken to. */
export function docsRoutes({ publicUrl }: { publicUrl: PublicUrl }): FastifyPluginAsync {
  return async (app) => {
    // Written once for each address that we turn out to have: it is large, and anybody may ask for it.
    const written = { url: '', text: '' };
    app.get('/openapi.json', { schema: { hide: true }, config: { cors: false } }, async (_request, reply) => {
      const url = publicUrl();
      if (written.text === '' || written.url !== url) {
        written.url = url;
        written.text = JSON.stringify({ ...app.swagger(), servers: [{ url }] });
      }
      return reply.type('application/json; charset=utf-8').send(written.text);
    });

    await app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, cors: false };
      });
      scope.addHook('onSend', async (_request, reply) => {
        reply.header('content-security-policy', OWN_HOST_ONLY);
      });
      await scope.register(scalar, {
        routePrefix: '/docs',
        configuration: {
          url: '/openapi.json',
          pageTitle: 'Roomful API reference',
          // None of its own: the default one would be asked for where there is none.
          favicon: 'data:,',
          withDefaultFonts: false,
          telemetry: false,
          showDeveloperTools: 'never',
          agent: { disabled: true },
          mcp: { disabled: true },
          hideClientButton: true,
        },
      });
    });
  };
}
