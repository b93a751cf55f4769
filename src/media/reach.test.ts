// A real worker, asked as a browser asks.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/harness/free-port.ts';
import { readConfig } from '../config.ts';
import { Media } from './media.ts';
import { askPorts, tryWorker } from './reach.ts';
import { askByTcp, askByUdp } from './stun.ts';

const hasIpv6 = () => Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

const { workerBin } = readConfig().config.media;
let media: Media | undefined;
afterEach(() => media?.stop());

async function startMedia(announcedAddress: string | undefined): Promise<Media> {
  const log = pino({ level: 'silent' });
  media = new Media({
    listen: [{ listenAddress: '127.0.0.1', announcedAddress }],
    firstPort: 0,
    workers: 2,
    workerBin,
    log,
  });
  await media.start();
  return media;
}

describe('media ports', () => {
  it('answer by UDP and TCP, each worker on its own', async () => {
    const answers = await askPorts(await startMedia(undefined));
    expect(answers).toHaveLength(4);
    expect(answers.map(({ problem }) => problem)).toEqual(Array(4).fill(undefined));
    expect(new Set(answers.map(({ protocol, port }) => `${protocol} ${port}`)).size).toBe(4);
  });

  it('that are announced elsewhere are asked there too', async () => {
    // Nothing is bound to this address of the loopback.
    const answers = await askPorts(await startMedia('127.0.0.9'));
    const local = answers.filter(({ isLocal }) => isLocal);
    const announced = answers.filter(({ isLocal }) => !isLocal);
    expect(local.map(({ problem }) => problem)).toEqual(Array(4).fill(undefined));
    expect(announced.map(({ address }) => address)).toEqual(Array(4).fill('127.0.0.9'));
    expect(announced.every(({ problem }) => problem !== undefined)).toBe(true);
  });

  it.runIf(hasIpv6())('answer by IPv6 as by IPv4, also on all addresses at once', async () => {
    const listen = [
      { listenAddress: '::', announcedAddress: '::1' },
      { listenAddress: '0.0.0.0', announcedAddress: '127.0.0.1' },
    ];
    media = new Media({ listen, firstPort: await freePort(), workers: 1, workerBin, log: pino({ level: 'silent' }) });
    await media.start();
    const answers = await askPorts(media);
    expect(answers.map(({ protocol, address, problem }) => [protocol, address, problem])).toEqual([
      ['udp', '::1', undefined],
      ['tcp', '::1', undefined],
      ['udp', '127.0.0.1', undefined],
      ['tcp', '127.0.0.1', undefined],
    ]);
    expect(media.workers[0]?.tcpHosts).toEqual([expect.stringMatching(/^\[::1\]:\d+$/), expect.stringMatching(/^127/)]);
  });

  it('do not answer whoever has the wrong password', async () => {
    await startMedia(undefined);
    const [worker] = media?.workers ?? [];
    if (!worker) throw new Error('no worker');
    const { router, webRtcServer } = worker;
    const { iceParameters, iceCandidates } = await router.createWebRtcTransport({ webRtcServer });
    const target = (wanted: string) => {
      const { port = 0 } = iceCandidates.find(({ protocol }) => protocol === wanted) ?? {};
      return { address: '127.0.0.1', port, ...iceParameters };
    };
    await askByUdp(target('udp'), 2_000);
    await askByTcp(target('tcp'), 2_000);
    await expect(askByUdp({ ...target('udp'), password: 'guessed' }, 300)).rejects.toThrow('no answer');
  });

  it('that somebody else has do not answer', async () => {
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const target = { address: '127.0.0.1', port, usernameFragment: 'a', password: 'b' };
    await expect(askByTcp(target, 300)).rejects.toThrow('no answer within 0.3 s');
    server.close();
    await once(server, 'close');
    await expect(askByTcp(target, 300)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a worker', () => {
  it('starts, or is told why not', async () => {
    await tryWorker(workerBin);
    await expect(tryWorker('/no/such/worker')).rejects.toThrow();
  });
});
