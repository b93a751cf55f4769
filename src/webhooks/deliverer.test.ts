import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOOPBACK_OPEN, newDeliverer, publishIn, publishTo, untilSettled } from '../../test/harness/deliveries.ts';
import { ScriptedReceiver } from '../../test/harness/scripted-receiver.ts';
import { insertSession } from '../../test/harness/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import { createOutbound } from '../kit/outbound/outbound.ts';
import { DeliveryQueue } from '../store/delivery-queue.ts';
import type { Deliverer } from './deliverer.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function sessionFor(url: string, more: { keyWebhook?: unknown; ownerId?: string } = {}): Promise<string> {
  return (await insertSession(database.db, { webhook: { endPoint: url }, ...more })).sessionId;
}

async function started(options?: Parameters<typeof newDeliverer>[1]): Promise<Deliverer & AsyncDisposable> {
  const deliverer = await newDeliverer(database, options);
  await deliverer.start();
  return Object.assign(deliverer, { [Symbol.asyncDispose]: () => deliverer.stop() });
}

function rowsOf(sessionId: string) {
  return database.db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('session_id', '=', sessionId)
    .orderBy('seq')
    .execute();
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

describe('the fast lane', () => {
  test('delivers in order, one session beside the other', async () => {
    await using receiver = await ScriptedReceiver.start();
    await using _deliverer = await started();
    const sessions = await Promise.all(Array.from({ length: 10 }, () => sessionFor(receiver.url)));
    await Promise.all(
      sessions.map(async (id) => {
        for (const _ of oneTo(20)) await publishTo(database.db, id);
      }),
    );
    await receiver.until((arrivals) => arrivals.length === 200);
    for (const id of sessions) expect(receiver.sequences(id)).toEqual(oneTo(20));
  });

  test('a failing event is retried before its successors are sent', async () => {
    // Event 2 fails twice; 3 must not overtake it.
    await using receiver = await ScriptedReceiver.start(({ sequence }, count) =>
      sequence === 2 && count <= 2 ? 500 : 200,
    );
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(4)) await publishTo(database.db, id);
    await untilSettled(database.db, id);
    expect(receiver.sequences()).toEqual([1, 2, 2, 2, 3, 4]);
    expect(new Set(receiver.arrivals.map((arrival) => arrival.id)).size).toBe(4);
    expect((await rowsOf(id)).map(({ attempts }) => attempts)).toEqual([1, 3, 1, 1]);
  });

  test('an event that goes on failing moves to the slow lane and lets its successors pass', async () => {
    await using receiver = await ScriptedReceiver.start(({ sequence }) => (sequence === 1 ? 500 : 200));
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(3)) await publishTo(database.db, id);
    await untilSettled(database.db, id, 'fast');
    expect(receiver.sequences()).toEqual([1, 1, 1, 1, 2, 3]);
    const [first, ...others] = await rowsOf(id);
    expect(first).toMatchObject({ status: 'pending', lane: 'slow', attempts: 4, last_error: 'answered 500' });
    expect(others.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  test('every attempt is logged with what was answered', async () => {
    await using receiver = await ScriptedReceiver.start((_arrival, count, response) => {
      response.writeHead(count === 1 ? 503 : 200).end(count === 1 ? 'not \0 now' : 'thanks');
      return undefined;
    });
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    await publishTo(database.db, id);
    await untilSettled(database.db, id);
    const [delivery] = await rowsOf(id);
    const attempts = await database.db
      .selectFrom('webhook_attempts')
      .selectAll()
      .where('delivery_id', '=', delivery?.id ?? '')
      .orderBy('id')
      .execute();
    expect(attempts.map(({ status, error, response_body }) => [status, error, response_body])).toEqual([
      [503, 'answered 503', 'not \ufffd now'],
      [200, null, 'thanks'],
    ]);
  });
});

describe('receivers that misbehave', () => {
  test('one that hangs holds up nobody else', async () => {
    await using hanging = await ScriptedReceiver.start(() => undefined);
    await using healthy = await ScriptedReceiver.start();
    const deliverer = await started();
    const stuck = await Promise.all(Array.from({ length: 60 }, () => sessionFor(hanging.url)));
    await Promise.all(stuck.map((id) => publishTo(database.db, id)));
    await hanging.until((arrivals) => arrivals.length >= 32);
    const id = await sessionFor(healthy.url);
    await publishTo(database.db, id);
    await healthy.until((arrivals) => arrivals.length === 1);
    expect(hanging.arrivals.length).toBe(32);
    await hanging[Symbol.asyncDispose]();
    await deliverer.stop();
    await database.db.deleteFrom('webhook_deliveries').where('session_id', 'in', stuck).execute();
  });

  test('one that resets connections is retried', async () => {
    await using receiver = await ScriptedReceiver.start((_arrival, count, response) => {
      if (count > 1) return 200;
      response.socket?.resetAndDestroy();
      return undefined;
    });
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    await publishTo(database.db, id);
    await untilSettled(database.db, id);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  test('one that asks for rest by Retry-After gets it, and what comes after passes', async () => {
    await using receiver = await ScriptedReceiver.start(({ sequence }, count, response) => {
      if (sequence > 1 || count > 1) return 200;
      response.writeHead(429, { 'retry-after': '600' }).end();
      return undefined;
    });
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(2)) await publishTo(database.db, id);
    await untilSettled(database.db, id, 'fast');
    const [first, second] = await rowsOf(id);
    expect(first).toMatchObject({ status: 'pending', lane: 'slow', attempts: 1, last_status: 429 });
    const waitMs = (first?.next_attempt_at?.getTime() ?? 0) - (second?.delivered_at?.getTime() ?? 0);
    expect(waitMs).toBeGreaterThan(590_000);
    expect(waitMs).toBeLessThan(610_000);
    expect(second).toMatchObject({ status: 'delivered', attempts: 1 });
  });

  test('a 100 Continue of its own fails nothing', async () => {
    await using receiver = await ScriptedReceiver.start((_arrival, _count, response) => {
      response.writeContinue();
      return 200;
    });
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    await publishTo(database.db, id);
    await untilSettled(database.db, id);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'delivered', attempts: 1 });
  });

  test('a redirect is a failure, and its target gets nothing', async () => {
    await using target = await ScriptedReceiver.start();
    await using receiver = await ScriptedReceiver.start((_arrival, _count, response) => {
      response.writeHead(307, { location: target.url }).end();
      return undefined;
    });
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    await publishTo(database.db, id);
    await receiver.until((arrivals) => arrivals.length === 2);
    expect((await rowsOf(id))[0]).toMatchObject({ status: 'pending', last_status: 307 });
    expect(target.arrivals).toEqual([]);
  });

  test('a forbidden one is dead at once and lets its successors be dead, too', async () => {
    await using receiver = await ScriptedReceiver.start();
    await using _deliverer = await started({ outbound: createOutbound({ allow: [] }) });
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(2)) await publishTo(database.db, id);
    await untilSettled(database.db, id);
    const rows = await rowsOf(id);
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['dead', 1],
      ['dead', 1],
    ]);
    expect(rows[0]?.last_error).toMatch(/127\.0\.0\.1 may not be reached.*ROOMFUL_OUTBOUND_ALLOW/);
    expect(receiver.arrivals).toEqual([]);
  });

  test('410 disables the endpoint for its owner: what is queued dies, others are served', async () => {
    await using receiver = await ScriptedReceiver.start(() => 410);
    const ownerId = 'owner-of-410';
    const sessions = await Promise.all([1, 2, 3].map(() => sessionFor(receiver.url, { ownerId })));
    for (const id of sessions) for (const _ of oneTo(5)) await publishTo(database.db, id);
    await using _deliverer = await started();
    for (const id of sessions) await untilSettled(database.db, id);
    const [first = ''] = sessions;
    await publishTo(database.db, first);
    const rows = (await Promise.all(sessions.map(rowsOf))).flat();
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['dead']));
    expect(rows.filter(({ waiting }) => waiting)).toEqual([]);
    expect(receiver.arrivals.length).toBeLessThanOrEqual(3);

    receiver.answer(() => 200);
    const stranger = await sessionFor(receiver.url);
    await publishTo(database.db, stranger);
    await untilSettled(database.db, stranger);
    expect((await rowsOf(stranger))[0]?.status).toBe('delivered');
  });
});

