// What makes several nodes one server: who is alive, who has which session, and how they reach each other.
import type { NodeFacts } from '../protocol/node.ts';

export interface NewNode {
  id: string;
  publicUrl: string;
  roles: readonly string[];
  /** Whether it can record pages. */
  hasBrowser?: boolean;
  /** SHA-256 of the public key of its certificate, base64, where it made that itself. */
  certificate?: string | undefined;
  at: Date;
}

/** What a node does now, and could do. */
export interface NodeLoad {
  people: number;
  /** For compositions, as `ROOMFUL_EGRESS_SLOTS` counts them. */
  freeSlots: number;
}

/** Which nodes there are, and when each was last seen. */
export interface Membership {
  /** When the node was last seen before, if it ever was. */
  lastSeen(id: string): Promise<Date | undefined>;
  register(node: NewNode): Promise<void>;
  /** Returns since when the node takes no new sessions, if so. */
  heartbeat(id: string, load: NodeLoad, at: Date): Promise<Date | null>;
  get(id: string): Promise<NodeFacts | undefined>;
  /** Nodes that have live sessions but have not been seen since `since`. */
  lostWithSessions(since: Date): Promise<{ id: string; seenAt: Date }[]>;
}

/** Which node has a session, or gets the next one of a room. */
export interface SessionOwners {
  /** The node for a room; `draining` when there are nodes, but none that takes new sessions. */
  place(roomId: string, since: Date): Promise<{ id: string; publicUrl: string } | 'draining' | undefined>;
  /** The node that a live session is on. */
  ofSession(sessionId: string): Promise<string | undefined>;
}

/** Short messages between nodes; they arrive in order, or not at all when a connection is lost. */
export interface NodeMessages {
  send(nodeId: string, message: unknown): void;
  listen(onMessage: (from: string, message: unknown) => void): Promise<void>;
  close(): Promise<void>;
}
