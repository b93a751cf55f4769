// Which node an egress runs on: the one that its session lives on, which needs no network for it, or another that has
// room.
import { sql } from 'kysely';
import { LOST_AFTER_MS } from '../protocol/node.ts';
import type { DbTx } from './database.ts';

/** What a node must have to run an egress. */
export interface EgressNeeds {
  /** As `ROOMFUL_EGRESS_SLOTS` counts them. */
  slots: number;
  browser: boolean;
}

export interface RunnerWish {
  sessionNodeId: string;
  needs: EgressNeeds;
  at: Date;
  /** Look for another one, which has room now. */
  not?: string;
}

/**
 * The best node that could run it, with the slots taken there until its next heartbeat says how many it really has.
 * Nothing when no node could. One that drains runs only what its own sessions need.
 */
export async function chooseRunner(tx: DbTx, wish: RunnerWish): Promise<string | undefined> {
  const { sessionNodeId, needs, at, not } = wish;
  const since = new Date(at.getTime() - LOST_AFTER_MS);
  const hasRoom = sql<boolean>`egress_free >= ${needs.slots}`;
  const isOwn = sql<boolean>`id = ${sessionNodeId}`;
  const runner = await tx
    .selectFrom('nodes')
    .where('roles', 'like', '%egress%')
    .where('seen_at', '>=', since)
    .where((eb) => eb.or([eb('draining_since', 'is', null), isOwn]))
    .$if(needs.browser, (query) => query.where('has_browser', '=', true))
    .$if(not !== undefined, (query) => query.where('id', '!=', not as string).where(hasRoom))
    .orderBy(hasRoom, 'desc')
    .orderBy(isOwn, 'desc')
    .orderBy('egress_free', 'desc')
    .select('id')
    .executeTakeFirst();
  if (!runner) return undefined;
  await tx
    .updateTable('nodes')
    .set({ egress_free: sql`egress_free - ${needs.slots}` })
    .where('id', '=', runner.id)
    .execute();
  return runner.id;
}
