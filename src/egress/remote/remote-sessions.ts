// Sessions of other nodes that are composed here.
import { inBackground } from '../../kit/in-background.ts';
import type { Logger } from '../../log.ts';
import type { Notification } from '../../protocol/signaling.ts';
import type { SessionSource } from '../ports.ts';
import { RENEW_MS, type Send, type ToFollower } from './messages.ts';
import { RemoteSession } from './remote-session.ts';

export interface RemoteSessionsDeps {
  /** Where other nodes send streams to. */
  address: string;
  send: Send;
  /** Whether a session has ended, as far as the database knows. */
  isOver(sessionId: string): Promise<boolean>;
  onChanged(sessionId: string): void;
  onSpoke(sessionId: string, participantId: string | null): void;
  onOver(sessionId: string): void;
  log: Logger;
}

/** A message may be lost; it is sent again every few seconds. */
const OPEN_TIMEOUT_MS = 3 * RENEW_MS;
/** Two answers have not come. */
const SILENCE_MS = 2.5 * RENEW_MS;

export class RemoteSessions {
  readonly #deps: RemoteSessionsDeps;
  readonly #sessions = new Map<string, RemoteSession>();
  #renewing: NodeJS.Timeout | undefined;

  constructor(deps: RemoteSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves once the node that has it has told who is there; with nothing when it has no such session. Rejects when
   * that node does not answer.
   */
  async open(sessionId: string, nodeId: string): Promise<SessionSource | undefined> {
    let session = this.#sessions.get(sessionId);
    if (!session) {
      session = new RemoteSession({ sessionId, nodeId, address: this.#deps.address, send: this.#deps.send });
      this.#sessions.set(sessionId, session);
      session.follow();
      this.#renewing ??= setInterval(() => this.#renew(), RENEW_MS);
    }
    return (await this.#answered(session)) ? session : undefined;
  }

  async #answered(session: RemoteSession): Promise<boolean> {
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const error = new Error('The server that has the session does not answer.');
    const timer = setTimeout(() => reject(error), OPEN_TIMEOUT_MS);
    try {
      return await Promise.race([session.ready, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing of it is composed here any more. */
  release(sessionId: string): void {
    this.#sessions.get(sessionId)?.close();
    this.#sessions.delete(sessionId);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#renewing);
    this.#renewing = undefined;
  }

  /** Told by a node that has a session which is followed here. */
  receive(from: string, message: ToFollower): void {
    const session = this.#sessions.get(message.sessionId);
    if (session?.nodeId !== from) return;
    const change = session.take(message);
    if (change === 'over') this.#over(session);
    if (change === 'scene') this.#deps.onChanged(session.sessionId);
    if (change === 'scene' || change === 'speaker') this.#deps.onSpoke(session.sessionId, session.activeSpeaker());
  }

  /** Everybody in it, if it is one that is composed here. */
  tell(sessionId: string, notification: Notification): void {
    this.#sessions.get(sessionId)?.tell(notification);
  }

  close(): void {
    for (const sessionId of [...this.#sessions.keys()]) this.release(sessionId);
  }

  #renew(): void {
    for (const session of this.#sessions.values()) {
      session.follow();
      if (session.silentForMs <= SILENCE_MS) continue;
      inBackground(this.#deps.log, 'question whether a session is over', () => this.#askWhetherOver(session));
    }
  }

  /** Its node may be gone, and its session with it; or it is only the messages that are lost. */
  async #askWhetherOver(session: RemoteSession): Promise<void> {
    try {
      if (await this.#deps.isOver(session.sessionId)) this.#over(session);
    } catch (error) {
      this.#deps.log.warn({ err: error, sessionId: session.sessionId }, 'cannot tell whether a session is over');
    }
  }

  #over(session: RemoteSession): void {
    if (!session.live) return;
    session.end();
    this.#deps.onOver(session.sessionId);
  }
}
