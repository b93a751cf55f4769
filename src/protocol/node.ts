// A node, one process among those that share a database, as the parts of the server hand it to each other.

/** A node that has not been seen this long is lost: many missed heartbeats, so that a slow database is no death. */
export const LOST_AFTER_MS = 15_000;

export interface NodeFacts {
  id: string;
  /** Base URL that SDKs reach it at. */
  publicUrl: string;
  roles: string[];
  startedAt: Date;
  seenAt: Date;
  /** Since when it takes no new sessions; null while it does. */
  drainingSince: Date | null;
  sessions: number;
  people: number;
  /** Recordings, HLS streams and livestreams that have not ended. */
  egresses: number;
  /** What it could record and stream besides, as `ROOMFUL_EGRESS_SLOTS` counts. */
  freeSlots: number;
  /** Finished files on their way from its disk to a storage. */
  uploads: number;
  /** Rooms that clients were sent here for a moment ago, and that nobody has entered yet. */
  expected: number;
}

/** `drained`: it takes no new sessions and has nothing left to do. */
export type NodeState = 'up' | 'draining' | 'drained' | 'lost';

export function nodeState(node: NodeFacts, now = Date.now()): NodeState {
  if (now - node.seenAt.getTime() >= LOST_AFTER_MS) return 'lost';
  if (node.drainingSince === null) return 'up';
  return node.sessions + node.egresses + node.uploads + node.expected === 0 ? 'drained' : 'draining';
}
