// What webhooks need from the rest of the server: the durable queue of deliveries, and the log and settings the API shows.
import type { Paging } from '../protocol/rest/common.ts';
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
  /** JSON text of the event's data, as it was published. */
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

export interface ClaimOptions {
  nodeId: string;
  leaseMs: number;
  limit: number;
  perOwner?: number;
  perHost: number;
  /** Of one owner at one host. */
  perLane?: number;
  /** What is left of these for those that are busy already; a lane's key is its owner, a space, and its host. */
  freeByOwner?: ReadonlyMap<string, number>;
  freeByHost: ReadonlyMap<string, number>;
  freeByLane?: ReadonlyMap<string, number>;
}

export interface FinishOptions {
  nodeId: string;
  leaseMs: number;
  /** Claim the next delivery of each freed stream at once. */
  claimNext: boolean;
}

/** The endpoint that a delivery went to, and the delivery's session. */
export interface EndpointOfSession {
  ownerId: string;
  url: string;
  sessionId: string;
}

/** The durable queue. */
export interface DeliveryQueue {
  /** Calls `onWork` when a commit has made deliveries claimable, and after the database was away. */
  listen(onWork: (facts: { afterGap: boolean }) => void): Promise<{ close(): Promise<void> }>;
  claim(options: ClaimOptions): Promise<ClaimedDelivery[]>;
  /** Returns what has been claimed along with it, because a predecessor has ended. */
  finish(attempts: readonly FinishedAttempt[], options: FinishOptions): Promise<ClaimedDelivery[]>;
  /** Everything queued for the endpoint dies, and so does what will be published for it. */
  disableEndpoint(endpoint: EndpointOfSession, reason: string): Promise<void>;
  /** Frees what a node has claimed, except the deliveries in `held`. */
  releaseClaims(nodeId: string, held?: readonly string[]): Promise<void>;
  releaseLapsedClaims(): Promise<void>;
  /** Gives up the oldest deliveries of owners that have more than `most` pending. Returns how many. */
  giveUpExcess(most: number): Promise<number>;
}

export interface DeliveryFilter {
  sessionId?: string | undefined;
  roomId?: string | undefined;
  status?: 'pending' | 'delivered' | 'dead' | undefined;
  type?: string | undefined;
  url?: string | undefined;
  /** Bounds of the time it was queued at. */
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface Delivery {
  id: string;
  eventId: string;
  roomId: string;
  sessionId: string;
  sequence: number;
  type: string;
  url: string;
  source: 'room' | 'key' | 'operation';
  status: 'pending' | 'delivered' | 'dead';
  lane: Lane;
  /** Queued behind an earlier delivery of its session to the same URL. */
  waiting: boolean;
  attempts: number;
  nextAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

export interface LoggedAttempt {
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  responseBody: string | null;
}

export interface EndpointHealth {
  url: string;
  delivered: number;
  queued: number;
  retrying: number;
  dead: number;
  lastDeliveredAt: Date | null;
  lastError: string | null;
  disabled: { reason: string; at: Date } | null;
}

/** Receiver of all events of an API key's rooms. */
export interface KeyWebhook {
  endPoint: string;
  events?: string[] | undefined;
}

/** The delivery log, endpoints, receivers of API keys, and the signing key. */
export interface WebhookStore {
  /** The private key that all nodes sign with, as PEM; the first to ask has it made. */
  signingKey(create: () => Promise<string>): Promise<string>;
  /** Newest first. */
  list(ownerId: string, filter: DeliveryFilter, paging: Paging): Promise<{ deliveries: Delivery[]; total: number }>;
  find(ownerId: string, id: string): Promise<Delivery | undefined>;
  /** JSON text of an event's data. */
  eventData(eventId: string): Promise<string>;
  /** Oldest first. */
  attempts(deliveryId: string): Promise<LoggedAttempt[]>;
  /**
   * Queues ended deliveries again, in the slow lane and due now, and makes slow ones due now. Leaves out what goes to a
   * disabled endpoint, and what is still queued in order. Returns how many.
   */
  replay(ownerId: string, filter: DeliveryFilter & { id?: string | undefined }): Promise<number>;
  /** URLs that got deliveries in the last seven days, or are disabled; those that fail first, where there are many. */
  endpoints(ownerId: string): Promise<EndpointHealth[]>;
  /** Returns whether it was disabled. */
  enableEndpoint(ownerId: string, url: string): Promise<boolean>;
  isDisabled(ownerId: string, url: string): Promise<boolean>;
  settings(apiKey: string): Promise<{ webhook: KeyWebhook | null; signingSecret: string } | undefined>;
  setWebhook(apiKey: string, webhook: KeyWebhook | null): Promise<void>;
}
