// Webhook delivery to a healthy local receiver: time from commit to arrival when little is going on, and deliveries per
// second when much is.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createOutbound } from '../src/kit/outbound/outbound.ts';
import { createLogger } from '../src/log.ts';
import { type Db, openDatabase } from '../src/store/database.ts';
import { DeliveryQueue } from '../src/store/delivery-queue.ts';
import { publishEvent } from '../src/store/events.ts';
import { Deliverer } from '../src/webhooks/deliverer.ts';
import { newSigningKey, Signer } from '../src/webhooks/signature.ts';
import { insertSession } from '../test/harness/sessions.ts';
import { quantile, type Row } from './table.ts';

const SESSIONS = 200;
const QUIET_EVENTS = 300;
const BUSY_EVENTS_PER_SESSION = 50;
const BACKLOG_EVENTS_PER_SESSION = 25;

type Arrival = [session: string, sequence: number, atMs: number];

export async function benchWebhooks(databaseUrl: string): Promise<Row[]> {
  const { db } = await openDatabase(databaseUrl);
  const receiver = fork(new URL('webhook-receiver.ts', import.meta.url));
  const [{ port }] = (await once(receiver, 'message')) as [{ port: number }];
  const webhook = { endPoint: `http://127.0.0.1:${port}/hook` };
  const sessions: string[] = [];
  for (let i = 0; i < SESSIONS; i++) sessions.push((await insertSession(db, { webhook })).sessionId);
  const deliverer = new Deliverer({
    store: new DeliveryQueue(db, databaseUrl),
    outbound: createOutbound({ allow: ['127.0.0.0/8'] }),
    signer: new Signer(await newSigningKey()),
    log: createLogger('warn'),
    nodeId: 'bench',
  });
  const rows = await backlog(db, receiver, sessions, deliverer);
  rows.push(...(await quiet(db, receiver, sessions)), ...(await busy(db, receiver, sessions)));
  await deliverer.stop();
  receiver.disconnect();
  await db.destroy();
  return rows;
}

async function publish(db: Db, sessionId: string): Promise<number> {
  const data = { meetingId: 'abcd-efgh-ijkl', sessionId, participantId: 'p1', participantName: 'Somebody' };
  await db
    .transaction()
    .execute((tx) => publishEvent(tx, { type: 'participant-joined', sessionId, data, at: new Date() }));
  return Date.now();
}

async function takeArrivals(receiver: ChildProcess): Promise<Arrival[]> {
  receiver.send('arrivals');
  const [message] = (await once(receiver, 'message')) as [{ arrivals: Arrival[] }];
  return message.arrivals;
}

async function takeAll(receiver: ChildProcess, count: number): Promise<Arrival[]> {
  const all: Arrival[] = [];
  while (all.length < count) {
    all.push(...(await takeArrivals(receiver)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return all;
}

/** Events that wait when delivering begins: how many arrive in a second. */
async function backlog(
  db: Db,
  receiver: ChildProcess,
  sessions: readonly string[],
  deliverer: Deliverer,
): Promise<Row[]> {
  const total = SESSIONS * BACKLOG_EVENTS_PER_SESSION;
  await publishMany(db, sessions, BACKLOG_EVENTS_PER_SESSION);
  const startedAt = Date.now();
  await deliverer.start();
  const arrivals = await takeAll(receiver, total);
  const seconds = ((arrivals.at(-1)?.[2] ?? 0) - startedAt) / 1000;
  return [{ what: 'deliveries from a backlog', value: `${Math.round(total / seconds)}/s`, target: '≥ 1,000/s' }];
}

async function publishMany(db: Db, sessions: readonly string[], each: number): Promise<void> {
  await Promise.all(
    sessions.map(async (sessionId) => {
      for (let i = 0; i < each; i++) await publish(db, sessionId);
    }),
  );
}

/** One event at a time: how long after its commit it arrives. */
async function quiet(db: Db, receiver: ChildProcess, sessions: readonly string[]): Promise<Row[]> {
  const delays: number[] = [];
  for (let i = 0; i < QUIET_EVENTS; i++) {
    const committedAt = await publish(db, sessions[i % SESSIONS] as string);
    const [arrival] = await takeAll(receiver, 1);
    if (arrival) delays.push(arrival[2] - committedAt);
  }
  return [
    { what: 'commit to arrival, p50', value: `${quantile(delays, 0.5)} ms`, target: '< 20 ms' },
    { what: 'commit to arrival, p99', value: `${quantile(delays, 0.99)} ms`, target: '' },
  ];
}

/** Many events at once: how many arrive in a second, while they are still being published. */
async function busy(db: Db, receiver: ChildProcess, sessions: readonly string[]): Promise<Row[]> {
  const total = SESSIONS * BUSY_EVENTS_PER_SESSION;
  const startedAt = Date.now();
  const publishing = publishMany(db, sessions, BUSY_EVENTS_PER_SESSION);
  const arrivals = await takeAll(receiver, total);
  await publishing;
  const seconds = ((arrivals.at(-1)?.[2] ?? 0) - startedAt) / 1000;
  return [
    { what: 'events committed and delivered at once', value: `${Math.round(total / seconds)}/s`, target: '' },
    { what: 'lost, reordered', value: `${total - arrivals.length}, ${reordered(arrivals)}`, target: '0, 0' },
  ];
}

function reordered(arrivals: readonly Arrival[]): number {
  const last = new Map<string, number>();
  let count = 0;
  for (const [session, sequence] of arrivals) {
    if (sequence < (last.get(session) ?? 0)) count++;
    last.set(session, sequence);
  }
  return count;
}
