// The server on IPv6, and one whose storage is away: what is announced answers, and what will fail later is said at once.
import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { askByTcp, askByUdp } from '../../src/media/stun.ts';
import { freePort } from '../harness/free-port.ts';
import { RawClient } from '../harness/raw-client.ts';
import { startTestApp } from '../harness/test-app.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

it.runIf(hasIpv6)('media that is announced with an IPv6 address answers there, by UDP and TCP', async () => {
  await using server = await startTestApp({ ROOMFUL_HOST: '::', ROOMFUL_RTC_ADDRESS: '::1' });
  const { roomId } = (await server.post('/v2/rooms', {})).body;
  const who = { roomId: String(roomId), peerId: 'ann', secret: await server.token() };
  const client = await RawClient.join(String(server.app.httpUrl), who, 'SEND_AND_RECV');
  const transport = await client.request('createWebRtcTransport', { producing: true });
  const { iceParameters, iceCandidates } = transport as unknown as {
    iceParameters: { usernameFragment: string; password: string };
    iceCandidates: { protocol: 'udp' | 'tcp'; address: string; ip: string; port: number }[];
  };
  expect(iceCandidates.map(({ protocol, ip }) => `${protocol} ${ip}`)).toEqual(['udp ::1', 'tcp ::1']);
  for (const { protocol, ip, port } of iceCandidates) {
    const ask = protocol === 'udp' ? askByUdp : askByTcp;
    await ask({ address: ip, port, ...iceParameters }, 5_000);
  }
  client.close();
});

it('a storage that cannot be used is warned of at start', async () => {
  await using server = await startTestApp({
    ROOMFUL_STORAGE: 's3',
    ROOMFUL_S3_BUCKET: 'recordings',
    ROOMFUL_S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    ROOMFUL_S3_ACCESS_KEY_ID: 'k',
    ROOMFUL_S3_SECRET_ACCESS_KEY: 's',
  });
  const warnings = () => server.log.filter(({ msg }) => msg === 'the object storage cannot be used now');
  await expect.poll(warnings, { timeout: 10_000 }).toHaveLength(1);
});
