// Pub/sub of a meeting: topics over a socket of their own, at the address that `join` answered.
import { MeetingError } from './failure.ts';
import { decodeServerFrame, encodePong, encodePublish, encodeSubscribe, type TopicMessage } from './pubsub-frames.ts';

const SETTLE_TIMEOUT_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
const PUBLISH_FAILED = 4087;

interface Subscription {
  topic: string;
  /** How many kept messages come first; -1 means all. */
  history: number;
  /** `old` messages come in order before the first live one; after a reconnection they may come again. */
  onMessages: (messages: TopicMessage[], old: boolean) => void;
}

interface Pending {
  resolve: () => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Topics {
  readonly #peerId: string;
  readonly #subscriptions: Subscription[] = [];
  readonly #pending = new Map<string, Pending>();
  #url: string | undefined;
  #socket: WebSocket | undefined;
  #opened: Promise<WebSocket> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #silenceMs = 0;
  #attempts = 0;
  #requests = 0;

  constructor(peerId: string) {
    this.#peerId = peerId;
  }

  /** Follows a topic for as long as the meeting lasts, through every reconnection. */
  follow(topic: string, history: number, onMessages: Subscription['onMessages']): void {
    const subscription = { topic, history, onMessages };
    this.#subscriptions.push(subscription);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#subscribe(subscription);
  }

  /** Opens the socket; after a reconnection of the signaling socket there is a new address. */
  open(url: string): void {
    this.close();
    this.#url = url;
    this.#connect();
  }

  async publish(topic: string, message: string, options: { persist?: boolean; sendOnly?: string[] } = {}) {
    if (!this.#opened) throw new MeetingError(PUBLISH_FAILED, 'Messages cannot be sent right now.');
    const socket = await this.#opened;
    await this.#settled((requestId) =>
      socket.send(
        encodePublish({
          topic,
          message,
          sendOnly: options.sendOnly ?? [],
          timestamp: new Date().toISOString(),
          persist: options.persist ?? false,
          messageId: crypto.randomUUID(),
          requestId,
        }),
      ),
    );
  }

  close(): void {
    this.#url = undefined;
    clearTimeout(this.#retry);
    this.#drop();
  }

  #connect(): void {
    if (this.#url === undefined) return;
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#opened = new Promise((resolve, reject) => {
      socket.onopen = () => {
        this.#attempts = 0;
        for (const subscription of this.#subscriptions) this.#subscribe(subscription);
        resolve(socket);
      };
      socket.onclose = () => {
        reject(new MeetingError(PUBLISH_FAILED, 'The connection for messages was lost.'));
        if (this.#socket === socket) this.#reconnect();
      };
    });
    this.#opened.catch(() => undefined);
    socket.onmessage = ({ data }) => this.#receive(socket, new Uint8Array(data as ArrayBuffer));
  }

  #reconnect(): void {
    this.#drop();
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#attempts, LAST_RETRY_MS);
    this.#attempts += 1;
    this.#retry = setTimeout(() => this.#connect(), delay * (0.75 + Math.random() / 2));
  }

  #drop(): void {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#opened = undefined;
    socket?.close();
    for (const [id, { reject }] of this.#pending) {
      this.#settle(id);
      reject(new MeetingError(PUBLISH_FAILED, 'The connection for messages was lost.'));
    }
  }

  #subscribe({ topic, history }: Subscription): void {
    const wish = { topic, peerId: this.#peerId, oldMessages: history };
    this.#settled((requestId) => this.#socket?.send(encodeSubscribe({ ...wish, requestId }))).catch(() =>
      this.#socket?.close(),
    );
  }

  #settled(send: (requestId: string) => void): Promise<void> {
    this.#requests += 1;
    const requestId = String(this.#requests);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(requestId);
        reject(new MeetingError(PUBLISH_FAILED, 'The server did not confirm the message.'));
      }, SETTLE_TIMEOUT_MS);
      this.#pending.set(requestId, { resolve, reject, timer });
      send(requestId);
    });
  }

  #settle(requestId: string): Pending | undefined {
    const pending = this.#pending.get(requestId);
    clearTimeout(pending?.timer);
    this.#pending.delete(requestId);
    return pending;
  }

  #receive(socket: WebSocket, bytes: Uint8Array): void {
    const frame = decodeServerFrame(bytes);
    switch (frame?.kind) {
      case 'messages':
        // History settles the subscription by itself.
        if (frame.requestId !== '') this.#settle(frame.requestId)?.resolve();
        for (const it of this.#subscriptions) if (it.topic === frame.topic) it.onMessages(frame.messages, frame.old);
        return;
      case 'ack': {
        const pending = this.#settle(frame.requestId);
        if (frame.ok) pending?.resolve();
        else pending?.reject(new MeetingError(PUBLISH_FAILED, frame.error));
        return;
      }
      case 'welcome':
        this.#silenceMs = 2 * frame.pingIntervalMs;
        this.#watch(socket);
        return;
      case 'ping':
        socket.send(encodePong(frame.seq));
        this.#watch(socket);
    }
  }

  /** A server that announced pings and sends none is gone. */
  #watch(socket: WebSocket): void {
    clearTimeout(this.#watchdog);
    if (this.#silenceMs > 0) this.#watchdog = setTimeout(() => socket.close(), this.#silenceMs);
  }
}
