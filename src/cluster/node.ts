// This node among the others: its heartbeat, whether it drains, and the sessions of nodes that are lost.
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import { LOST_AFTER_MS, type NodeState, nodeState } from '../protocol/node.ts';
import type { Membership, NewNode, NodeLoad } from './ports.ts';

/** As this node sees itself; only others can find it lost. */
export type OwnState = Exclude<NodeState, 'lost'>;

export interface NodeDeps {
  node: Omit<NewNode, 'at'>;
  membership: Membership;
  load: () => NodeLoad;
  /** Called once the others can see this node: it begins to take their jobs. */
  takeJobs: () => Promise<void>;
  /** Called when this node stops. */
  endOwnSessions: () => Promise<void>;
  /** Ends the sessions that a lost node had, as of when it was last seen. Returns how many there were. */
  endLostSessions: (nodeId: string, lastSeen: Date) => Promise<number>;
  /** Called when this node begins to drain, is drained, or takes sessions again. */
  onDrainChanged: () => void;
  log: Logger;
}

/** The end of a session that died with its node is known this exactly. */
const HEARTBEAT_MS = 1_000;
/** Lost nodes are looked for less often than this node reports that it is alive. */
const BEATS_PER_SEARCH = 5;

const STATE_MESSAGES: Record<OwnState, string> = {
  up: 'node takes sessions again',
  draining: 'node is draining: it takes no new sessions',
  drained: 'node is drained: nothing is left on it',
};

export class Node implements Service {
  readonly #deps: NodeDeps;
  readonly #id: string;
  #heartbeat: NodeJS.Timeout | undefined;
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();
  #state: OwnState = 'up';
  readonly #lifecycle = new Lifecycle(
    () => this.#join(),
    () => this.#leave(),
  );

  constructor(deps: NodeDeps) {
    this.#deps = deps;
    this.#id = deps.node.id;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Whether this node takes new sessions, and if not, whether anything is left on it; a second old at most. */
  get state(): OwnState {
    return this.#state;
  }

  /** While it takes no new sessions: what is left here. */
  async draining(): Promise<{ state: 'draining' | 'drained'; left: Record<string, number> } | undefined> {
    if (this.#state === 'up') return undefined;
    const facts = await this.#deps.membership.get(this.#id);
    if (!facts) return undefined;
    const { sessions, people, egresses, uploads, expected } = facts;
    return { state: this.#state, left: { sessions, people, egresses, uploads, expected } };
  }

  /** Ends the sessions that this node had when it went down, as of when it was last seen. */
  async recover(): Promise<void> {
    const { membership, endLostSessions, log } = this.#deps;
    const seen = await membership.lastSeen(this.#id);
    if (!seen) return;
    const lost = await endLostSessions(this.#id, seen);
    if (lost > 0) log.warn({ sessions: lost, at: seen }, 'ended sessions that this node had when it went down');
  }

  async #join(): Promise<void> {
    const { node, membership, takeJobs } = this.#deps;
    await membership.register({ ...node, at: new Date() });
    await takeJobs();
    await this.#beat();
    this.#heartbeat = setInterval(() => {
      this.#beating = this.#beat();
    }, HEARTBEAT_MS);
  }

  /** Never rejects: a database that is away for a moment does not end the node. */
  async #beat(): Promise<void> {
    const { membership, load, log } = this.#deps;
    try {
      const drainingSince = await membership.heartbeat(this.#id, load(), new Date());
      await this.#noticeDrain(drainingSince);
      this.#beats += 1;
      if (this.#beats % BEATS_PER_SEARCH === 0) await this.#endSessionsOfLostNodes();
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed');
    }
  }

  async #endSessionsOfLostNodes(): Promise<void> {
    const { membership, endLostSessions, log } = this.#deps;
    for (const node of await membership.lostWithSessions(lostSince())) {
      if (node.id === this.#id) continue;
      const lost = await endLostSessions(node.id, node.seenAt);
      log.warn({ node: node.id, sessions: lost, at: node.seenAt }, 'ended sessions of a node that is lost');
    }
  }

  async #noticeDrain(since: Date | null): Promise<void> {
    const { membership, onDrainChanged, log } = this.#deps;
    if (since === null && this.#state === 'up') return;
    const facts = await membership.get(this.#id);
    if (!facts) return;
    // Seen a moment ago, whatever its clock says.
    const state = nodeState(facts, facts.seenAt.getTime()) as OwnState;
    if (state === this.#state) return;
    this.#state = state;
    log.info({ since }, STATE_MESSAGES[state]);
    onDrainChanged();
  }

  async #leave(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#beating;
    await this.#deps.endOwnSessions();
  }
}

/** Nodes that have not been seen since then are lost. */
function lostSince(): Date {
  return new Date(Date.now() - LOST_AFTER_MS);
}
