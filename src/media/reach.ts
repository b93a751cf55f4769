// Whether media would get through: a worker that starts, and the ports of the workers that answer as they answer a browser.
import { localAddress } from '../kit/addresses.ts';
import { reasonOf } from '../kit/ask.ts';
import type { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';
import { askByTcp, askByUdp } from './stun.ts';
import { launchWorker } from './worker-launcher.ts';

export interface PortAnswer {
  protocol: 'udp' | 'tcp';
  address: string;
  port: number;
  /** False for the address that is announced to browsers. */
  isLocal: boolean;
  /** Why there was none. */
  problem: string | undefined;
}

const ANSWER_MS = 3_000;

/** Starts one worker and ends it again; rejects with the reason when that cannot be done. */
export async function tryWorker(workerBin: string): Promise<{ isRoot: boolean }> {
  const { worker, isRoot } = await launchWorker({ workerBin, port: 0, logLevel: 'none' });
  worker.close();
  return { isRoot };
}

/** Asks the ports of all workers, by the address that they are bound to and by the one that browsers are told. */
export async function askPorts(media: Media): Promise<PortAnswer[]> {
  const localOf = new Map(
    media.listen.map(({ listenAddress, announcedAddress }) => [
      announcedAddress ?? listenAddress,
      localAddress(listenAddress),
    ]),
  );
  const answers = await Promise.all(media.workers.map((worker) => askWorker(worker, localOf)));
  return answers.flat();
}

async function askWorker(
  { router, webRtcServer }: MediaWorker,
  localOf: ReadonlyMap<string, string>,
): Promise<PortAnswer[]> {
  const transport = await router.createWebRtcTransport({ webRtcServer, enableUdp: true, enableTcp: true });
  try {
    const { iceParameters, iceCandidates } = transport;
    const asked = iceCandidates.flatMap(({ protocol, address, port }) => {
      const local = localOf.get(address) ?? address;
      return [
        { protocol, address: local, port, isLocal: true },
        ...(address === local ? [] : [{ protocol, address, port, isLocal: false }]),
      ];
    });
    return await Promise.all(
      asked.map(async (target) => {
        const ask = target.protocol === 'udp' ? askByUdp : askByTcp;
        const problem = await ask({ ...target, ...iceParameters }, ANSWER_MS).then(() => undefined, reasonOf);
        return { ...target, problem };
      }),
    );
  } finally {
    transport.close();
  }
}
