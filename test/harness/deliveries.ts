// Everything that webhook delivery needs around it: tables, a queue, a signer, and a way to publish.
import { createOutbound, type Outbound } from '../../src/kit/outbound/outbound.ts';
import type { Logger } from '../../src/log.ts';
import { createLogger } from '../../src/log.ts';
import type { SessionEvent } from '../../src/protocol/events.ts';
import type { Db, DbTx } from '../../src/store/database.ts';
import { DeliveryQueue } from '../../src/store/delivery-queue.ts';
import { publishEvent } from '../../src/store/events.ts';
import { Deliverer } from '../../src/webhooks/deliverer.ts';
import { newSigningKey, Signer } from '../../src/webhooks/signature.ts';

export const LOOPBACK_OPEN = ['127.0.0.0/8'];

export interface DelivererOptions {
  nodeId?: string;
  outbound?: Outbound;
  log?: Logger;
}

const signingKey = newSigningKey();

export async function newDeliverer(
  database: { db: Db; url: string },
  { nodeId = 'test-node', outbound = createOutbound({ allow: LOOPBACK_OPEN }), log }: DelivererOptions = {},
): Promise<Deliverer> {
  return new Deliverer({
    store: new DeliveryQueue(database.db, database.url),
    outbound,
    signer: new Signer(await signingKey),
    log: log ?? createLogger('silent'),
    nodeId,
  });
}

export function publishTo(db: Db, sessionId: string, event: Partial<SessionEvent> = {}): Promise<void> {
  return db.transaction().execute((tx) => publishIn(tx, sessionId, event));
}

export function publishIn(tx: DbTx, sessionId: string, event: Partial<SessionEvent> = {}): Promise<void> {
  const data = { meetingId: 'abcd-efgh-ijkl', sessionId, participantId: 'p', participantName: 'Somebody' };
  return publishEvent(tx, { type: 'participant-joined', sessionId, data, at: new Date(), ...event });
}

/** Resolves when no delivery of the session is pending in the given lane any more. Asks, as nothing tells. */
export async function untilSettled(db: Db, sessionId: string, lane?: 'fast' | 'slow'): Promise<void> {
  for (;;) {
    const pending = await db
      .selectFrom('webhook_deliveries')
      .select('id')
      .where('session_id', '=', sessionId)
      .where('status', '=', 'pending')
      .$if(lane !== undefined, (query) => query.where('lane', '=', lane ?? 'fast'))
      .execute();
    if (pending.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
