// This node among the others: it says that it is alive, ends the sessions of nodes that are not, and passes commands
// for a session to the node that has it.
import { notYetReady } from '../errors.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Logger } from '../log.ts';
import { LOST_AFTER_MS, type NodeFacts, type NodeState, nodeState } from '../protocol/node.ts';
import type { LiveRooms } from './live-rooms.ts';

export interface NodeStore {
  lastSeen(id: string): Promise<Date | undefined>;
  register(node: NewNode): Promise<void>;
  /** Answers since when the node is draining, if it is. */
  heartbeat(id: string, load: { people: number; freeSlots: number }, at: Date): Promise<Date | null>;
  get(id: string): Promise<NodeFacts | undefined>;
  lostWithSessions(since: Date): Promise<{ id: string; seenAt: Date }[]>;
  /** `draining`: there are nodes, but none that takes new sessions. */
  place(roomId: string, since: Date): Promise<{ id: string; publicUrl: string } | 'draining' | undefined>;
  ofSession(sessionId: string): Promise<string | undefined>;
}

interface NewNode {
  id: string;
  publicUrl: string;
  roles: readonly string[];
  hasBrowser: boolean;
  certificate: string | undefined;
  at: Date;
}

/** A job about a session, for the node that it lives on. */
export type SessionCommand =
  | { command: 'auto-close'; sessionId: string }
  | { command: 'end-session'; sessionId: string; reason: 'ended-by-api' | 'deactivated' }
  | { command: 'remove-participant'; sessionId: string; participantId: string }
  | { command: 'reconnect-timeout'; sessionId: string; participantId: string; disconnectedAt: string };

interface Mailbox {
  send(nodeId: string, job: SessionCommand): Promise<void>;
  receive(handle: (job: SessionCommand) => Promise<void>): Promise<void>;
}

interface NodeDeps {
  id: string;
  roles: readonly string[];
  publicUrl: () => string;
  /** SHA-256 of the public key of its own certificate, base64, where it made one. */
  certificate: string | undefined;
  egress: { hasBrowser: boolean; freeSlots(): number };
  store: NodeStore;
  mailbox: Mailbox;
  rooms: LiveRooms;
  endLostSessions: (nodeId: string, lastSeen: Date) => Promise<number>;
  /** Called when it has begun to drain, is drained, or takes sessions again. */
  onDrainChanged: () => void;
  log: Logger;
}

/** How exact the end of a session is that died with its node. */
const HEARTBEAT_MS = 1_000;
/** Lost nodes are looked for less often than this one says that it lives. */
const BEATS_PER_SEARCH = 5;

const DRAIN_WORDS: Record<Exclude<NodeState, 'lost'>, string> = {
  up: 'node takes sessions again',
  draining: 'node is draining: it takes no new sessions',
  drained: 'node is drained: nothing is left on it',
};

