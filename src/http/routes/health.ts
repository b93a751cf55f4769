import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginAsync } from 'fastify';
import type { Registry } from 'prom-client';
import { shared } from '../../kit/shared.ts';

/** Resolves when a part can do its work, rejects with the reason when it cannot. */
export type ReadinessCheck = () => Promise<unknown>;

/** A check that takes longer than this has failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** What is left on a node that takes no new sessions; nothing on one that does. */
export type Draining = () => Promise<{ state: 'draining' | 'drained'; left: Record<string, number> } | undefined>;

/** `/healthz`, `/readyz`, `/metrics` and `/ping`: for those who run the server, and for the SDK's connection test. */
export function healthRoutes(deps: {
  checks: Record<string, ReadinessCheck>;
  draining?: Draining | undefined;
  /** Told by `/healthz`, so that it can be seen which of several servers an address leads to. */
  nodeId?: string | undefined;
  metrics: Registry;
}): FastifyPluginAsync {
  const { checks, draining, nodeId, metrics } = deps;
  return async (app) => {
    const hidden = { schema: { hide: true }, config: { openAs: 'none' as const } };
    // Always answered, so whoever asks again and again must not make them cost more.
    const check = shared(() => runChecks(checks));
    const drained = shared(async () => draining?.());
    const measured = shared(() => metrics.metrics());
    app.get('/healthz', hidden, async () => ({ status: 'ok', node: nodeId }));

    app.get('/readyz', hidden, async (_request, reply) => {
      const results = await check();
      const ready = Object.values(results).every((result) => result === 'ok');
      if (!ready) return reply.code(503).send({ status: 'not ready', checks: results });
      const drain = await drained();
      if (!drain) return { status: 'ok', checks: results };
      // While sessions are left, their people have to get in and back in by the address that is asked about here.
      const { state, left } = drain;
      return reply.code(state === 'drained' ? 503 : 200).send({ status: state, checks: results, left });
    });

    app.get('/metrics', hidden, async (_request, reply) => reply.type(metrics.contentType).send(await measured()));

    app.get('/ping', hidden, async (_request, reply) => reply.type('text/plain; charset=utf-8').send('pong'));
  };
}

/** Runs all of them at once and says `ok` or the reason, by name. */
export async function runChecks(checks: Record<string, ReadinessCheck>): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
  );
  return Object.fromEntries(entries);
}

async function outcome(check: ReadinessCheck): Promise<string> {
  const patience = new AbortController();
  try {
    const late = sleep(CHECK_TIMEOUT_MS, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
    });
    late.catch(() => undefined);
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    patience.abort();
  }
}
