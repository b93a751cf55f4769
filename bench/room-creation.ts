// POST /v2/rooms against a bare Fastify + pg insert route, on the same PostgreSQL, one after the other in turns.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { mintToken } from '../src/access/mint.ts';
import { TestServer } from '../test/harness/server.ts';
import { median, type Row } from './table.ts';

const ROUNDS = 5;
const ROUND_SECONDS = 4;
const CONNECTIONS = 20;

interface Load {
  url: string;
  headers?: Record<string, string>;
  rate?: number;
}

async function fire({ url, headers = {}, rate }: Load) {
  const result = await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{}',
    connections: CONNECTIONS,
    duration: ROUND_SECONDS,
    ...(rate && { overallRate: rate }),
  });
  if (result.non2xx + result.errors > 0) throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed`);
  return result;
}

export async function benchRoomCreation(databaseUrl: string): Promise<Row[]> {
  await using server = await TestServer.start({ env: { DATABASE_URL: databaseUrl } });
  const bare = fork(new URL('bare-route.ts', import.meta.url), [databaseUrl]);
  const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
  const token = await mintToken(server, { expiresInSeconds: 3600 });
  const ours: Load = { url: `${server.httpUrl}/v2/rooms`, headers: { authorization: token } };
  const theirs: Load = { url: `http://127.0.0.1:${port}/rooms` };
  await fire(ours);
  await fire(theirs);
  const rates: { ours: number; theirs: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rates.push({ ours: (await fire(ours)).requests.average, theirs: (await fire(theirs)).requests.average });
  }
  const rate = median(rates.map((it) => it.ours));
  const half = await fire({ ...ours, rate: Math.round(rate / 2) });
  bare.disconnect();
  const ratio = median(rates.map((it) => it.ours / it.theirs));
  return [
    { what: 'POST /v2/rooms', value: `${Math.round(rate)}/s`, target: '' },
    { what: 'bare Fastify + pg insert', value: `${Math.round(median(rates.map((it) => it.theirs)))}/s`, target: '' },
    { what: 'ratio', value: ratio.toFixed(2), target: '≥ 0.8' },
    { what: 'p99 at half load', value: `${half.latency.p99} ms`, target: '< 20 ms' },
  ];
}
