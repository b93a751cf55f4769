import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify';
import type { Registry } from 'prom-client';
import { metricsRefused } from '../../errors.ts';
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
  /** What `/metrics` asks for; nothing where it is open. */
  metricsToken?: string | undefined;
}): FastifyPluginAsync {
  const { checks, draining, nodeId, metrics, metricsToken } = deps;
  return async (app) => {
    const always = { schema: { hide: true }, config: { openAs: 'none' as const } };
    // For the machines of those who run the server: no page of another site is to read it.
    const hidden = { ...always, config: { ...always.config, cors: false as const } };
    // Always answered, so whoever asks again and again must not make them cost more.
    const reasons = new ReasonLog(app.log);
    const check = shared(async () => {
      const results = await runChecks(checks);
      reasons.log(results);
      // Why one failed is not for strangers.
      return Object.fromEntries(Object.entries(results).map(([name, it]) => [name, it === 'ok' ? 'ok' : 'failed']));
    });
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

    app.get('/metrics', hidden, async (request, reply) => {
      if (metricsToken !== undefined && !isBearer(request.headers.authorization, metricsToken)) throw metricsRefused();
      return reply.type(metrics.contentType).send(await measured());
    });

    app.get('/ping', always, async (_request, reply) => reply.type('text/plain; charset=utf-8').send('pong'));
  };
}

/** Writes why checks failed into the log, once for each change: probes come every few seconds. */
class ReasonLog {
  readonly #log: FastifyBaseLogger;
  #last = '{}';

  constructor(log: FastifyBaseLogger) {
    this.#log = log;
  }

  log(results: Record<string, string>): void {
    const failed = Object.fromEntries(Object.entries(results).filter(([, result]) => result !== 'ok'));
    const now = JSON.stringify(failed);
    if (now === this.#last) return;
    this.#last = now;
    if (now === '{}') this.#log.info('ready again');
    else this.#log.warn({ failed }, 'not ready');
  }
}

function isBearer(header: string | undefined, token: string): boolean {
  const given = header?.replace(/^bearer +/i, '') ?? '';
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

/** Runs all of them at once and says `ok` or the reason, by name. */
export async function runChecks(checks: Record<string, ReadinessCheck>): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
  );
  return Object.fromEntries(entries);
}

async function outcome(check: ReadinessCheck): Promise<string> {
  const inTime = new AbortController();
  try {
    const late = sleep(CHECK_TIMEOUT_MS, undefined, { signal: inTime.signal }).then(() => {
      throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
    });
    late.catch(() => undefined);
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    inTime.abort();
  }
}
