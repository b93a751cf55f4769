// The ports of the listeners: answered by the running server, or free for it.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { localAddress, urlOf } from '../../kit/addresses.ts';
import { ask, reasonOf } from '../../kit/ask.ts';
import { type Check, failure, ok, skipped, type Verdict } from '../check.ts';

interface Listener {
  scheme: 'http' | 'https';
  /** Address that is bound. */
  host: string;
  port: number;
}

interface Facts {
  listeners: readonly Listener[];
  /** Id of the node that runs here now, where one does; the listeners are at their real ports then. */
  runningNode: string | undefined;
  /** Process of a server that runs here and could not be asked; the ports are its own then. */
  silentServer: number | undefined;
}

const ANSWER_MS = 3_000;

export function listenersCheck({ listeners, runningNode, silentServer }: Facts): Check {
  return {
    name: 'listeners',
    title: 'Ports',
    timeoutMs: 10_000,
    advice: 'Choose other ports with ROOMFUL_HTTP_PORT and ROOMFUL_HTTPS_PORT.',
    async run() {
      if (silentServer !== undefined) return skipped(`Not looked at, since process ${silentServer} has them.`);
      const look = (listener: Listener) =>
        runningNode === undefined ? bindable(listener) : answered(listener, runningNode);
      const problems = (await Promise.all(listeners.map(look))).filter((problem) => problem !== undefined);
      if (problems[0]) return problems[0];
      const ports = listeners
        .map(({ scheme, port }) => `${port === 0 ? 'any free port' : port} (${scheme})`)
        .join(' and ');
      return ok(runningNode === undefined ? `${ports} can be bound.` : `This server answers on ${ports}.`);
    },
  };
}

async function bindable({ scheme, host, port }: Listener): Promise<Verdict | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    const setting = scheme === 'https' ? 'ROOMFUL_HTTPS_PORT' : 'ROOMFUL_HTTP_PORT';
    const advice = `Stop what uses it, or choose another port with ${setting}.`;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return failure(`Port ${port} on ${host} is in use by another program.`, advice);
    if (code === 'EACCES') {
      return failure(`This user may not bind port ${port}.`, `Choose one from 1024 on with ${setting}.`);
    }
    return failure(`Port ${port} on ${host} cannot be bound: ${reasonOf(error)}.`, advice);
  } finally {
    server.close();
  }
}

async function answered({ scheme, host, port }: Listener, node: string): Promise<Verdict | undefined> {
  const where = `${host}:${port}`;
  try {
    const { body } = await ask(`${urlOf(scheme, localAddress(host), port)}/healthz`, { timeoutMs: ANSWER_MS });
    if ((JSON.parse(body) as { node?: string }).node === node) return undefined;
    return failure(`Something else than this server answers on ${where}.`, 'Stop it, or choose another port.');
  } catch (error) {
    const advice = 'Look into the log of the server, and start it again.';
    return failure(`This server does not answer on ${where}: ${reasonOf(error)}.`, advice);
  }
}