describe('starting and stopping', () => {
  test('a stop waits for the attempt under way and begins no other', async () => {
    const arrived = Promise.withResolvers<() => void>();
    await using receiver = await ScriptedReceiver.start((_arrival, _count, response) => {
      arrived.resolve(() => response.end());
      return undefined;
    });
    const deliverer = await started();
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(2)) await publishTo(database.db, id);
    const answer = await arrived.promise;
    const stopping = deliverer.stop();
    answer();
    await stopping;
    expect((await rowsOf(id)).map(({ status, claimed_by, waiting }) => [status, claimed_by, waiting])).toEqual([
      ['delivered', null, false],
      ['pending', null, false],
    ]);
    expect(receiver.arrivals.length).toBe(1);
    receiver.answer(() => 200);
    await using _next = await started();
    await untilSettled(database.db, id);
  });

  test('stop before start, and stop twice, are fine', async () => {
    const deliverer = await newDeliverer(database);
    await Promise.all([deliverer.stop(), deliverer.stop()]);
    await expect(deliverer.start()).rejects.toThrow('start after stop');
  });

  test('what this node had claimed before it was killed is delivered at once', async () => {
    await using receiver = await ScriptedReceiver.start();
    const id = await sessionFor(receiver.url);
    for (const _ of oneTo(3)) await publishTo(database.db, id);
    const options = { leaseMs: 3_600_000, limit: 10, perHost: 10, freeByHost: new Map<string, number>() };
    const claimed = await new DeliveryQueue(database.db, database.url).claim({ nodeId: 'killed', ...options });
    expect(claimed.filter(ofSession(id)).map(({ seq }) => seq)).toEqual([1]);
    await using _deliverer = await started({ nodeId: 'killed' });
    await untilSettled(database.db, id);
    expect(receiver.sequences()).toEqual([1, 2, 3]);
  });

  test('what another node had claimed and never finished is taken over when the claim lapses', async () => {
    await using receiver = await ScriptedReceiver.start();
    const id = await sessionFor(receiver.url);
    await publishTo(database.db, id);
    const options = { leaseMs: -1, limit: 10, perHost: 10, freeByHost: new Map<string, number>() };
    const queue = new DeliveryQueue(database.db, database.url);
    const claimed = await queue.claim({ nodeId: 'dead-node', ...options });
    expect(claimed.filter(ofSession(id))).toHaveLength(1);
    await using _deliverer = await started();
    await untilSettled(database.db, id);
    expect(receiver.sequences()).toEqual([1]);
  });

  test('a claim whose answer was lost with the database is freed as soon as that is back', async () => {
    await using receiver = await ScriptedReceiver.start();
    await using _deliverer = await started({ nodeId: 'this-node' });
    const id = await sessionFor(receiver.url);
    // As if the deliverer had claimed it, and never heard so.
    await database.db.transaction().execute(async (tx) => {
      await publishIn(tx, id);
      await tx
        .updateTable('webhook_deliveries')
        .set({ claimed_by: 'this-node', claimed_until: new Date(Date.now() + 60_000) })
        .where('session_id', '=', id)
        .execute();
    });
    await cutListeners();
    await untilSettled(database.db, id);
    expect(receiver.sequences()).toEqual([1]);
  });

  test('the queue is heard again after its connection was cut', async () => {
    await using receiver = await ScriptedReceiver.start();
    await using _deliverer = await started();
    const id = await sessionFor(receiver.url);
    await cutListeners();
    await publishTo(database.db, id);
    await untilSettled(database.db, id);
    expect(receiver.sequences()).toEqual([1]);
  });
});

