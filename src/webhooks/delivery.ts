// A webhook delivery as this folder sees it, and the durable queue it asks for.
import type { Lane } from './retry.ts';

/** A delivery that this node has claimed, with everything an attempt needs. */
export interface ClaimedDelivery {
  id: string;
  eventId: string;
  ownerId: string;
  sessionId: string;
  seq: number;
  type: string;
  url: string;
  /** Host and port of the URL. */
  host: string;
  lane: Lane;
  /** Attempts before this one. */
  attempts: number;
  laneAttempts: number;
  createdAt: Date;
  /** JSON text of the event's data. */
  data: string;
  /** Standard Webhooks secret of the API key, if that still exists. */
  secret: string | null;
}

/** An attempt that has ended, and the state it leaves its delivery in. */
export interface FinishedAttempt {
  deliveryId: string;
  sessionId: string;
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  responseBody: string | null;
  state: 'delivered' | 'pending' | 'dead';
  lane: Lane;
  /** Until the next attempt, when the state is `pending`. */
  delayMs: number;
  /** True when the delivery was first in its stream and is so no longer. */
  freesStream: boolean;
}

interface ClaimOptions {
  nodeId: string;
  leaseMs: number;
  limit: number;
  perOwner: number;
  perHost: number;
  /** Of one owner at one host. */
  perLane: number;
  /** What is left of these for those that are busy already; a lane's key is its owner, a space, and its host. */
  freeByOwner: ReadonlyMap<string, number>;
  freeByHost: ReadonlyMap<string, number>;
  freeByLane: ReadonlyMap<string, number>;
}

/** The durable queue. */
export interface DeliveryStore {
  /** Calls `onWork` when a commit has made deliveries claimable, and after the database was away. */
  listen(onWork: (facts: { afterGap: boolean }) => void): Promise<{ close(): Promise<void> }>;
  claim(options: ClaimOptions): Promise<ClaimedDelivery[]>;
  /** Returns what has been claimed along with it, because a predecessor has ended. */
  finish(
    attempts: readonly FinishedAttempt[],
    options: { nodeId: string; leaseMs: number; claimNext: boolean },
  ): Promise<ClaimedDelivery[]>;
  /** Everything queued for the delivery's endpoint dies, and so does what will be published for it. */
  disableEndpoint(delivery: { ownerId: string; url: string; sessionId: string }, reason: string): Promise<void>;
  /** Frees what a node has claimed, but for what it knows of. */
  releaseClaims(nodeId: string, held?: readonly string[]): Promise<void>;
  releaseLapsedClaims(): Promise<void>;
  /** Gives up the oldest of owners that have more than `most` pending. Returns how many. */
  giveUpExcess(most: number): Promise<number>;
}
