// Commands for sessions: carried out here when the session is here, and sent to the node that has it otherwise.
import type { SessionOwners } from '../cluster/ports.ts';
import { notYetReady } from '../errors.ts';
import type { SessionJob } from '../jobs/job.ts';
import type { Logger } from '../log.ts';
import { LOST_AFTER_MS } from '../protocol/node.ts';
import type { LiveRooms } from './live-rooms.ts';

/** Durable jobs for nodes. */
interface Mailbox {
  send(nodeId: string, job: SessionJob): Promise<void>;
}

export interface SessionCommandsDeps {
  nodeId: string;
  owners: SessionOwners;
  mailbox: Mailbox;
  rooms: Pick<LiveRooms, 'ofSession'>;
  log: Logger;
}

export class SessionCommands {
  readonly #deps: SessionCommandsDeps;

  constructor(deps: SessionCommandsDeps) {
    this.#deps = deps;
  }

  /** The media node that a room's session lives on, or would. */
  async placement(room: { roomId: string }): Promise<{ publicUrl: string }> {
    const node = await this.#deps.owners.place(room.roomId, new Date(Date.now() - LOST_AFTER_MS));
    if (!node) throw notYetReady('No media node is running; try again in a moment.');
    if (node === 'draining') {
      throw notYetReady('All media nodes are draining and take no new sessions; try again later.');
    }
    return node;
  }

  async endSession(sessionId: string, reason: 'ended-by-api' | 'deactivated'): Promise<void> {
    await this.#dispatch({ command: 'end-session', sessionId, reason });
  }

  async removeParticipant(sessionId: string, participantId: string): Promise<void> {
    await this.#dispatch({ command: 'remove-participant', sessionId, participantId });
  }

  async #dispatch(command: SessionJob): Promise<void> {
    const { rooms, owners, mailbox, nodeId } = this.#deps;
    if (rooms.ofSession(command.sessionId)) return this.handle(command);
    const owner = await owners.ofSession(command.sessionId);
    if (owner !== undefined && owner !== nodeId) await mailbox.send(owner, command);
  }

  /** Carries out a command for a session of this node. */
  async handle(command: SessionJob): Promise<void> {
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
        if (room.participant(command.participantId)) await room.moderation.remove('api', command.participantId);
        return;
      case 'reconnect-timeout':
        return room.reconnectTimeout(command.participantId, command.disconnectedAt);
    }
  }
}
