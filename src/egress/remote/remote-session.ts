// A session that lives on another node, as that node tells of it.
import type { Notification } from '../../protocol/signaling.ts';
import type { EgressParticipant } from '../ipc.ts';
import type { SessionSource, Tap, TapOptions } from '../ports.ts';
import type { Send, ToFollower } from './messages.ts';
import { RemoteTap } from './remote-tap.ts';

export interface RemoteSessionOptions {
  sessionId: string;
  /** The node that it lives on. */
  nodeId: string;
  /** Where that node sends streams to. */
  address: string;
  send: Send;
}

type Scene = Extract<ToFollower, { type: 'scene' }>;
/** What a message has changed. */
export type Change = 'scene' | 'speaker' | 'over' | undefined;

export class RemoteSession implements SessionSource {
  readonly isElsewhere = true;
  readonly sessionId: string;
  readonly nodeId: string;
  /** Resolves when it is known who is there; false when its node has no such session. */
  readonly ready: Promise<boolean>;
  readonly #options: RemoteSessionOptions;
  readonly #taps = new Map<string, RemoteTap>();
  readonly #observers = new Set<string>();
  readonly #settleReady: (isThere: boolean) => void;
  #scene: Scene | undefined;
  #heardAt = Date.now();
  #isOver = false;
  #isFollowing = false;

  constructor(options: RemoteSessionOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
    this.nodeId = options.nodeId;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    this.#settleReady = resolve;
  }

  get live(): boolean {
    return !this.#isOver;
  }

  get roomId(): string {
    return this.#scene?.roomId ?? '';
  }

  /** How long its node has not been heard of. */
  get silentForMs(): number {
    return Date.now() - this.#heardAt;
  }

  participants(): EgressParticipant[] {
    return this.#scene?.participants ?? [];
  }

  activeSpeaker(): string | null {
    return this.#scene?.speakerId ?? null;
  }

  mediaHosts(): string[] {
    return this.#scene?.mediaHosts ?? [];
  }

  openTap(options: TapOptions): Tap {
    const tap = new RemoteTap(options, {
      address: this.#options.address,
      onChange: () => this.follow(),
      onClose: (id) => this.#taps.delete(id),
    });
    this.#taps.set(tap.id, tap);
    this.follow();
    return tap;
  }

  expectObserver(participantId: string): () => void {
    this.#observers.add(participantId);
    this.follow();
    return () => {
      if (this.#observers.delete(participantId)) this.follow();
    };
  }

  /** Tells its node all that is wanted of it, once for all that changes in one turn. */
  follow(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    setImmediate(() => {
      this.#isFollowing = false;
      if (this.#isOver) return;
      const taps = [...this.#taps.values()].map((tap) => tap.wanted);
      this.#send({ type: 'follow', sessionId: this.sessionId, taps, observers: [...this.#observers] });
    });
  }

  take(message: ToFollower): Change {
    this.#heardAt = Date.now();
    if (message.type === 'over') return 'over';
    if (message.type === 'tapped') this.#taps.get(message.tapId)?.take(message);
    return message.type === 'scene' ? this.#takeScene(message) : undefined;
  }

  tell(notification: Notification): void {
    this.#send({ type: 'tell', sessionId: this.sessionId, notification });
  }

  /** It is over. */
  end(): void {
    this.#isOver = true;
    this.#settleReady(false);
  }

  /** Nothing of it is composed here any more. */
  close(): void {
    if (this.live) this.#send({ type: 'unfollow', sessionId: this.sessionId });
    this.end();
  }

  #takeScene(scene: Scene): Change {
    const before = this.#scene;
    this.#scene = scene;
    this.#settleReady(true);
    if (JSON.stringify(before?.participants) !== JSON.stringify(scene.participants)) return 'scene';
    return before?.speakerId === scene.speakerId ? undefined : 'speaker';
  }

  #send(message: Parameters<Send>[1]): void {
    this.#options.send(this.nodeId, message);
  }
}
