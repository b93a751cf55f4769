// Media: a worker that starts, an address that browsers can send to, and ports that answer on it.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isLoopback } from '../../kit/addresses.ts';
import { specialRange } from '../../kit/outbound/addresses.ts';
import { AT_ONCE_MS, type Check, failure, ok, plural, skipped, type Verdict, warning } from '../check.ts';

const NO_MEDIA = 'This node has no media: its roles lack it.';

export function mediaWorkerCheck(
  hasMedia: boolean,
  workerBin: string,
  start: () => Promise<{ isRoot: boolean }>,
): Check {
  return {
    name: 'media-worker',
    title: 'Media worker',
    timeoutMs: 15_000,
    advice: 'Run the set-up again with npm start, or point MEDIASOUP_WORKER_BIN at a worker that runs here.',
    async run() {
      if (!hasMedia) return skipped(NO_MEDIA);
      const { isRoot } = await start();
      const name = workerBin || "mediasoup's own worker";
      if (!isRoot) return ok(`${name} starts.`);
      return warning(
        `${name} runs as root: setpriv is missing here, or not allowed.`,
        'Run the server as an ordinary user, or install util-linux.',
      );
    },
  };
}

interface Address {
  hasMedia: boolean;
  /** Finds what browsers are told to send media to. */
  findAnnounced: () => Promise<string>;
  /** Host of the public URL. */
  publicHost: string;
}

/** Whether browsers that reach the server can be told to send media there. */
export function rtcAddressCheck({ hasMedia, findAnnounced, publicHost }: Address): Check {
  return {
    name: 'rtc-address',
    title: 'Media address',
    timeoutMs: AT_ONCE_MS,
    advice: 'Set ROOMFUL_RTC_ADDRESS to the address that browsers reach this machine by.',
    async run() {
      if (!hasMedia) return skipped(NO_MEDIA);
      const announced = await findAnnounced();
      const [address, reachedAt] = await Promise.all([resolved(announced), resolved(publicHost)]);
      if (address === undefined) return failure(`The name ${announced} is announced and does not exist.`, this.advice);
      return plausible(announced, address, publicHost, reachedAt, this.advice);
    },
  };
}

function plausible(
  announced: string,
  address: string,
  host: string,
  reachedAt: string | undefined,
  advice: string,
): Verdict {
  const isLocal = isLoopback(address);
  if (isLoopback(reachedAt ?? host)) {
    const found = `Media is announced at ${announced}`;
    return ok(isLocal ? `${found}, as the server itself for this machine only.` : `${found}.`);
  }
  if (isLocal) {
    return failure(
      `Browsers reach this server at ${host}, but are told to send media to ${announced}, themselves.`,
      advice,
    );
  }
  const range = specialRange(address);
  const isPublic = reachedAt !== undefined && specialRange(reachedAt) === undefined;
  if (range !== undefined && isPublic) {
    return warning(`The server is public at ${host}, but media is announced at ${announced} (${range}).`, advice);
  }
  return ok(`Media is announced at ${announced}.`);
}

async function resolved(host: string): Promise<string | undefined> {
  if (isIP(host)) return host;
  return lookup(host).then(
    ({ address }) => address,
    () => undefined,
  );
}

/** A port of a media worker that was asked for an answer as a browser does it. */
export interface PortAnswer {
  protocol: 'udp' | 'tcp';
  address: string;
  port: number;
  /** False for the address that is announced to browsers. */
  isLocal: boolean;
  /** Why there was none. */
  problem: string | undefined;
}

/** `silentServer`: process of a server that runs here and could not be asked; the ports are its own then. */
export function mediaPortsCheck(
  hasMedia: boolean,
  silentServer: number | undefined,
  probe: () => Promise<PortAnswer[]>,
): Check {
  return {
    name: 'media-ports',
    title: 'Media ports',
    timeoutMs: 30_000,
    advice: 'Choose a range of free ports with ROOMFUL_RTC_PORT.',
    async run() {
      if (!hasMedia) return skipped(NO_MEDIA);
      if (silentServer !== undefined) return skipped(`Not looked at, since process ${silentServer} has them.`);
      const answers = await probe();
      const silent = answers.filter(({ problem }) => problem !== undefined);
      const [first] = silent.filter(({ isLocal }) => isLocal);
      if (first) {
        const found = `${named(first)} does not answer on this machine: ${first.problem}.`;
        return failure(found, 'Look into the log of the server, and into the firewall of this machine.');
      }
      const ports = [...new Set(answers.map(({ port }) => port))];
      const words = `${plural(ports.length, 'port')} (${ports.join(', ')})`;
      if (silent.length === 0) return ok(`${words} answer by UDP and TCP.`);
      return warning(
        `${words} answer on this machine, but not at ${silent.map(named).join(', ')}.`,
        'If browsers elsewhere fail too, open UDP and TCP in the firewall and forward them in the router.',
      );
    },
  };
}

function named({ protocol, address, port }: PortAnswer): string {
  return `${address}:${port} (${protocol.toUpperCase()})`;
}
