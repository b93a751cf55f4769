// Somebody in a meeting who publishes and reads topics, by hand.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { decodeServerFrame, encodePublish, encodeSubscribe, type ServerFrame } from '../../web/client/pubsub-frames.ts';
import { RawClient } from './raw-client.ts';
import type { TestApp } from './test-app.ts';

export class TestTopics {
  readonly client: RawClient;
  readonly #socket: WebSocket;
  #requests = 0;

  private constructor(client: RawClient, socket: WebSocket) {
    this.client = client;
    this.#socket = socket;
  }

  static async join(server: TestApp, roomId: string, peerId: string, secret: string): Promise<TestTopics> {
    const client = RawClient.open(String(server.app.httpUrl), { roomId, peerId, secret });
    await client.waitFor((it) => it.method === 'connectionSuccess');
    await client.request('requestEntry', {});
    const { pubSubUrl, message } = await client.request('join', { mode: 'SIGNALLING_ONLY' });
    if (typeof pubSubUrl !== 'string') throw new Error(`${peerId} could not join: ${message}`);
    const socket = new WebSocket(pubSubUrl);
    await once(socket, 'open');
    return new TestTopics(client, socket);
  }

  /** Resolves when the server has taken it. */
  async publish(topic: string, message: string, options: { persist: boolean; sendOnly?: string[] }): Promise<void> {
    const { persist, sendOnly = [] } = options;
    const requestId = this.#nextId();
    const facts = { topic, message, sendOnly, persist, requestId, messageId: requestId };
    this.#socket.send(encodePublish({ ...facts, timestamp: new Date().toISOString() }));
    await this.#answer((it) => it.kind === 'ack' && it.requestId === requestId);
  }

  /** The messages that the topic keeps for this one, oldest first. */
  async history(topic: string): Promise<string[]> {
    const requestId = this.#nextId();
    this.#socket.send(encodeSubscribe({ topic, peerId: 'any', oldMessages: -1, requestId }));
    const frame = await this.#answer(
      (it) => (it.kind === 'messages' || it.kind === 'ack') && it.requestId === requestId,
    );
    return frame.kind === 'messages' ? frame.messages.map(({ message }) => message) : [];
  }

  /** Leaves the meeting, and resolves when it has. */
  async leave(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.client.close();
    await closed;
  }

  #nextId(): string {
    this.#requests += 1;
    return `request-${this.#requests}`;
  }

  async #answer(matches: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    for (;;) {
      const [data] = (await once(this.#socket, 'message')) as [Buffer];
      const frame = decodeServerFrame(data);
      if (frame && matches(frame)) return frame;
    }
  }
}