export class Node implements Service {
  readonly #deps: NodeDeps;
  #heartbeat: NodeJS.Timeout | undefined;
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();
  #state: Exclude<NodeState, 'lost'> = 'up';
  readonly #lifecycle = new Lifecycle(
    () => this.#join(),
    () => this.#leave(),
  );

  constructor(deps: NodeDeps) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** The media node that a room's session lives on, or would. */
  async placement(room: { roomId: string }): Promise<{ publicUrl: string }> {
    const node = await this.#deps.store.place(room.roomId, lostSince());
    if (!node) throw notYetReady('No media node is running; try again in a moment.');
    if (node === 'draining')
      throw notYetReady('All media nodes are draining and take no new sessions; try again later.');
    return node;
  }

  /** Whether this node takes new sessions, and if not, whether anything is left on it; a second old at most. */
  get state(): Exclude<NodeState, 'lost'> {
    return this.#state;
  }

  /** While it takes no new sessions: what is left here. */
  async draining(): Promise<{ state: 'draining' | 'drained'; left: Record<string, number> } | undefined> {
    if (this.#state === 'up') return undefined;
    const facts = await this.#deps.store.get(this.#deps.id);
    if (!facts) return undefined;
    const { sessions, people, egresses, uploads, expected } = facts;
    return { state: this.#state, left: { sessions, people, egresses, uploads, expected } };
  }

  async endSession(sessionId: string, reason: 'ended-by-api' | 'deactivated'): Promise<void> {
    await this.#command({ command: 'end-session', sessionId, reason });
  }

  async removeParticipant(sessionId: string, participantId: string): Promise<void> {
    await this.#command({ command: 'remove-participant', sessionId, participantId });
  }

  /** Does what concerns a session here, and passes on what concerns one elsewhere. */
  async #command(command: SessionCommand): Promise<void> {
    const { rooms, store, mailbox, id } = this.#deps;
    if (rooms.ofSession(command.sessionId)) return this.#obey(command);
    const owner = await store.ofSession(command.sessionId);
    if (owner !== undefined && owner !== id) await mailbox.send(owner, command);
  }

  async #obey(command: SessionCommand): Promise<void> {
    const { rooms, log } = this.#deps;
    const room = rooms.ofSession(command.sessionId);
    // The session may have ended by itself before its job came.
    if (!room) return;
    switch (command.command) {
      case 'auto-close':
        log.info({ roomId: room.facts.roomId, sessionId: command.sessionId }, 'session is over its time');
        return room.end('auto-closed');
      case 'end-session':
        return room.end(command.reason);
      case 'remove-participant':
        if (room.participant(command.participantId)) await room.remove('api', command.participantId);
        return;
      case 'reconnect-timeout':
        return room.reconnectTimeout(command.participantId, command.disconnectedAt);
    }
  }

  /** Ends the sessions that this node had when it went down, when it was last seen. */
  async recover(): Promise<void> {
    const { id, store, endLostSessions, log } = this.#deps;
    const seen = await store.lastSeen(id);
    if (!seen) return;
    const lost = await endLostSessions(id, seen);
    if (lost > 0) log.warn({ sessions: lost, at: seen }, 'ended sessions that this node had when it went down');
  }

  async #join(): Promise<void> {
    const { id, store, roles, publicUrl, certificate, egress, mailbox } = this.#deps;
    const { hasBrowser } = egress;
    await store.register({ id, publicUrl: publicUrl(), roles, hasBrowser, certificate, at: new Date() });
    await mailbox.receive((command) => this.#obey(command));
    await this.#beat();
    this.#heartbeat = setInterval(() => {
      this.#beating = this.#beat();
    }, HEARTBEAT_MS);
  }

  async #beat(): Promise<void> {
    const { id, store, rooms, egress, endLostSessions, log } = this.#deps;
    const load = { people: rooms.counts.participants, freeSlots: egress.freeSlots() };
    try {
      const drainingSince = await store.heartbeat(id, load, new Date());
      await this.#noticeDrain(drainingSince);
      this.#beats += 1;
      if (this.#beats % BEATS_PER_SEARCH !== 0) return;
      for (const node of await store.lostWithSessions(lostSince())) {
        if (node.id === id) continue;
        const lost = await endLostSessions(node.id, node.seenAt);
        log.warn({ node: node.id, sessions: lost, at: node.seenAt }, 'ended sessions of a node that is lost');
      }
    } catch (error) {
      log.warn({ err: error }, 'heartbeat failed');
    }
  }

  async #noticeDrain(since: Date | null): Promise<void> {
    const { id, store, onDrainChanged, log } = this.#deps;
    if (since === null && this.#state === 'up') return;
    const facts = await store.get(id);
    if (!facts) return;
    // Seen a moment ago, whatever its clock says.
    const state = nodeState(facts, facts.seenAt.getTime()) as Exclude<NodeState, 'lost'>;
    if (state === this.#state) return;
    this.#state = state;
    log.info({ since }, DRAIN_WORDS[state]);
    onDrainChanged();
  }

  async #leave(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#beating;
    await this.#deps.rooms.endAll('node-stopped');
  }
}

function lostSince(): Date {
  return new Date(Date.now() - LOST_AFTER_MS);
}
