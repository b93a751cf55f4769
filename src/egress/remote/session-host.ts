// Lets other nodes compose the sessions of this one: tells them who is there, and sends them the streams they want.
import type { Logger } from '../../log.ts';
import type { Notification } from '../../protocol/signaling.ts';
import type { SessionSource } from '../ports.ts';
import { HostedTap } from './hosted-tap.ts';
import { LEASE_MS, type Send, type ToHost, type WantedTap } from './messages.ts';

export interface SessionHostDeps {
  /** A session that lives here. */
  source(sessionId: string): SessionSource | undefined;
  /** Tells everybody in it. */
  tell(sessionId: string, notification: Notification): void;
  send: Send;
  log: Logger;
}

type Follow = Extract<ToHost, { type: 'follow' }>;

interface Follower {
  nodeId: string;
  source: SessionSource;
  /** Nodes that died do not say goodbye. */
  readonly lease: NodeJS.Timeout;
  /** Let in while it follows. */
  readonly observers: Map<string, () => void>;
  readonly taps: Map<string, HostedTap>;
}

export class SessionHost {
  readonly #deps: SessionHostDeps;
  /** By session, then by node. */
  readonly #followers = new Map<string, Map<string, Follower>>();
  readonly #changed = new Set<string>();

  constructor(deps: SessionHostDeps) {
    this.#deps = deps;
  }

  /** Whether another node composes a session. */
  isFollowed(sessionId: string): boolean {
    return this.#followers.has(sessionId);
  }

  receive(from: string, message: ToHost): void {
    if (message.type === 'tell') this.#deps.tell(message.sessionId, message.notification as Notification);
    if (message.type === 'follow') this.#follow(from, message);
    if (message.type === 'unfollow') this.#drop(message.sessionId, from);
  }

  /** Told once for all that happens in one turn. */
  sessionChanged(sessionId: string): void {
    if (!this.#followers.has(sessionId) || this.#changed.has(sessionId)) return;
    this.#changed.add(sessionId);
    setImmediate(() => {
      this.#changed.delete(sessionId);
      for (const follower of this.#followers.get(sessionId)?.values() ?? []) {
        this.#sendScene(follower);
        for (const tap of follower.taps.values()) tap.refresh();
      }
    });
  }

  sessionEnded(sessionId: string): void {
    for (const nodeId of [...(this.#followers.get(sessionId)?.keys() ?? [])]) {
      this.#deps.send(nodeId, { type: 'over', sessionId });
      this.#drop(sessionId, nodeId);
    }
  }

  #follow(nodeId: string, wish: Follow): void {
    const { sessionId } = wish;
    const follower = this.#followers.get(sessionId)?.get(nodeId) ?? this.#newFollower(nodeId, sessionId);
    if (!follower) {
      this.#deps.send(nodeId, { type: 'over', sessionId });
      return;
    }
    follower.lease.refresh();
    this.#sendScene(follower);
    this.#bringTaps(follower, wish.taps);
    bringObservers(follower, wish.observers);
  }

  #newFollower(nodeId: string, sessionId: string): Follower | undefined {
    const source = this.#deps.source(sessionId);
    if (!source) return undefined;
    const lease = setTimeout(() => {
      this.#deps.log.warn({ sessionId, node: nodeId }, 'node that composed a session is silent');
      this.#drop(sessionId, nodeId);
    }, LEASE_MS);
    const follower: Follower = { nodeId, source, lease, observers: new Map(), taps: new Map() };
    const followers = this.#followers.get(sessionId) ?? new Map<string, Follower>();
    this.#followers.set(sessionId, followers.set(nodeId, follower));
    return follower;
  }

  #sendScene({ nodeId, source }: Follower): void {
    const { sessionId, roomId } = source;
    this.#deps.send(nodeId, {
      type: 'scene',
      sessionId,
      roomId,
      participants: source.participants(),
      speakerId: source.activeSpeaker(),
      mediaHosts: source.mediaHosts(),
    });
  }

  #bringTaps({ nodeId, source, taps }: Follower, wanted: readonly WantedTap[]): void {
    for (const [id, tap] of taps) {
      if (wanted.some((it) => it.id === id)) continue;
      tap.close();
      taps.delete(id);
    }
    for (const wish of wanted) {
      const known = taps.get(wish.id);
      const tap = known ?? new HostedTap(source, wish, (message) => this.#deps.send(nodeId, message));
      taps.set(wish.id, tap);
      tap.want(wish.streams);
      if (known) tap.tell();
    }
  }

  #drop(sessionId: string, nodeId: string): void {
    const followers = this.#followers.get(sessionId);
    const follower = followers?.get(nodeId);
    if (!followers || !follower) return;
    clearTimeout(follower.lease);
    for (const tap of follower.taps.values()) tap.close();
    for (const dismiss of follower.observers.values()) dismiss();
    followers.delete(nodeId);
    if (followers.size === 0) this.#followers.delete(sessionId);
  }
}

function bringObservers({ source, observers }: Follower, wanted: readonly string[]): void {
  for (const [id, dismiss] of observers) {
    if (wanted.includes(id)) continue;
    dismiss();
    observers.delete(id);
  }
  for (const id of wanted) if (!observers.has(id)) observers.set(id, source.expectObserver(id));
}