async function cutListeners(): Promise<void> {
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'roomful-listener' and datname = current_database()",
  );
}

/** Retries that earlier tests have left may fall due at any time. */
function ofSession(id: string) {
  return (delivery: { sessionId: string }) => delivery.sessionId === id;
}

test('publishing and delivering at the same time leaves nothing waiting', async () => {
  // Both change which delivery is first; every interleaving must end with all of them delivered in order.
  const isHiccup = (sequence: number, count: number) => sequence % 40 === 0 && count === 1;
  await using receiver = await ScriptedReceiver.start(({ sequence }, count) => (isHiccup(sequence, count) ? 500 : 200));
  await using _deliverer = await started();
  const sessions = await Promise.all(Array.from({ length: 5 }, () => sessionFor(receiver.url)));
  const publishers = sessions.flatMap((id) => [id, id, id, id]);
  await Promise.all(
    publishers.map(async (id) => {
      for (const _ of oneTo(40)) await publishTo(database.db, id);
    }),
  );
  for (const id of sessions) await untilSettled(database.db, id, 'fast');
  for (const id of sessions) {
    const firsts = [...new Set(receiver.sequences(id))];
    expect(firsts).toEqual(oneTo(160));
  }
});

test('a TLS receiver that nobody can verify gets nothing', async () => {
  const plain = createServer((socket) => socket.once('data', () => socket.end('not TLS')));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const url = `https://127.0.0.1:${(plain.address() as AddressInfo).port}/`;
  await using _deliverer = await started({ outbound: createOutbound({ allow: LOOPBACK_OPEN }) });
  const id = await sessionFor(url);
  await publishTo(database.db, id);
  await untilSettled(database.db, id, 'fast');
  expect((await rowsOf(id))[0]).toMatchObject({ status: 'pending', lane: 'slow', last_status: null });
  plain.close();
});
