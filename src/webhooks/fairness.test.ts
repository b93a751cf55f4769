// What the receivers of one owner do costs the others nothing.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeliverer, publishTo, untilSettled } from '../../test/harness/deliveries.ts';
import { ScriptedReceiver } from '../../test/harness/scripted-receiver.ts';
import { insertSession } from '../../test/harness/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import { EndpointWatch } from './endpoint-watch.ts';

const OWNER = 'owner-of-bad-receivers';

let database: TestDatabase;
const cleanUps: (() => unknown)[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  await database.drop();
});

type Behave = (request: IncomingMessage, response: ServerResponse) => void;

const BAD: Record<string, Behave> = {
  silent: () => undefined,
  'tar-pit': (request) => {
    request.socket.write('HTTP/1.1 200 OK\r\n');
    const dribble = setInterval(() => request.socket.write('x-more: x\r\n'), 100);
    request.socket.on('close', () => clearInterval(dribble));
  },
  endless: (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  },
};

/** Reachable as every address of the loopback: a host for each. */
async function badReceiver(behave: Behave): Promise<{ port: number; open(): number; ended(): number }> {
  let [opened, closed] = [0, 0];
  const server: Server = createServer((request, response) => {
    opened += 1;
    request.socket
      .on('error', () => undefined)
      .once('close', () => {
        closed += 1;
      });
    behave(request, response);
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open: () => opened - closed, ended: () => closed };
}

async function startDeliverer(): Promise<void> {
  const deliverer = await newDeliverer(database);
  await deliverer.start();
  cleanUps.push(() => deliverer.stop());
}

async function publish(url: string, ownerId: string, count = 1): Promise<string> {
  const { sessionId } = await insertSession(database.db, { webhook: { endPoint: url }, ownerId });
  for (let i = 0; i < count; i++) await publishTo(database.db, sessionId);
  return sessionId;
}

it.each(['silent', 'tar-pit'])('%s receivers of one owner, on many hosts, hold up no other owner', async (kind) => {
  const bad = await badReceiver(BAD[kind] as Behave);
  await using healthy = await ScriptedReceiver.start();
  for (let host = 1; host <= 100; host++) await publish(`http://127.0.1.${host}:${bad.port}/`, OWNER);
  await startDeliverer();
  await expect.poll(bad.open).toBe(DEFAULT_LIMITS.webhooksPerOwner);
  const id = await publish(healthy.url, 'another', 5);
  await untilSettled(database.db, id);
  expect(bad.open()).toBe(DEFAULT_LIMITS.webhooksPerOwner);
  expect(bad.ended()).toBe(0);
});

it('a receiver that hangs for one owner takes the events of another', async () => {
  await using shared = await ScriptedReceiver.start(({ path }) => (path === '/good' ? 200 : undefined));
  for (let i = 0; i < 60; i++) await publish(shared.url, OWNER);
  await startDeliverer();
  await shared.until((arrivals) => arrivals.length >= 24);
  const id = await publish(new URL('/good', shared.url).href, 'another', 5);
  await untilSettled(database.db, id);
  expect(shared.arrivals.filter(({ path }) => path !== '/good')).toHaveLength(24);
});

it('answers without end are cut, and count as what their status says', async () => {
  const bad = await badReceiver(BAD.endless as Behave);
  await startDeliverer();
  const id = await publish(`http://127.0.0.1:${bad.port}/`, OWNER, 3);
  await untilSettled(database.db, id);
  await expect.poll(bad.ended).toBe(3);
  const bodies = await database.db.selectFrom('webhook_attempts').select('response_body').execute();
  expect(bodies.map(({ response_body }) => response_body?.length)).toEqual([4096, 4096, 4096]);
});

it('what one owner is refused says nothing of another', () => {
  const watch = new EndpointWatch();
  const url = 'https://shared.example/hook';
  for (let i = 0; i < 10; i++) watch.failed({ ownerId: OWNER, url });
  expect(watch.isFailing({ ownerId: OWNER, url })).toBe(true);
  expect(watch.isFailing({ ownerId: 'another', url })).toBe(false);
});

it('the oldest of too many pending deliveries become dead letters, and the rest stays in order', async () => {
  await using receiver = await ScriptedReceiver.start();
  const first = await publish(receiver.url, OWNER, 12);
  const second = await publish(receiver.url, OWNER, 12);
  const other = await publish(receiver.url, 'another', 12);
  await sql`update webhook_deliveries set created_at = now() - interval '1 hour' + seq * interval '1 second'
    + case when session_id = ${first} then interval '0' else interval '1 minute' end`.execute(database.db);
  const queue = new DeliveryQueue(database.db, database.url);
  expect(await queue.giveUpExcess(15)).toBe(9);
  expect(await queue.giveUpExcess(15)).toBe(0);
  const rows = await database.db.selectFrom('webhook_deliveries').selectAll().orderBy('seq').execute();
  const dead = rows.filter(({ status }) => status === 'dead');
  expect(dead.map(({ session_id, seq }) => [session_id, seq])).toEqual(
    Array.from({ length: 9 }, (_, index) => [first, index + 1]),
  );
  expect(dead[0]?.last_error).toMatch(/too many deliveries/);
  await startDeliverer();
  for (const id of [first, second, other]) await untilSettled(database.db, id);
  expect(receiver.sequences(first)).toEqual([10, 11, 12]);
  expect(receiver.sequences(second)).toHaveLength(12);
  expect(receiver.sequences(other)).toHaveLength(12);
});
